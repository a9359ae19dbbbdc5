"""OpenMMLab's ViTSAM, the backbone of RSBuilding, against what is generated of it."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import timm
import torch
from openmmlab_models import RSBUILDING, RSBUILDING_VIT_SAM, VIT_SAM, WITH_RSBUILDING, Backbone, transpiled
from parity_models import SAM

from transpiler.verify.checks import Comparison, state_dict_error
from transpiler.verify.compare import worst_error
from transpiler.verify.frameworks import tf
from transpiler.verify.gradients import TOLERANCE as GRADIENT_TOLERANCE
from transpiler.verify.gradients import gradient_error
from transpiler.verify.package import import_package
from transpiler.verify.pair import as_torch, from_tensorflow, from_torch, random_images
from transpiler.verify.randomise import randomise
from transpiler.verify.record import Settings

TOLERANCE = Settings().tolerance
BACKBONES = [VIT_SAM, pytest.param(RSBUILDING_VIT_SAM, marks=WITH_RSBUILDING)]
# A map of 4 x 4 in windows of 3, which pad, and one block with global attention.
NARROW = {"embed_dims": 32, "num_layers": 3, "num_heads": 2, "feedforward_channels": 64, "global_attn_indexes": [1]}
SMALL: dict[str, Any] = {"arch": NARROW, "img_size": 64, "window_size": 3, "out_channels": 8}

VARIANTS: dict[str, dict[str, Any]] = {
    "last map, reduced": {},
    "several maps": {"out_indices": [0, 2]},
    "no reduction": {"out_channels": -1, "out_indices": [0, -1]},
    "averages": {"out_type": "avg_featmap", "out_indices": [1, 2]},
    "featmap": {"out_type": "featmap"},
    "no relative positions": {"use_rel_pos": False},
    "no absolute positions": {"use_abs_pos": False},
    "neither": {"use_abs_pos": False, "use_rel_pos": False, "out_channels": -1},
    "no biases, another eps": {"qkv_bias": False, "norm_cfg": {"type": "LN", "eps": 1e-2}},
    "frozen": {"frozen_stages": 2},
    "bilinear": {"interpolate_mode": "bilinear"},
    "rectangular": {"img_size": (48, 80)},
    "a configuration for each layer": {"layer_cfgs": [{"num_fcs": 2}, {"num_fcs": 3}, {"feedforward_channels": 48}]},
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    modules = [VIT_SAM.module, *([RSBUILDING_VIT_SAM.module] if RSBUILDING else [])]
    return import_package(transpiled(modules, tmp_path_factory.mktemp("openmmlab") / "generated_openmmlab"))


@pytest.mark.parametrize("backbone", BACKBONES, ids=str)
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_and_state(package: ModuleType, backbone: Backbone, variant: str) -> None:
    """At the size that the model is made for, at one that is no multiple of a patch, and at a larger one."""
    pair = backbone.pair(package, **{**SMALL, **VARIANTS[variant]})
    assert state_dict_error(pair) == 0.0
    for size in ((64, 64), (50, 70), (80, 96)):
        assert Comparison(pair, random_images(1, 3, *size)).eager() <= TOLERANCE


@pytest.mark.parametrize("backbone", BACKBONES, ids=str)
def test_graphs_and_gradients(package: ModuleType, backbone: Backbone) -> None:
    comparison = Comparison(backbone.pair(package, **SMALL, out_indices=[0, 2]), random_images(1, 3, 50, 70))
    assert comparison.graph() <= TOLERANCE
    assert comparison.xla() <= TOLERANCE
    comparison = Comparison(backbone.pair(package, **SMALL), random_images(1, 3, 64, 64))
    assert gradient_error(comparison.pair, comparison.images) <= GRADIENT_TOLERANCE


@pytest.mark.parametrize("backbone", BACKBONES, ids=str)
def test_checkpoint_of_another_size(package: ModuleType, backbone: Backbone) -> None:
    """Its position tables are resized by the hooks that the model registers for loading."""
    state = backbone.upstream(**SMALL).state_dict()
    upstream = backbone.upstream(**{**SMALL, "img_size": 96})
    generated = backbone.generated(package, **{**SMALL, "img_size": 96})
    resized = [name for name, value in generated.state_dict().items() if value.shape != tuple(state[name].shape)]
    assert resized == ["pos_embed", "layers.1.attn.rel_pos_h", "layers.1.attn.rel_pos_w"]
    upstream.load_state_dict(dict(state))
    given = dict(state)
    generated.load_state_dict(given)
    assert all(given[name] is value for name, value in state.items()), "what was given is left as it was"
    loaded = {name: value.numpy() for name, value in upstream.state_dict().items()}
    assert worst_error(loaded, generated.state_dict()) <= TOLERANCE
    images = random_images(1, 3, 96, 96)
    with torch.no_grad():
        expected = from_torch(upstream(as_torch(images)), "NCHW")
    assert worst_error(expected, from_tensorflow(generated(tf.constant(images)))) <= TOLERANCE


@pytest.mark.parametrize("backbone", BACKBONES, ids=str)
@pytest.mark.parametrize("stages", [1, 3])
def test_frozen_stages(package: ModuleType, backbone: Backbone, stages: int) -> None:
    pair = backbone.pair(package, **SMALL, frozen_stages=stages)
    expected = {name for name, parameter in pair.upstream.named_parameters() if parameter.requires_grad}
    assert {name for name, parameter in pair.generated.named_parameters() if parameter.trainable} == expected
    # What upstream can't do, it can't do here.
    for make in (backbone.upstream, lambda **kwargs: backbone.generated(package, **kwargs)):
        with pytest.raises(AttributeError, match="pos_embed"):
            make(**SMALL, use_abs_pos=False, frozen_stages=stages)


@pytest.mark.parametrize("backbone", BACKBONES, ids=str)
def test_it_trains_and_is_exported(package: ModuleType, backbone: Backbone, tmp_path: Path) -> None:
    """One step of `fit` is one step of torch's optimizer; the exported model gives what the model gives."""
    rate = 0.1
    pair = backbone.pair(package, **{**SMALL, "out_type": "avg_featmap"})
    images, targets = random_images(1, 3, 64, 64), np.random.default_rng(2).standard_normal((2, 8), dtype=np.float32)
    pair.upstream.train()
    optimizer = torch.optim.SGD(pair.upstream.parameters(), rate)
    torch.nn.functional.mse_loss(pair.upstream(as_torch(images))[0], torch.from_numpy(targets)).backward()
    optimizer.step()
    pair.generated.compile(optimizer=keras.optimizers.SGD(rate), loss=[keras.losses.MeanSquaredError()])
    pair.generated.fit(images, [targets], batch_size=2, verbose=0)
    expected, actual = pair.upstream.state_dict(), pair.generated.state_dict()
    for name, value in expected.items():
        step = np.abs(value.numpy() - pair.state[name]).max()
        np.testing.assert_allclose(actual[name], value.numpy(), rtol=1e-5, atol=1e-3 * step + 1e-6, err_msg=name)
    signature = [keras.InputSpec(shape=(None, 64, 64, 3), dtype="float32")]
    pair.generated.export(tmp_path / "exported", verbose=False, input_signature=signature)
    served = tf.saved_model.load(tmp_path / "exported")
    expected, actual = pair.generated(tf.constant(images)), served.serve(tf.constant(images))
    assert worst_error(from_tensorflow(expected), from_tensorflow(actual)) <= TOLERANCE


