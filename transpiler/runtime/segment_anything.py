"""Names of Segment Anything's image encoder in timm and in OpenMMLab, for weights of the one in the other.

timm's is `timm.models.vision_transformer_sam`, OpenMMLab's `mmpretrain.models.backbones.vit_sam`, which RSBuilding's
backbone was made from. The tensors are the same; what differs besides the names is in docs/rsbuilding.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# OpenMMLab's name, timm's name; `#` is a number that both have.
_NAMES = (
    ("pos_embed", "pos_embed"),
    ("patch_embed.projection.", "patch_embed.proj."),
    ("layers.#.attn.", "blocks.#.attn."),
    ("layers.#.ln1.", "blocks.#.norm1."),
    ("layers.#.ln2.", "blocks.#.norm2."),
    ("layers.#.ffn.layers.0.0.", "blocks.#.mlp.fc1."),
    ("layers.#.ffn.layers.1.", "blocks.#.mlp.fc2."),
    ("channel_reduction.", "neck."),
)


def from_timm(state_dict: Mapping[str, Any], reduction: bool = True) -> dict[str, Any]:
    """A state dict of timm's `samvit_*` under the names of OpenMMLab's ViTSAM.

    Args:
        state_dict: timm's names to tensors; tensors are handed on as they are.
        reduction: whether the backbone reduces channels (`out_channels` > 0); if not, timm's neck is left out.

    Raises:
        ValueError: a tensor has no place there, such as a classifier's.
    """
    renamed = _renamed(state_dict, tuple((theirs, ours) for ours, theirs in _NAMES), "ViTSAM")
    return renamed if reduction else {k: v for k, v in renamed.items() if not k.startswith("channel_reduction.")}


def to_timm(state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """A state dict of OpenMMLab's ViTSAM under the names of timm's `samvit_*`.

    Raises:
        ValueError: a tensor has no place there.
    """
    return _renamed(state_dict, _NAMES, "timm's samvit")


def _renamed(state_dict: Mapping[str, Any], table: tuple[tuple[str, str], ...], where: str) -> dict[str, Any]:
    renamed, left = {}, []
    for name in state_dict:
        new = next((found for row in table if (found := _replaced(name, *row)) is not None), None)
        if new is None:
            left.append(name)
        else:
            renamed[new] = state_dict[name]
    if left:
        raise ValueError(f"{where} has no place for {', '.join(left)}")
    return renamed


def _replaced(name: str, before: str, after: str) -> str | None:
    pattern = re.escape(before).replace(r"\#", r"(\d+)")
    found = re.match(pattern if before.endswith(".") else f"{pattern}$", name)
    if found is None:
        return None
    number = found.group(1) if found.groups() else ""
    return after.replace("#", number) + name[found.end() :]
