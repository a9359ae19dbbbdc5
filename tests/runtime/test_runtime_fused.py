"""Forms chosen for TensorFlow's graph optimiser give torch's numbers in every way of running."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from runtime_comparison import assert_close, sample, to_torch

import tensorflow as tf  # isort: skip
from transpiler.runtime import functional as F  # isort: skip

WEIGHT, BIAS = sample(16, seed=1), sample(16, seed=2)


def in_graph(function: Callable[[Any], Any], x: Any, jit_compile: bool = False) -> Any:
    """The function's result and its input gradient, from a graph that knows only the last size of `x`."""
    shape = [None] * (x.ndim - 1) + [x.shape[-1]]
    spec = [tf.TensorSpec(x.shape if jit_compile else shape, tf.float32)]
    graph = tf.function(function, input_signature=spec, jit_compile=jit_compile)
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        total = tf.reduce_sum(tf.sin(graph(inputs)))
    return graph(inputs), tape.gradient(total, inputs)


def torch_layer_norm(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.layer_norm(x, (16,), torch.from_numpy(WEIGHT), torch.from_numpy(BIAS))


@pytest.mark.parametrize("shape", [(5, 16), (3, 5, 16), (2, 3, 4, 16)])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_layer_norm(shape: tuple[int, ...], jit_compile: bool) -> None:
    x = sample(*shape)
    torch_x = to_torch(x).requires_grad_(True)
    expected = torch_layer_norm(torch_x)
    expected.sin().sum().backward()
    actual, gradient = in_graph(lambda x: F.layer_norm(x, (16,), WEIGHT, BIAS), x, jit_compile)
    assert_close(actual, expected.detach().numpy())
    assert_close(gradient, torch_x.grad.numpy(), 2e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layer_norm_far_from_zero(jit_compile: bool) -> None:
    # XLA takes the variance of batch statistics as E[x²] - E[x]², which cancels here.
    x = sample(40, 16) + 300
    expected = torch_layer_norm(torch.from_numpy(x).double().float()).numpy()
    assert_close(in_graph(lambda x: F.layer_norm(x, (16,), WEIGHT, BIAS), x, jit_compile)[0], expected, 2e-4)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_activated_product_of_unknown_sizes(approximate: str) -> None:
    x, kernel = sample(2, 5, 8), sample(16, 8, seed=3)
    torch_x = to_torch(x).requires_grad_(True)
    product = torch.nn.functional.linear(torch_x, torch.from_numpy(kernel), torch.from_numpy(BIAS))
    expected = torch.nn.functional.gelu(product, approximate=approximate)
    expected.sin().sum().backward()
    actual, gradient = in_graph(lambda x: F.gelu(F.linear(x, kernel, BIAS), approximate), x)
    assert_close(actual, expected.detach().numpy())
    assert_close(gradient, torch_x.grad.numpy(), 2e-5)


@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_of_running_statistics(affine: bool) -> None:
    x, mean, variance = sample(2, 4, 3, 16), sample(16, seed=4), abs(sample(16, seed=5)) + 0.1
    weight, bias = (WEIGHT, BIAS) if affine else (None, None)
    torch_x = to_torch(x, image=True).requires_grad_(True)
    statistics = [None if value is None else torch.from_numpy(value) for value in (mean, variance, weight, bias)]
    expected = torch.nn.functional.batch_norm(torch_x, *statistics)
    expected.sin().sum().backward()
    actual, gradient = in_graph(lambda x: F.batch_norm(x, mean, variance, weight, bias), x)
    assert_close(actual, expected.detach().permute(0, 2, 3, 1).numpy())
    assert_close(gradient, torch_x.grad.permute(0, 2, 3, 1).numpy(), 2e-5)


@pytest.mark.parametrize("multiple", [1, 2])
@pytest.mark.parametrize("stride, dilation", [(1, 1), (2, 1), (1, 2)])
def test_batch_norm_after_a_depthwise_convolution(multiple: int, stride: int, dilation: int) -> None:
    channels = 16 // multiple
    x, kernel = sample(2, 6, 5, channels), sample(16, 1, 3, 3, seed=3)
    mean, variance = sample(16, seed=4), abs(sample(16, seed=5)) + 0.1
    options = {"stride": stride, "padding": 1, "dilation": dilation, "groups": channels}
    statistics = [torch.from_numpy(value) for value in (mean, variance, WEIGHT, BIAS)]
    torch_x = to_torch(x, image=True).requires_grad_(True)
    convolved = torch.nn.functional.conv2d(torch_x, torch.from_numpy(kernel), None, **options)
    expected = torch.nn.functional.silu(torch.nn.functional.batch_norm(convolved, *statistics))
    expected.sin().sum().backward()

    def convolve(x: tf.Tensor) -> tf.Tensor:
        return F.silu(F.batch_norm(F.conv2d(x, kernel, None, **options), mean, variance, WEIGHT, BIAS))

    actual, gradient = in_graph(convolve, x)
    assert_close(actual, expected.detach().permute(0, 2, 3, 1).numpy())
    assert_close(gradient, torch_x.grad.permute(0, 2, 3, 1).numpy(), 2e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_of_the_batch(affine: bool, jit_compile: bool) -> None:
    x = sample(2, 4, 3, 16) + 30  # far from zero, where a variance as E[x²] - E[x]² would cancel
    weight, bias = (WEIGHT, BIAS) if affine else (None, None)
    torch_x = to_torch(x, image=True).requires_grad_(True)
    affine_values = [None if value is None else torch.from_numpy(value) for value in (weight, bias)]
    running = torch.zeros(16), torch.ones(16)
    expected = torch.nn.functional.batch_norm(torch_x, *running, *affine_values, training=True)
    expected.sin().sum().backward()
    moved = tf.Variable(tf.zeros(16)), tf.Variable(tf.ones(16))
    graph = tf.function(lambda x: F.batch_norm(x, *moved, weight, bias, training=True), jit_compile=jit_compile)
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        actual = graph(inputs)
        total = tf.reduce_sum(tf.sin(actual))
    assert_close(actual, expected.detach().permute(0, 2, 3, 1).numpy(), 2e-5)
    assert_close(tape.gradient(total, inputs), torch_x.grad.permute(0, 2, 3, 1).numpy(), 1e-4)
    for ours, theirs in zip(moved, running, strict=True):
        assert_close(ours, theirs.numpy())


def test_batch_norm_of_a_large_batch_is_exact() -> None:
    """TensorFlow's own kernel is off by 2e-6: it adds all places of the batch one after the other."""
    x = np.random.default_rng(0).normal(0.5, 1.0, (4, 56, 56, 16)).astype(np.float32)
    torch_x = to_torch(x, image=True).double()
    exact = torch.nn.functional.batch_norm(torch_x, None, None, training=True).permute(0, 2, 3, 1).numpy()
    moved = tf.Variable(tf.zeros(16)), tf.Variable(tf.ones(16))
    graph = tf.function(lambda x: F.batch_norm(x, *moved, training=True, momentum=1.0))
    assert np.abs(graph(tf.constant(x)).numpy() - exact).max() / np.abs(exact).max() < 4e-7
    unbiased, mean = torch.var_mean(torch_x, (0, 2, 3))
    for ours, theirs in zip(moved, (mean, unbiased), strict=True):
        assert np.abs(ours.numpy() - theirs.numpy()).max() < 5e-7


def test_second_gradient_of_batch_norm() -> None:
    x = sample(2, 3, 3, 4)
    torch_x = to_torch(x, image=True).requires_grad_(True)
    normal = torch.nn.functional.batch_norm(torch_x, None, None, training=True)
    (first,) = torch.autograd.grad(normal.sin().sum(), torch_x, create_graph=True)
    first.square().sum().backward()
    inputs = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            total = tf.reduce_sum(tf.sin(F.batch_norm(inputs, None, None, training=True)))
        squares = tf.reduce_sum(tf.square(inner.gradient(total, inputs)))
    assert_close(outer.gradient(squares, inputs), torch_x.grad.permute(0, 2, 3, 1).numpy(), 1e-4)


@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("terms", [((6, 6, 2, 3, 2, 1), (6, 6, 2, 3, 1, 3)), ((6, 6, 2, 3, 2, 3), (6, 6, 2, 3, 1, 3))])
def test_attention_with_a_decomposed_bias(terms: tuple[tuple[int, ...], ...], batch: int) -> None:
    query, key, value = (sample(6, 6, 4, seed=seed) for seed in (6, 7, 8))
    rows, columns = (sample(*shape[1:], seed=seed)[:batch] for seed, shape in enumerate(terms))
    bias = torch.from_numpy(rows + columns).reshape(batch, 6, 6)
    torch_query = torch.from_numpy(query).requires_grad_(True)
    expected = torch.nn.functional.scaled_dot_product_attention(
        torch_query, torch.from_numpy(key), torch.from_numpy(value), attn_mask=bias
    )
    expected.sin().sum().backward()

    def attend(query: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        return F.scaled_dot_product_attention(query, key, value, tf.reshape(rows + columns, (-1, 6, 6)))

    spec = [tf.TensorSpec((None, *array.shape[1:]), tf.float32) for array in (query, rows, columns)]
    graph = tf.function(attend, input_signature=spec)
    inputs = tf.constant(query)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        actual = graph(inputs, rows, columns)
        total = tf.reduce_sum(tf.sin(actual))
    assert_close(actual, expected.detach().numpy())
    assert_close(tape.gradient(total, inputs), torch_query.grad.numpy(), 2e-5)
