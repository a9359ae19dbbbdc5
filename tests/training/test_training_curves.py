"""A few steps of training in torch and through Keras' `fit`: the same losses, weights and statistics."""

from __future__ import annotations

from types import ModuleType

import pytest

from transpiler.verify.training.cli import LOSS_TOLERANCE
from transpiler.verify.training.curves import MODELS, training_curves

SMALL = [model for model in MODELS if model.arch in {"vit_tiny_patch16_224", "resnet18"}]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("model", SMALL, ids=str)
def test_losses_are_torchs(generated_package: ModuleType, model: object, optimizer: str) -> None:
    curves = training_curves(generated_package, model, optimizer, steps=3)
    assert curves.loss_error < LOSS_TOLERANCE[optimizer]
    assert len(set(curves.torch)) == 3
    if optimizer == "sgd":
        # Parameters, and the running statistics of batch norms, which move at each step.
        assert max(curves.state_errors.values()) < 1e-5
    assert any("running_var" in name for name in curves.state_errors) == (model.arch == "resnet18")
