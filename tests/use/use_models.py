"""The small models that a Keras user's work is tried on: a few blocks, images of 32 x 48."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

SIZE = (32, 48)
_SWIN = {"depths": (2, 1), "num_heads": (1, 2), "embed_dim": 8, "img_size": SIZE, "window_size": 4}
SMALL: dict[str, dict[str, Any]] = {
    "vit_tiny_patch16_224": {"depth": 2, "embed_dim": 12, "num_heads": 2, "patch_size": 8, "img_size": SIZE},
    "swin_tiny_patch4_window7_224": _SWIN,
    "swinv2_tiny_window8_256": _SWIN,
    "swinv2_cr_tiny_224": _SWIN,
    "samvit_base_patch16": {
        **{"depth": 2, "embed_dim": 8, "num_heads": 2, "patch_size": 8, "neck_chans": 8, "img_size": SIZE},
        **{"window_size": 3, "global_attn_indexes": (1,)},
    },
    "sam2_hiera_tiny": {
        **{"embed_dim": 8, "num_heads": 1, "stages": (1, 2), "global_att_blocks": (2,), "global_pos_size": (2, 3)},
        **{"window_spec": (4, 3), "q_pool": 1},
    },
    "resnet18": {"layers": (1, 1, 1, 1), "channels": (4, 8, 8, 8)},
    "convnext_atto": {"depths": (1, 1, 1, 1), "dims": (4, 8, 8, 8)},
}
ROAD_MAP = [name for name in SMALL if name not in ("resnet18", "convnext_atto")]


def small_model(package: ModuleType, name: str, **kwargs: Any) -> Any:
    """A small model whose parameters and statistics are all random, so that none hides another."""
    model = package.create_model(name, **{**SMALL[name], "num_classes": 5, **kwargs})
    shake(model)
    return model


def shake(model: Any, seed: int = 0) -> None:
    """Move every parameter and persistent buffer of floats by a random amount; variances stay positive."""
    random = np.random.default_rng(seed)
    for variable in model.variables:
        if "float" in variable.dtype:
            value = np.asarray(variable.numpy(), np.float32)
            moved = value + 0.1 * random.standard_normal(value.shape)
            variable.assign(np.abs(moved) + 0.1 if "variance" in variable.path else moved)


def images(count: int = 2, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(count, height, width, 3), float32."""
    return np.random.default_rng(count).standard_normal((count, *size, 3)).astype(np.float32)


def error(ours: Any, expected: Any) -> float:
    """max|a - b| / max|b|."""
    ours, expected = np.asarray(ours, np.float64), np.asarray(expected, np.float64)
    assert ours.shape == expected.shape and np.abs(expected).max() > 0
    return float(np.abs(ours - expected).max() / np.abs(expected).max())
