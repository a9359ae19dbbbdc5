"""The models that each release is compared on: the road map's families with a few narrow blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MODULES = (
    "timm.models.swin_transformer",
    "timm.models.swin_transformer_v2",
    "timm.models.swin_transformer_v2_cr",
    "timm.models.vision_transformer",
    "timm.models.vision_transformer_sam",
    "timm.models.hieradet_sam2",
)


@dataclass(frozen=True)
class SmallModel:
    """An architecture, the arguments that make it small, and the image size (height, width) it then takes."""

    arch: str
    module: str
    size: tuple[int, int]
    arguments: dict[str, Any] = field(default_factory=dict)


def _swin(arch: str, module: str, size: tuple[int, int] = (64, 96), **arguments: Any) -> SmallModel:
    small = {"depths": (2, 2, 1, 1), "embed_dim": 24, "img_size": size, "num_classes": 11}
    return SmallModel(arch, f"timm.models.{module}", size, small | arguments)


def _vit(arch: str, size: tuple[int, int] = (64, 64), **arguments: Any) -> SmallModel:
    small = {"depth": 3, "img_size": size, "num_classes": 11}
    return SmallModel(arch, "timm.models.vision_transformer", size, small | arguments)


_SAM = {"depth": 2, "embed_dim": 32, "num_heads": 2, "window_size": 3, "global_attn_indexes": (1,)}
_HIERA = {"embed_dim": 16, "stages": (1, 1, 2, 1), "global_att_blocks": (3,), "global_pos_size": (5, 7)}

SMALL_MODELS = (
    _swin("swin_tiny_patch4_window7_224", "swin_transformer"),
    _swin("swin_s3_tiny_224", "swin_transformer"),
    _swin("swinv2_tiny_window8_256", "swin_transformer_v2", (64, 64)),
    _swin("swinv2_base_window12to16_192to256", "swin_transformer_v2", (64, 64)),
    _swin("swinv2_cr_tiny_224", "swin_transformer_v2_cr", (64, 64)),
    _swin("swinv2_cr_tiny_ns_224", "swin_transformer_v2_cr", (64, 64)),
    _vit("vit_tiny_patch16_224"),
    _vit("vit_medium_patch16_reg4_gap_256", (64, 96)),
    _vit("vit_small_patch14_reg4_dinov2", (56, 70)),
    _vit("vit_base_patch16_siglip_224", embed_dim=96, num_heads=3),
    _vit("vit_giant_patch14_dinov2", (56, 56), embed_dim=96, num_heads=3),
    SmallModel(
        "samvit_base_patch16",
        "timm.models.vision_transformer_sam",
        (64, 96),
        {**_SAM, "img_size": (64, 96), "num_classes": 11},
    ),
    SmallModel(
        "sam2_hiera_tiny",
        "timm.models.hieradet_sam2",
        (64, 96),
        {**_HIERA, "window_spec": (8, 4, 14, 7), "num_classes": 11},
    ),
)