def test_weights_of_timms_encoder_and_back(package: ModuleType) -> None:
    """With the same epsilon both give the same maps; what one has no place for is named."""
    names = importlib.import_module(f"{package.__name__}.runtime.segment_anything")
    theirs = timm.create_model(SAM.arch, **{**SAM.kwargs, "num_classes": 0}).eval()
    randomise(theirs, seed=3)
    state = {name: value.numpy() for name, value in theirs.state_dict().items()}
    arch = {"embed_dims": 32, "num_layers": 2, "num_heads": 2, "feedforward_channels": 128, "global_attn_indexes": [1]}
    kwargs = {"arch": arch, "img_size": SAM.size, "window_size": 3, "norm_cfg": {"type": "LN", "eps": 1e-5}}
    ours = VIT_SAM.generated(package, **kwargs)
    ours.load_state_dict(names.from_timm(state))
    images = random_images(1, 3, *SAM.size)
    with torch.no_grad():
        expected = from_torch(theirs.forward_features(as_torch(images)), "NCHW")
    (actual,) = ours(tf.constant(images))
    assert worst_error(expected, from_tensorflow(actual)) <= TOLERANCE
    back = names.to_timm(ours.state_dict())
    assert set(back) == set(state) and all(np.array_equal(back[name], state[name]) for name in state)
    bare = VIT_SAM.generated(package, **kwargs, out_channels=-1)
    bare.load_state_dict(names.from_timm(state, reduction=False))
    with pytest.raises(ValueError, match="no place for head.weight"):
        names.from_timm({**state, "head.weight": np.zeros(1)})
    with pytest.raises(ValueError, match="no place for pos_embedding"):
        names.to_timm({"pos_embedding": np.zeros(1)})
