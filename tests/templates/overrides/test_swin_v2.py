"""SwinV2 and SwinV2-CR from yaml files, the width of the meta network, and checkpoints in Microsoft's layout."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import timm
import torch

from transpiler.verify.checks import Comparison
from transpiler.verify.pair import Pair, build_pair, random_images
from transpiler.verify.randomise import randomise
from transpiler.verify.record import Settings

TOLERANCE = Settings().tolerance
CONFIG = """\
DATA:
  IMG_SIZE: 64
  BATCH_SIZE: 12
MODEL:
  TYPE: swinv2
  NAME: a_small_one
  DROP_PATH_RATE: 0.3
  NUM_CLASSES: 7
  SWINV2:
    EMBED_DIM: 24
    DEPTHS: [ 1, 2 ]
    NUM_HEADS: [ 2, 4 ]
    WINDOW_SIZE: 4
    PRETRAINED_WINDOW_SIZES: [ 6, 3 ]
TRAIN:
  BASE_LR: 2e-05
"""
WITHOUT_WINDOWS = CONFIG.replace("    PRETRAINED_WINDOW_SIZES: [ 6, 3 ]\n", "")
DESCRIBED: dict[str, Any] = {
    "img_size": 64,
    "num_classes": 7,
    "drop_path_rate": 0.3,
    "embed_dim": 24,
    "depths": (1, 2),
    "num_heads": (2, 4),
    "window_size": 4,
    "pretrained_window_sizes": (6, 3),
}
SMALL: dict[str, Any] = {"depths": (1, 2), "num_heads": (2, 4), "embed_dim": 16, "img_size": 64, "window_size": 4}


def written(folder: Path, text: str) -> str:
    path = folder / "model.yaml"
    path.write_text(text)
    return str(path)


def same_model(package: ModuleType, arch: str, upstream: dict[str, Any], generated: dict[str, Any]) -> float:
    """The error between timm's model and ours, built from different arguments, on the same weights."""
    expected = timm.create_model(arch, **upstream).eval()
    randomise(expected, 1)
    actual = package.create_model(arch, **generated)
    state = {name: value.detach().numpy() for name, value in expected.state_dict().items()}
    actual.load_state_dict(state, strict=True)
    return Comparison(Pair(expected, actual, state), random_images(1, 3, 64, 64)).eager()


def test_a_file_describes_the_model(generated_package: ModuleType, tmp_path: Path) -> None:
    config = written(tmp_path, CONFIG)
    assert same_model(generated_package, "swinv2_tiny_window8_256", DESCRIBED, {"config": config}) <= TOLERANCE
    model = generated_package.create_model("swinv2_base_window16_256", config=config)
    assert model.layers_[1].blocks[1].drop_path1.drop_prob == pytest.approx(0.3)


def test_arguments_go_before_what_does_not_make_the_shape(generated_package: ModuleType, tmp_path: Path) -> None:
    config = written(tmp_path, CONFIG)
    model = generated_package.create_model("swinv2_tiny_window8_256", config=config, num_classes=3, img_size=32)
    assert (model.num_classes, model.patch_embed.img_size) == (3, (32, 32))


def test_what_a_file_leaves_out_has_microsofts_default(generated_package: ModuleType, tmp_path: Path) -> None:
    """Not that of the architecture: window 16 and 256 here, 7 and 224 there."""
    config = written(tmp_path, "DATA: {DATASET: imagenet22K}\nMODEL: {SWINV2: {DEPTHS: [1, 1], NUM_HEADS: [3, 6]}}\n")
    model = generated_package.create_model("swinv2_tiny_window16_256", config=config)
    assert model.patch_embed.img_size == (224, 224)
    assert (model.embed_dim, model.num_classes, model.layers_[0].blocks[0].window_size) == (96, 21841, (7, 7))


