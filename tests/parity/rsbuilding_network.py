"""RSBuilding's whole networks, small, as its configurations build them, beside what is generated of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
import torch
from openmmlab_models import RSBUILDING

from transpiler.bench import rsbuilding
from transpiler.verify.pair import Pair
from transpiler.verify.randomise import randomise

MODULES = [
    "opencd.models.change_detectors.foundation_input_encoder_decoder",
    "opencd.models.decode_heads.foundation_decoder",
    "opencd.models.backbones.vit_sam_normal",
    "mmseg.models.backbones.swin",
]
MISSING = [name for name in ("mmseg", "mmdet") if importlib.util.find_spec(name) is None]
WITH_NETWORK = pytest.mark.skipif(
    RSBUILDING is None or bool(MISSING),
    reason="RSBUILDING_ROOT names no checkout of RSBuilding"
    if RSBUILDING is None
    else f"{' and '.join(MISSING)} not installed: pip install --no-deps mmsegmentation==1.0.0 mmdet==3.0.0",
)

Configuration = Mapping[str, Any]


def vit(size: int, **backbone: Any) -> Configuration:
    """ViT, two blocks of it: one in windows, one with global attention."""
    arch = {"embed_dims": 32, "num_layers": 2, "num_heads": 2, "feedforward_channels": 64, "global_attn_indexes": [1]}
    given = {"arch": arch, "img_size": size, "window_size": 3, "out_channels": -1, "drop_path_rate": 0.1, **backbone}
    return _network({"type": "ViTSAM_Normal", **given}, {"type": "Foundation_Decoder_v1", "in_channels": 32})


def swin(**backbone: Any) -> Configuration:
    """Swin with windows of 3, which no map of it is a multiple of: it is padded before it is shifted."""
    given = {"pretrain_img_size": 64, "embed_dims": 16, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 4, 8]}
    given |= {"window_size": 3, "drop_path_rate": 0.1, "norm_cfg": {"type": "LN", "requires_grad": True}, **backbone}
    head = {"type": "Foundation_Decoder_swin_v1", "in_channels": [16, 32, 64, 128]}
    return _network({"type": "mmseg.SwinTransformer", **given}, head)


def _network(backbone: dict[str, Any], head: dict[str, Any]) -> Configuration:
    common = {"out_channels": 256, "drop": 0.0, "loss_type": "BCELoss", "loss_weight": [1, 1, 1]}
    return {"type": "FoundationEncoderDecoder", "backbone": backbone, "decode_head": {**head, **common}}


def upstream(configuration: Configuration) -> torch.nn.Module:
    """RSBuilding's network in eval mode, all weights random; called with images it gives logits of their size."""
    assert RSBUILDING is not None
    network = rsbuilding.upstream(RSBUILDING, configuration)
    randomise(network, seed=1)
    return network


def pair(package: ModuleType, configuration: Configuration) -> Pair:
    """Both networks with the same weights."""
    theirs, ours = upstream(configuration), rsbuilding.generated(package, configuration)
    state = {name: value.detach().numpy() for name, value in theirs.state_dict().items()}
    ours.load_state_dict(state, strict=True)
    return Pair(theirs, ours, state)
