"""Convolutional nets against timm's: outputs, features at any stride, gradients, and statistics after a training step."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf
import torch
from parity_models import CONVOLUTIONAL, CONVOLUTIONAL_VARIANTS, SmallModel
from test_small_models import TOLERANCE, compare

from transpiler.verify.gradients import TOLERANCE as GRADIENT_TOLERANCE
from transpiler.verify.gradients import gradient_error
from transpiler.verify.pair import build_pair, random_images
from transpiler.verify.randomise import seed_of


@pytest.mark.parametrize("model", [*CONVOLUTIONAL, *CONVOLUTIONAL_VARIANTS], ids=str)
def test_outputs(generated_package: ModuleType, model: SmallModel) -> None:
    comparison = compare(generated_package, model)
    assert comparison.eager() <= TOLERANCE
    assert comparison.graph() <= TOLERANCE
    assert comparison.features() <= TOLERANCE


@pytest.mark.parametrize("model", CONVOLUTIONAL, ids=str)
def test_gradients(generated_package: ModuleType, model: SmallModel) -> None:
    comparison = compare(generated_package, model)
    assert gradient_error(comparison.pair, comparison.images) <= GRADIENT_TOLERANCE


@pytest.mark.parametrize("model", CONVOLUTIONAL, ids=str)
def test_statistics_after_a_training_step(generated_package: ModuleType, model: SmallModel) -> None:
    pair = build_pair(generated_package, model.arch, seed_of(model.arch), **model.kwargs)
    images = random_images(4, 3, *model.size)
    pair.upstream.train()
    with torch.no_grad():
        expected = pair.upstream(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
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
