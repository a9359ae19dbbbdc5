"""Gradients that are written out, for training: torch's, the second ones too."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import timm  # before tensorflow: the other order aborts  # noqa: F401, I001
import torch
from torch import nn as torch_nn

from transpiler.runtime import nn

LAYERS = {
    "gelu": (nn.GELU, torch_nn.GELU),
    "layer norm": (lambda: nn.LayerNorm(6), lambda: torch_nn.LayerNorm(6)),
}


def sample(seed: int) -> np.ndarray:
    return 2 * np.random.default_rng(seed).standard_normal((3, 4, 6), dtype=np.float32)


def pair(name: str):
    ours, theirs = (make() for make in LAYERS[name])
    for seed, parameter in enumerate(theirs.parameters(), start=5):
        parameter.data = torch.from_numpy(1 + sample(seed)[0, 0])
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def loss_of(gradients: list, total) -> object:
    """Its gradient is a second derivative."""
    return sum(total(gradient**3) for gradient in gradients)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "graph"])
def test_gradients_are_torchs(name: str, wrap) -> None:
    ours, theirs = pair(name)
    x, weight = sample(1), sample(2)
    t = torch.tensor(x, requires_grad=True)
    inputs = [t, *theirs.parameters()]
    expected = theirs(t)
    first = torch.autograd.grad((expected * torch.from_numpy(weight)).sum(), inputs, create_graph=True)
    second = torch.autograd.grad(loss_of(first, torch.sum), t)[0]

    @wrap
    def run(x: tf.Tensor):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = ours(x, training=True)
                loss = tf.reduce_sum(y * weight)
            gradients = inner.gradient(loss, [x, *(each.value for each in ours.trainable_variables)])
            total = loss_of(gradients, tf.reduce_sum)
        return y, gradients, outer.gradient(total, x)

    y, gradients, second_of_ours = run(tf.constant(x))
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    for actual, wanted in zip(gradients, first, strict=True):
        np.testing.assert_allclose(actual, wanted.detach().numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(second_of_ours, second.numpy(), rtol=1e-3, atol=1e-4 * np.abs(second.numpy()).max())


@pytest.mark.parametrize("name", LAYERS)
def test_inference_keeps_the_forms_that_optimisers_know(name: str) -> None:
    ours, _ = pair(name)

    def operations(training: bool) -> list[str]:
        graph = tf.function(lambda x: ours(x, training=training), input_signature=[tf.TensorSpec((None, 4, 6))])
        return [each.type for each in graph.get_concrete_function().graph.get_operations()]

    assert "IdentityN" in operations(training=True) and "IdentityN" not in operations(training=False)


@pytest.mark.parametrize("name", LAYERS)
def test_half_precision(name: str) -> None:
    """Statistics are wide, and the gradient has the input's type."""
    _, theirs = LAYERS[name]
    ours = nn.LayerNorm(6, dtype="mixed_bfloat16") if name == "layer norm" else nn.GELU(dtype="mixed_bfloat16")
    x = tf.cast(sample(1), tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(ours(x, training=True) * tf.cast(sample(2), tf.bfloat16))
    t = torch.tensor(x.numpy().astype(np.float32), requires_grad=True)
    (theirs()(t) * torch.from_numpy(sample(2))).sum().backward()
    gradient = tape.gradient(loss, x)
    assert gradient.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(gradient, tf.float32), t.grad.numpy(), atol=0.05)
