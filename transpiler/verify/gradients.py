"""Gradients of every parameter, for the mean square of the outputs in eval mode."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compare import Array, flatten_outputs
from .errors import ParityFailure
from .frameworks import tf, torch
from .pair import Pair, as_torch
from .record import DType

# Errors add up over depth and batch, and some gradients are zero but for rounding (attention's key bias, say).
TOLERANCE = 1e-3
TOLERANCES: dict[DType, float] = {"float32": TOLERANCE, "float64": 1e-8}
FLOOR = 1e-3


def gradient_error(pair: Pair, images: Array) -> float:
    """The largest error of any parameter's gradient, relative to that gradient's own scale.

    The scale is at least FLOOR of the largest gradient of the model. The generated model's weights are lost.
    """
    expected = upstream_gradients(pair.upstream, as_torch(images))
    actual = generated_gradients(pair.generated, tf.constant(images))
    largest = max(float(np.abs(value).max()) for value in expected.values())
    if not np.isfinite(largest) or largest == 0.0:
        raise ParityFailure("timm's gradients are all zero or not finite")
    errors: dict[str, float] = {}
    for name, value in expected.items():
        if actual[name].shape != value.shape or not np.isfinite(actual[name]).all():
            raise ParityFailure(f"the gradient of {name} has another shape or is not finite")
        scale = max(float(np.abs(value).max()), FLOOR * largest)
        errors[name] = float(np.abs(value - actual[name]).max()) / scale
    worst = max(errors, key=lambda name: errors[name])
    if errors[worst] > TOLERANCES["float64" if images.dtype == np.float64 else "float32"]:
        raise ParityFailure(f"the gradient of {worst} is off by {errors[worst]:.1e}")
    return errors[worst]


def upstream_gradients(model: torch.nn.Module, images: torch.Tensor) -> dict[str, Array]:
    """By parameter name; zeros for a parameter that the output does not depend on."""
    model.zero_grad()
    outputs = flatten_outputs(model(images)).values()
    torch.stack([output.square().mean() for output in outputs]).sum().backward()
    parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
    return {
        name: (torch.zeros_like(value) if value.grad is None else value.grad).detach().numpy()
        for name, value in parameters.items()
    }


def generated_gradients(model: Any, images: tf.Tensor, training: bool = False) -> dict[str, Array]:
    """By torch name and in torch layout: written into the variables, so that state_dict() does the translation.

    Buffers are among them, as the pass has left them.
    """
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        outputs = flatten_outputs(model(images, training=training)).values()
        loss = tf.add_n([tf.reduce_mean(tf.square(output)) for output in outputs])
    values = [variable.value for variable in variables]
    for value, gradient in zip(values, tape.gradient(loss, values), strict=True):
        value.assign(tf.zeros_like(value) if gradient is None else tf.convert_to_tensor(gradient))
    return {name: np.asarray(value) for name, value in model.state_dict().items()}