def test_base_files_are_read_first(generated_package: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(CONFIG)
    config = written(tmp_path, "BASE: [base.yaml]\nMODEL: {SWINV2: {EMBED_DIM: 32}}\n")
    model = generated_package.create_model("swinv2_tiny_window8_256", config=config)
    assert (model.embed_dim, model.num_classes) == (32, 7)


def test_a_file_describes_a_cr_model(generated_package: ModuleType, tmp_path: Path) -> None:
    described = {name: value for name, value in DESCRIBED.items() if name != "pretrained_window_sizes"}
    config = written(tmp_path, WITHOUT_WINDOWS)
    assert same_model(generated_package, "swinv2_cr_tiny_224", described, {"config": config}) <= TOLERANCE


@pytest.mark.parametrize(
    ("arch", "text", "message"),
    [
        ("swinv2_tiny_window8_256", CONFIG.replace("EMBED_DIM", "EMBED_DIMS"), "MODEL.SWINV2.EMBED_DIMS"),
        ("swinv2_tiny_window8_256", CONFIG.replace("IMG_SIZE", "SIZE"), "DATA.SIZE"),
        ("swinv2_tiny_window8_256", CONFIG.replace("TRAIN:", "TRAINING:"), "TRAINING"),
        ("swinv2_tiny_window8_256", CONFIG.replace("TYPE: swinv2", "TYPE: swin"), "MODEL.TYPE"),
        ("swinv2_tiny_window8_256", CONFIG + "BASE: [other.yaml]\n", "other.yaml"),
        ("swinv2_tiny_window8_256", CONFIG.replace("WINDOW_SIZE: 4", "APE: True"), "MODEL.SWINV2.APE"),
        ("swinv2_cr_tiny_224", CONFIG, "PRETRAINED_WINDOW_SIZES"),
        ("swinv2_cr_tiny_224", WITHOUT_WINDOWS.replace("WINDOW_SIZE: 4", "QKV_BIAS: False"), "MODEL.SWINV2.QKV_BIAS"),
    ],
)
def test_what_is_unknown_is_named(
    generated_package: ModuleType, tmp_path: Path, arch: str, text: str, message: str
) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        generated_package.create_model(arch, config=written(tmp_path, text))


def test_meta_hidden_dim(generated_package: ModuleType) -> None:
    """384 hidden features as upstream, or as many as asked for; the numbers follow timm's, widened by hand."""
    usual = generated_package.create_model("swinv2_cr_tiny_224", **SMALL)
    assert usual.state_dict()["stages.0.blocks.0.attn.meta_mlp.fc1.weight"].shape == (384, 2)
    upstream = timm.create_model("swinv2_cr_tiny_224", **SMALL).eval()
    for module in upstream.modules():
        if type(module).__name__ == "WindowMultiHeadAttention":
            module.meta_mlp.fc1 = torch.nn.Linear(2, 20)
            module.meta_mlp.fc2 = torch.nn.Linear(20, module.num_heads)
    randomise(upstream, 1)
    generated = generated_package.create_model("swinv2_cr_tiny_224", meta_hidden_dim=20, **SMALL)
    state = {name: value.detach().numpy() for name, value in upstream.state_dict().items()}
    generated.load_state_dict(state, strict=True)
    assert Comparison(Pair(upstream, generated, state), random_images(1, 3, 64, 64)).eager() <= TOLERANCE
    paths = [variable.path for variable in generated.weights]
    assert len(paths) == len(set(paths)) == len(list(upstream.parameters()))


def test_pretrained_weights_need_their_own_meta_hidden_dim(generated_package: ModuleType) -> None:
    with pytest.raises(ValueError, match="meta_hidden_dim=384"):
        generated_package.create_model("swinv2_cr_tiny_ns_224", pretrained=True, meta_hidden_dim=20)


def microsofts(state: dict[str, Any]) -> dict[str, Any]:
    """A state dict of timm's names in Microsoft's: a stage ends with its downsampling, buffers are kept."""
    renamed = {}
    for name, value in state.items():
        name = re.sub(r"layers\.(\d+)\.downsample", lambda m: f"layers.{int(m.group(1)) - 1}.downsample", name)
        renamed[name.replace("head.fc.", "head.")] = value
        if name.endswith("attn.logit_scale"):
            prefix = name.removesuffix("logit_scale")
            renamed[f"{prefix}relative_coords_table"] = np.zeros((1, 7, 7, 2), np.float32)
            renamed[f"{prefix}relative_position_index"] = np.zeros((16, 16), np.int64)
    return {"model": renamed}


def test_a_checkpoint_of_microsoft(generated_package: ModuleType, tmp_path: Path) -> None:
    pair = build_pair(generated_package, "swinv2_tiny_window8_256", 1, **SMALL, pretrained_window_sizes=(0, 0))
    other = generated_package.create_model("swinv2_tiny_window8_256", **SMALL, pretrained_window_sizes=(0, 0))
    module = __import__(f"{generated_package.__name__}.timm.models.swin_transformer_v2", fromlist=["*"])
    checkpoint = microsofts(pair.state)
    assert "layers.0.downsample.reduction.weight" in checkpoint["model"] and "head.weight" in checkpoint["model"]
    filtered = module.checkpoint_filter_fn(checkpoint, other)
    assert filtered.keys() == pair.state.keys()
    other.load_state_dict(filtered, strict=True)
    assert Comparison(Pair(pair.upstream, other, pair.state), random_images(1, 3, 64, 64)).eager() <= TOLERANCE
