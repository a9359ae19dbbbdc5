"""Comparing runtime layers and functions with torch's; images cross as (B, C, H, W) and (B, H, W, C)."""

from __future__ import annotations

from typing import Any

import timm  # noqa: F401  before tensorflow: both carry LLVM
import torch

import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip


def sample(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def to_torch(array: Any, image: bool = False) -> torch.Tensor:
    """A torch tensor; an image goes from (B, H, W, C) to (B, C, H, W)."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    return tensor.permute(0, 3, 1, 2) if image else tensor


def to_numpy(tensor: torch.Tensor, image: bool = False) -> np.ndarray:
    """An array; an image goes from (B, C, H, W) to (B, H, W, C)."""
    return (tensor.permute(0, 2, 3, 1) if image else tensor).detach().numpy()


def assert_close(actual: Any, expected: Any, tolerance: float = 1e-5) -> None:
    """Same shape, and values within `tolerance` of the expected ones' scale."""
    actual = np.asarray(tf.convert_to_tensor(actual), np.float32) if tf.is_tensor(actual) else np.asarray(actual)
    expected = np.asarray(expected)
    assert actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max())) if expected.size else 1.0
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def randomise(module: torch.nn.Module, seed: int = 1) -> None:
    """Give every parameter and floating buffer random values, variances positive ones."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point():
                values = torch.randn(tensor.shape, generator=generator)
                tensor.copy_(values.abs() + 0.1 if "var" in name else values)


def assert_same_layer(
    layer: Any, reference: torch.nn.Module, x: np.ndarray, image: bool = True, tolerance: float = 1e-5
) -> None:
    """Random weights carried over; equal outputs, gradients of input and weights, in eager and in a dynamic graph."""
    randomise(reference)
    reference.eval()
    layer.load_state_dict(reference.state_dict())
    torch_x = to_torch(x, image).clone().requires_grad_(True)
    expected = reference(torch_x)
    out_image = image and expected.ndim == 4
    assert_close(layer(x), to_numpy(expected, out_image), tolerance)

    upstream = sample(*to_numpy(expected, out_image).shape, seed=2)
    expected.backward(to_torch(upstream, out_image))
    signature = [tf.TensorSpec([None, *x.shape[1:]], tf.float32)]
    variables = [getattr(p, "variable", p) for p in layer.parameters()]

    @tf.function(input_signature=signature)
    def value_and_gradients(inputs: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = layer(inputs)
        return y, tape.gradient(y, [inputs, *[v.value for v in variables]], upstream)

    y, gradients = value_and_gradients(tf.constant(x))
    assert_close(y, to_numpy(expected, out_image), tolerance)
    assert_close(gradients[0], to_numpy(torch_x.grad, image), 10 * tolerance)
    for parameter, gradient, theirs in zip(layer.parameters(), gradients[1:], reference.parameters(), strict=True):
        if hasattr(parameter, "to_torch"):
            gradient = tf.transpose(gradient, parameter.to_torch)
        assert_close(gradient, theirs.grad.numpy(), 10 * tolerance)
