"""Who else gives a TensorFlow or torch user these models: one row for a peer and an architecture.

Constructor calls are data, made when asked for; a peer that is not installed is named by the row's `package`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OURS, TORCH, COMPILED = "generated", "torch", "torch-compile"  # those that are no peers


@dataclass(frozen=True)
class Call:
    """`path(**arguments)`, of names that are imported only when the call is made."""

    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Any:
        return resolve(self.path)(
            **{name: value() if isinstance(value, Call) else value for name, value in self.arguments.items()}
        )


@dataclass(frozen=True)
class Peer:
    """One architecture as another library has it.

    `take_weights` is a function (model, timm's state dict) of that library; without it only times are comparable.
    `differs` says where the work is not quite the same.
    """

    name: str
    package: str
    arch: str
    build: Call
    take_weights: str | None = None
    differs: str = ""

    @property
    def is_installed(self) -> bool:
        return importlib.util.find_spec(self.package) is not None


def call(path: str, **arguments: Any) -> Call:
    return Call(path, arguments)


def resolve(path: str) -> Any:
    """The object of a dotted path."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


KERAS_HUB, ZERO_MODELS = ("keras-hub", "keras_hub"), ("zeromodels", "zeromodels")
KIMM, TFSWIN, KERAS = ("kimm", "kimm"), ("tfswin", "tfswin"), ("keras-applications", "keras")
VIT, SWIN, SWIN_V2 = "vit_base_patch16_224", "swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256"
SAM, RESNET, CONVNEXT, EFFICIENTNET = "samvit_base_patch16", "resnet50", "convnext_tiny", "efficientnet_b0"
NO_WEIGHTS = {"weights": None, "classifier_activation": None}

PEERS = (
    Peer(
        *("hand-written", "tensorflow"),
        VIT,
        call("transpiler.bench.plain_vit.empty_vit"),
        "transpiler.bench.plain_vit.take_weights",
    ),
    Peer(
        *KERAS_HUB,
        VIT,
        call(
            "keras_hub.models.ViTImageClassifier",
            backbone=call(
                "keras_hub.models.ViTBackbone",
                **{"image_shape": (224, 224, 3), "patch_size": 16, "num_layers": 12},
                **{"num_heads": 12, "hidden_dim": 768, "mlp_dim": 3072},
            ),
            **{"num_classes": 1000, "pooling": "token", "activation": None},
        ),
    ),
    Peer(
        *ZERO_MODELS,
        VIT,
        call("zeromodels.models.vit.ViTImageClassify", num_classes=1000),
        "zeromodels.models.vit.convert_vit_timm_to_keras.transfer_vit_weights",
    ),
    Peer(
        *KIMM,
        VIT,
        call(
            "kimm.models.VisionTransformerBase16",
            **{"weights": None, "input_shape": (224, 224, 3)},
            **{"include_preprocessing": False, "classifier_activation": "linear"},
        ),
    ),
    Peer(
        *KERAS_HUB,
        SWIN,
        call(
            "keras_hub.models.SwinTransformerImageClassifier",
            backbone=call(
                "keras_hub.models.SwinTransformerBackbone",
                **{"image_shape": (224, 224, 3), "embed_dim": 96, "depths": (2, 2, 6, 2)},
                **{"num_heads": (3, 6, 12, 24), "window_size": 7},
            ),
            num_classes=1000,
        ),
    ),
    Peer(
        *ZERO_MODELS,
        SWIN,
        call("zeromodels.models.swin.SwinImageClassify"),
        "zeromodels.models.swin.convert_swin_timm_to_keras.transfer_swin_weights",
    ),
    Peer(
        *TFSWIN,
        SWIN,
        call("tfswin.SwinTransformerTiny224", weights=None, classes=1000, classifier_activation="linear"),
    ),
    Peer(
        *ZERO_MODELS,
        SWIN_V2,
        call("zeromodels.models.swinv2.SwinV2ImageClassify", window_size=8, image_size=256),
        "zeromodels.models.swinv2.convert_swinv2_timm_to_keras.transfer_swinv2_weights",
    ),
    Peer(
        *TFSWIN,
        SWIN_V2,
        call("tfswin.SwinTransformerV2Tiny256", weights=None, classifier_activation="linear"),
    ),
    Peer(
        *KERAS_HUB,
        SAM,
        call(
            "keras_hub.models.ViTDetBackbone",
            **{"hidden_size": 768, "num_layers": 12, "intermediate_dim": 3072, "num_heads": 12},
            **{"global_attention_layer_indices": [2, 5, 8, 11], "image_shape": (1024, 1024, 3)},
            **{"patch_size": 16, "num_output_channels": 256, "window_size": 14},
        ),
        differs="normalises the image too",
    ),
    Peer(
        *ZERO_MODELS,
        RESNET,
        call(
            "zeromodels.models.resnet.ResNetImageClassify", depths=(3, 4, 6, 3), filters=(64, 128, 256, 512), groups=1
        ),
        "zeromodels.models.resnet.convert_resnet_timm_to_keras.transfer_resnet_weights",
    ),
    Peer(*KERAS, RESNET, call("keras.applications.ResNet50", **NO_WEIGHTS), differs="strides in the 1x1 convolutions"),
    Peer(
        *ZERO_MODELS,
        CONVNEXT,
        call("zeromodels.models.convnext.ConvNeXtImageClassify"),
        "zeromodels.models.convnext.convert_convnext_timm_to_keras.transfer_convnext_weights",
    ),
    Peer(
        *KERAS,
        CONVNEXT,
        call("keras.applications.ConvNeXtTiny", include_preprocessing=False, **NO_WEIGHTS),
    ),
    Peer(
        *ZERO_MODELS,
        EFFICIENTNET,
        call("zeromodels.models.efficientnet.EfficientNetImageClassify"),
        "zeromodels.models.efficientnet.convert_efficientnet_timm_to_keras.transfer_efficientnet_weights",
    ),
    Peer(
        *KERAS,
        EFFICIENTNET,
        call("keras.applications.EfficientNetB0", **NO_WEIGHTS),
        differs="rescales the image too",
    ),
)


def peers_of(arch: str) -> list[Peer]:
    return [peer for peer in PEERS if peer.arch == arch]
