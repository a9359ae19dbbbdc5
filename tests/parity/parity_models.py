"""The small models that are compared with timm's: a few blocks of each kind, at small sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SmallModel:
    """An architecture, the arguments that make it small, and the image size (height, width) it then takes."""

    arch: str
    size: tuple[int, int]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.arch


def _vit(arch: str, size: tuple[int, int] = (64, 64), **kwargs: Any) -> SmallModel:
    return SmallModel(arch, size, {"depth": 2, "img_size": size, "num_classes": 11, **kwargs})


def _swin(arch: str, size: tuple[int, int] = (64, 96), **kwargs: Any) -> SmallModel:
    depths = (2, 2, 1, 1)  # every second block shifts its windows
    return SmallModel(arch, size, {"depths": depths, "embed_dim": 24, "img_size": size, "num_classes": 11, **kwargs})


VIT = _vit("vit_tiny_patch16_224")
SWIN = _swin("swin_tiny_patch4_window7_224")

SMALL_MODELS = (
    VIT,
    SWIN,
    _vit("vit_medium_patch16_reg4_gap_256", (64, 96)),  # register tokens, no class token, average pooling
    _vit("vit_small_patch16_18x2_224"),  # parallel blocks
    _vit("vit_small_patch14_reg4_dinov2", (56, 70)),  # layer scale, position embedding without the prefix tokens
    _vit("vit_base_patch16_rpn_224", embed_dim=96, num_heads=3),  # norms after the residual branch
    _vit("vit_base_patch16_siglip_224", embed_dim=96, num_heads=3),  # attention pooling
    _vit("vit_base_patch32_clip_quickgelu_224", embed_dim=96, num_heads=3),  # norm before the blocks, quick GELU
    _vit("vit_giant_patch14_dinov2", (56, 56), embed_dim=96, num_heads=3),  # SwiGLU
    _swin("swin_s3_tiny_224"),  # another window in each stage
    _swin("swinv2_base_window12to16_192to256", window_size=4),  # bias of the window it was pretrained with
    _swin("swinv2_cr_tiny_ns_224", extra_norm_period=2),  # norms on the main branch
)
