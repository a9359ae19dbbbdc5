"""Convolutional nets against timm's: outputs, features at any stride, gradients, and statistics after a training step."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from parity_models import CONVOLUTIONAL, CONVOLUTIONAL_VARIANTS, GROUPED, SmallModel
from test_small_models import TOLERANCE, compare

from transpiler.verify.gradients import TOLERANCE as GRADIENT_TOLERANCE
from transpiler.verify.gradients import generated_gradients, gradient_error, upstream_gradients
from transpiler.verify.pair import as_torch, build_pair, random_images
from transpiler.verify.randomise import seed_of


@pytest.mark.parametrize("model", [*CONVOLUTIONAL, *CONVOLUTIONAL_VARIANTS], ids=str)
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


def test_gradients_of_grouped_convolutions(generated_package: ModuleType) -> None:
    """In float32: TensorFlow has them in no other type on a CPU."""
    comparison = compare(generated_package, GROUPED)
    assert gradient_error(comparison.pair, comparison.images) <= GRADIENT_TOLERANCE


@pytest.mark.parametrize("model", [model for model in CONVOLUTIONAL if model is not GROUPED], ids=str)
def test_gradients(generated_package: ModuleType, model: SmallModel, float64: None) -> None:
    pair = build_pair(generated_package, model.arch, seed_of(model.arch), **model.kwargs)
    images = random_images(1, 3, *model.size).astype(np.float64)
    expected = upstream_gradients(pair.upstream.double(), as_torch(images))
    actual = generated_gradients(pair.generated, tf.constant(images))
    largest = max(np.abs(gradient).max() for gradient in expected.values())
    assert largest > 0
    for name, gradient in expected.items():
        np.testing.assert_allclose(actual[name], gradient, atol=1e-9 * largest, err_msg=name)


@pytest.mark.parametrize("model", CONVOLUTIONAL, ids=str)
def test_statistics_after_a_training_step(generated_package: ModuleType, model: SmallModel) -> None:
    pair = build_pair(generated_package, model.arch, seed_of(model.arch), **model.kwargs)
    images = random_images(1, 3, *model.size)
    pair.upstream.train()
    with torch.no_grad():
        expected = pair.upstream(as_torch(images)).numpy()
    actual = np.asarray(pair.generated(tf.constant(images), training=True))
    np.testing.assert_allclose(actual, expected, atol=TOLERANCE * np.abs(expected).max())
    state = pair.generated.state_dict()
    for name, buffer in pair.upstream.named_buffers():
        if name in state:
            scale = max(float(buffer.abs().max()), 1.0)
            np.testing.assert_allclose(state[name], buffer.numpy(), atol=TOLERANCE * scale, err_msg=name)


@pytest.mark.parametrize("arch", ["resnet18", "densenetblur121d", "convnext_atto", "regnety_002", "mnasnet_small"])
def test_features_only(generated_package: ModuleType, arch: str) -> None:
    model = next(model for model in CONVOLUTIONAL if model.arch == arch)
    assert compare(generated_package, model, features_only=True, out_indices=(1, 2)).eager() <= TOLERANCE


@pytest.mark.parametrize("arch", ["resnet18", "convnext_atto", "regnety_002"])
def test_output_stride(generated_package: ModuleType, arch: str) -> None:
    model = next(model for model in CONVOLUTIONAL if model.arch == arch)
    assert compare(generated_package, model, features_only=True, output_stride=8).eager() <= TOLERANCE
