"""The small models that are compared with timm's: a few blocks of each kind, at small sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
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


def _sam(arch: str, size: tuple[int, int] = (64, 96), **kwargs: Any) -> SmallModel:
    """A map of 4 x 6 in windows of 3, which pad, and one block with global attention."""
    small = {"depth": 2, "embed_dim": 32, "num_heads": 2, "window_size": 3, "global_attn_indexes": (1,)}
    return SmallModel(arch, size, {**small, "img_size": size, "num_classes": 11, **kwargs})


def _hiera(arch: str, size: tuple[int, int] = (64, 96), **kwargs: Any) -> SmallModel:
    """A block a stage and one more with global attention; the last two stages pad to their windows of 14 and 7."""
    small = {"embed_dim": 16, "stages": (1, 1, 2, 1), "global_att_blocks": (3,), "global_pos_size": (5, 7)}
    return SmallModel(arch, size, {**small, "window_spec": (8, 4, 14, 7), "num_classes": 11, **kwargs})


VIT = _vit("vit_tiny_patch16_224")
SWIN = _swin("swin_tiny_patch4_window7_224")
SAM = _sam("samvit_base_patch16")
HIERA = _hiera("sam2_hiera_tiny")

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
    SAM,
    _sam("samvit_base_patch16_224"),  # no neck, no absolute position embedding
    HIERA,
    _hiera("hieradet_small"),  # layer scale
    _swin("swinv2_base_window12to16_192to256", window_size=4),  # bias of the window it was pretrained with
    _swin("swinv2_cr_tiny_ns_224", extra_norm_period=2),  # norms on the main branch
)


def _conv(arch: str, size: tuple[int, int] = (64, 96), **kwargs: Any) -> SmallModel:
    return SmallModel(arch, size, {"num_classes": 11, **kwargs})


_RESNET = {"layers": (1, 1, 1, 1), "channels": (16, 32, 48, 64)}
_CONVNEXT = {"depths": (1, 1, 1, 1), "dims": (8, 16, 24, 32)}

GROUPED = _conv("regnety_002")
EVA = _vit("eva02_tiny_patch14_224", (56, 56))

# One of each module, whose gradients and statistics are compared too.
CONVOLUTIONAL = (
    _conv("resnet18", **_RESNET),
    _conv("resnetv2_18", **_RESNET),
    _conv("convnext_atto", **_CONVNEXT),
    _conv("densenetblur121d", growth_rate=8, block_config=(2, 1, 1, 1)),
    GROUPED,
    _conv("mnasnet_small"),
    _conv("tf_mobilenetv3_small_minimal_100"),  # TensorFlow's padding
    _conv("vgg11_bn", mlp_ratio=0.01),
)
_MAXXVIT = {"depths": (1, 1, 1, 1), "embed_dim": (32, 32, 64, 64), "stem_width": (16, 32), "img_size": (64, 64)}
_FASTVIT = {"layers": (1, 1, 1, 1), "embed_dims": (16, 32, 64, 128)}
_NARROW = {"embed_dim": 48, "num_heads": 3}

# One or two of each other module whose maps are images somewhere.
MIXED = (
    _conv("gmixer_12_224", (64, 64), img_size=(64, 64)),
    _vit("deit_tiny_distilled_patch16_224"),
    _vit("beit_base_patch16_224", **_NARROW),
    EVA,
    _vit("cait_xxs24_224", **_NARROW),
    _conv("hiera_tiny_224", (64, 64), img_size=(64, 64), stages=(1, 1, 1, 1), embed_dim=16),
    _vit("vit_relpos_small_patch16_224", **_NARROW),
    _vit("vit_tiny_r_s16_p8_224"),
    _conv("maxvit_rmlp_pico_rw_256", (64, 64), **_MAXXVIT),
    _conv("coatnet_rmlp_nano_rw_224", (64, 64), **_MAXXVIT),
    _conv("poolformerv2_s12"),
    _conv("caformer_s18", (32, 64)),  # images, then tokens
    _conv("fastvit_t8", **_FASTVIT),
    _conv("fastvit_sa12", **_FASTVIT),
    _conv("mambaout_femto", depths=(1, 1, 1, 1), dims=(16, 24, 32, 48)),
)
CONVOLUTIONAL_VARIANTS = (
    _conv("resnetblur18", **_RESNET),
    _conv("seresnet18", **_RESNET),
    _conv("convnextv2_atto", **_CONVNEXT),  # global response norm
    _conv("convnext_atto_ols", conv_mlp=True, **_CONVNEXT),
)
