"""Convolutional nets against timm's: outputs, features at any stride, gradients, and statistics after a training step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from parity_models import CONVOLUTIONAL, CONVOLUTIONAL_VARIANTS, EVA, GROUPED, MIXED, SmallModel
from test_small_models import TOLERANCE, compare

from transpiler.verify.gradients import TOLERANCE as GRADIENT_TOLERANCE
from transpiler.verify.gradients import generated_gradients, gradient_error, upstream_gradients
from transpiler.verify.pair import Pair, as_torch, build_pair, random_images
from transpiler.verify.randomise import seed_of

ONE_OF_EACH = (*CONVOLUTIONAL, *MIXED)


@pytest.mark.parametrize("model", [*CONVOLUTIONAL, *CONVOLUTIONAL_VARIANTS, *MIXED], ids=str)
def test_outputs(generated_package: ModuleType, model: SmallModel) -> None:
    comparison = compare(generated_package, model)
    assert comparison.eager() <= TOLERANCE
    assert comparison.graph() <= TOLERANCE
    assert comparison.features() <= TOLERANCE


@pytest.fixture
def float64() -> Iterator[None]:
    """In float32 rounding decides which of two near maxima a pool takes, and its gradient jumps."""
    before = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before[0])
    keras.config.set_floatx(before[1])


# Not in float64, because:
IN_FLOAT32 = {GROUPED: "TensorFlow has them in no other type on a CPU", EVA: "timm's angles are of float32"}


@pytest.mark.parametrize("model", IN_FLOAT32, ids=str)
def test_gradients_in_float32(generated_package: ModuleType, model: SmallModel) -> None:
    comparison = compare(generated_package, model)
    assert gradient_error(comparison.pair, comparison.images) <= GRADIENT_TOLERANCE


@pytest.mark.parametrize("model", [model for model in ONE_OF_EACH if model not in IN_FLOAT32], ids=str)
def test_training_step(generated_package: ModuleType, model: SmallModel, float64: None) -> None:
    """The gradient of every parameter in training mode, and the statistics that the pass leaves behind."""
    pair = build_pair(generated_package, model.arch, seed_of(model.arch), **model.kwargs)
    _drop_nothing(pair)
    images = random_images(1, 3, *model.size).astype(np.float64)
    expected = upstream_gradients(pair.upstream.double().train(), as_torch(images))
    actual = generated_gradients(pair.generated, tf.constant(images), training=True)
    largest = max(np.abs(gradient).max() for gradient in expected.values())
    assert largest > 0
    for name, gradient in expected.items():
        np.testing.assert_allclose(actual[name], gradient, atol=1e-9 * largest, err_msg=name)
    _same_statistics(pair, actual, 1e-9)


@pytest.mark.parametrize("model", IN_FLOAT32, ids=str)
def test_statistics_after_a_training_step_in_float32(generated_package: ModuleType, model: SmallModel) -> None:
    pair = build_pair(generated_package, model.arch, seed_of(model.arch), **model.kwargs)
    _drop_nothing(pair)
    images = random_images(1, 3, *model.size)
    with torch.no_grad():
        expected = pair.upstream.train()(as_torch(images)).numpy()
    actual = np.asarray(pair.generated(tf.constant(images), training=True))
    np.testing.assert_allclose(actual, expected, atol=TOLERANCE * np.abs(expected).max())
    _same_statistics(pair, pair.generated.state_dict(), TOLERANCE)


def _drop_nothing(pair: Pair) -> None:
    """Position biases drop by default, and both draw their own masks."""
    for module in [*pair.upstream.modules(), *pair.generated.modules()]:
        if type(module).__name__ == "Dropout":
            module.p = 0.0


def _same_statistics(pair: Pair, state: Mapping[str, Any], tolerance: float) -> None:
    for name, buffer in pair.upstream.named_buffers():
        if name in state:
            scale = max(float(buffer.abs().max()), 1.0)
            np.testing.assert_allclose(state[name], buffer.numpy(), atol=tolerance * scale, err_msg=name)


def compare_features(package: ModuleType, model: SmallModel, **options: object) -> None:
    """Maps of the same numbers and shapes, and what is said of them."""
    kwargs = {name: value for name, value in model.kwargs.items() if name != "num_classes"}
    comparison = compare(package, SmallModel(model.arch, model.size, kwargs), features_only=True, **options)
    assert comparison.eager() <= TOLERANCE
    expected, actual = comparison.pair.upstream.feature_info, comparison.pair.generated.feature_info
    assert (actual.channels(), actual.reduction()) == (expected.channels(), expected.reduction())


@pytest.mark.parametrize("model", ONE_OF_EACH, ids=str)
def test_features_only(generated_package: ModuleType, model: SmallModel) -> None:
    compare_features(generated_package, model, out_indices=(0, -1))


# Those that timm builds with another stride.
DILATED = [model for model in CONVOLUTIONAL if model.arch not in ("densenetblur121d", "vgg11_bn")]


@pytest.mark.parametrize(("model", "stride"), [*((model, 8) for model in DILATED), (DILATED[0], 16)], ids=str)
def test_output_stride(generated_package: ModuleType, model: SmallModel, stride: int) -> None:
    compare_features(generated_package, model, output_stride=stride)
