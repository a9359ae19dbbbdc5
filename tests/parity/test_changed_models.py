"""Models that are changed after they were built, as a user of timm changes them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import timm
import torch
from parity_models import HIERA, SAM, SWIN, VIT, SmallModel
from safetensors.torch import save_file
from tensorflow import constant

from transpiler.verify.checks import Comparison
from transpiler.verify.compare import channels_last, relative_error, worst_error
from transpiler.verify.frameworks import keras, tf
from transpiler.verify.pair import Pair, as_torch, build_pair, from_tensorflow, from_torch, random_images
from transpiler.verify.randomise import randomise
from transpiler.verify.record import Settings

TOLERANCE = Settings().tolerance


def change_both(pair: Pair, change: Any) -> Pair:
    """Make the same change to both models, then give both the same new random weights."""
    change(pair.upstream)
    change(pair.generated)
    randomise(pair.upstream, seed=2)
    state = {name: value.detach().numpy() for name, value in pair.upstream.state_dict().items()}
    pair.generated.load_state_dict(state, strict=True)
    return Pair(pair.upstream, pair.generated, state)


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        *((VIT, (7,)), (VIT, (7, "avg")), (VIT, (0, "")), (SWIN, (7,)), (SWIN, (7, "max")), (SWIN, (0, ""))),
        *((SAM, (7,)), (SAM, (7, "max")), (SAM, (0, "")), (HIERA, (7,)), (HIERA, (7, "max")), (HIERA, (0, ""))),
    ],
    ids=str,
)
def test_reset_classifier(generated_package: ModuleType, model: SmallModel, arguments: tuple[Any, ...]) -> None:
    pair = build_pair(generated_package, model.arch, 1, **model.kwargs)
    pair = change_both(pair, lambda each: each.reset_classifier(*arguments))
    comparison = Comparison(pair, random_images(1, 3, *model.size))
    assert comparison.eager() <= TOLERANCE
    weights = [variable.path for variable in pair.generated.weights]
    assert len(weights) == len(set(weights)) == len(list(pair.upstream.parameters()))


@pytest.mark.parametrize(
    ("model", "arguments", "size"),
    [
        (VIT, {"img_size": (96, 48)}, (96, 48)),
        (VIT, {"patch_size": (8, 8)}, (64, 64)),
        (SWIN, {"img_size": (128, 64)}, (128, 64)),
        (SWIN, {"img_size": (96, 96), "window_size": (3, 4)}, (96, 96)),
    ],
    ids=str,
)
def test_set_input_size(
    generated_package: ModuleType, model: SmallModel, arguments: dict[str, Any], size: tuple[int, int]
) -> None:
    """The weights are kept: position embeddings and bias tables are resampled alike."""
    pair = build_pair(generated_package, model.arch, 1, **model.kwargs)
    pair.upstream.set_input_size(**arguments)
    pair.generated.set_input_size(**arguments)
    assert Comparison(pair, random_images(1, 3, *size)).eager() <= TOLERANCE


def test_get_intermediate_layers(generated_package: ModuleType) -> None:
    pair = build_pair(generated_package, VIT.arch, 1, **VIT.kwargs)
    images = random_images(1, 3, *VIT.size)
    options = {"n": 2, "reshape": True, "return_prefix_tokens": True, "norm": True}
    with torch.no_grad():
        expected = pair.upstream.get_intermediate_layers(as_torch(images), **options)
    actual = pair.generated.get_intermediate_layers(constant(images), **options)
    assert worst_error(from_torch(expected, "NCHW"), from_tensorflow(actual)) <= TOLERANCE


@pytest.mark.parametrize("model", [VIT, SWIN], ids=str)
def test_pretrained_weights_are_fitted_to_the_model(
    generated_package: ModuleType, model: SmallModel, tmp_path: Path
) -> None:
    """A checkpoint for another size, more channels and more classes: both adapt it alike."""
    original = timm.create_model(model.arch, **{**model.kwargs, "img_size": (64, 64)})
    randomise(original, seed=3)
    save_file({name: value.contiguous() for name, value in original.state_dict().items()}, tmp_path / "a.safetensors")
    kwargs = {
        **model.kwargs,
        "img_size": (96, 128),
        "in_chans": 1,
        "num_classes": 5,
        "pretrained": True,
        "pretrained_cfg_overlay": {"file": str(tmp_path / "a.safetensors"), "num_classes": 11},
    }
    upstream = timm.create_model(model.arch, **kwargs).eval()
    generated = generated_package.create_model(model.arch, **kwargs)
    images = random_images(1, 1, 96, 128)
    with torch.no_grad():
        expected = upstream.forward_features(as_torch(images)).numpy()
    actual = np.asarray(generated.forward_features(constant(images)))
    expected = channels_last(expected) if getattr(upstream, "output_fmt", "NHWC") == "NCHW" else expected
    assert relative_error(expected, actual) <= TOLERANCE
    assert generated(constant(images)).shape == (2, 5)


@pytest.mark.parametrize("model", [VIT, SWIN], ids=str)
def test_one_step_of_fit_is_one_step_of_torch(generated_package: ModuleType, model: SmallModel) -> None:
    rate = 0.1
    pair = build_pair(generated_package, model.arch, 1, **model.kwargs, drop_path_rate=0.0)
    before = {name: value.copy() for name, value in pair.state.items()}
    images, labels = random_images(1, 3, *model.size), np.array([3, 8])
    optimizer = torch.optim.SGD(pair.upstream.train().parameters(), rate)
    torch.nn.functional.cross_entropy(pair.upstream(as_torch(images)), torch.from_numpy(labels)).backward()
    optimizer.step()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    pair.generated.compile(optimizer=keras.optimizers.SGD(rate), loss=loss)
    pair.generated.fit(images, labels, batch_size=len(images), verbose=0)
    expected, actual = pair.upstream.state_dict(), pair.generated.state_dict()
    for name, value in expected.items():
        step = np.abs(value.numpy() - before[name]).max()
        np.testing.assert_allclose(actual[name], value.numpy(), rtol=1e-5, atol=1e-3 * step + 1e-6, err_msg=name)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("model", [VIT, SWIN], ids=str)
def test_mixed_precision(generated_package: ModuleType, model: SmallModel, policy: str) -> None:
    pair = build_pair(generated_package, model.arch, 1, **model.kwargs)
    mixed = generated_package.create_model(model.arch, dtype=policy, **model.kwargs)
    mixed.load_state_dict(pair.state)
    images = constant(random_images(1, 3, *model.size))
    expected, actual = pair.generated(images), mixed(images)
    assert actual.dtype == policy.removeprefix("mixed_")
    assert relative_error(np.asarray(expected), np.asarray(tf.cast(actual, "float32"))) <= 0.05


@pytest.mark.parametrize("model", [VIT, SWIN], ids=str)
def test_weights_survive_keras_files(generated_package: ModuleType, model: SmallModel, tmp_path: Path) -> None:
    pair = build_pair(generated_package, model.arch, 1, **model.kwargs)
    images = constant(random_images(1, 3, *model.size))
    expected = np.asarray(pair.generated(images))
    pair.generated.save_weights(tmp_path / "all.weights.h5")
    other = generated_package.create_model(model.arch, **model.kwargs)
    other.load_weights(tmp_path / "all.weights.h5")
    np.testing.assert_array_equal(np.asarray(other(images)), expected)


@pytest.mark.parametrize("model", [VIT, SWIN], ids=str)
def test_exported(generated_package: ModuleType, model: SmallModel, tmp_path: Path) -> None:
    pair = build_pair(generated_package, model.arch, 1, **model.kwargs)
    images = constant(random_images(1, 3, *model.size))
    expected = np.asarray(pair.generated(images))
    pair.generated.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(tmp_path / "exported")
    assert relative_error(expected, np.asarray(served.serve(images))) <= TOLERANCE
