"""Random numbers and dropout."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

# Inside `repeated_draws`: its seed and how many draws were made since.
_repeated: contextvars.ContextVar[list[Any] | None] = contextvars.ContextVar("repeated_draws", default=None)


def draw_seed() -> tf.Tensor:
    """A fresh seed for TensorFlow's stateless generators, (2,) int32.

    It follows `tf.random.set_seed` and `keras.utils.set_random_seed`.
    """
    scope = _repeated.get()
    if scope is None:
        return tf.random.uniform((2,), minval=tf.int32.min, maxval=tf.int32.max, dtype=tf.int32)
    scope[1] += 1
    return tf.random.experimental.stateless_fold_in(scope[0], scope[1])


@contextmanager
def repeated_draws(seed: tf.Tensor) -> Iterator[None]:
    """Inside, draws depend on `seed` and their order only, so that a second run draws the same numbers."""
    token = _repeated.set([seed, 0])
    try:
        yield
    finally:
        _repeated.reset(token)


def bernoulli(shape: Any, p: Any = 0.5, dtype: Any = tf.float32) -> tf.Tensor:
    """Ones with probability `p`, zeros elsewhere."""
    uniform = tf.random.stateless_uniform(shape, draw_seed(), dtype=tf.float32)
    return tf.cast(uniform < p, dtype)


def rand(shape: Any, dtype: Any = tf.float32) -> tf.Tensor:
    """Uniform numbers in [0, 1)."""
    return tf.cast(tf.random.stateless_uniform(shape, draw_seed()), dtype)


def randn(shape: Any, dtype: Any = tf.float32) -> tf.Tensor:
    """Numbers of the standard normal distribution."""
    return tf.cast(tf.random.stateless_normal(shape, draw_seed()), dtype)


def normal_like(x: Any, mean: float = 0.0, stddev: float = 1.0) -> tf.Tensor:
    """Normal numbers with the shape and dtype of `x`: what `torch.Tensor.normal_` would write."""
    return randn(keras.ops.shape(x), x.dtype) * stddev + mean


def bernoulli_like(x: Any, p: float = 0.5) -> tf.Tensor:
    """Ones with probability `p`, with the shape and dtype of `x`: what `torch.Tensor.bernoulli_` would write."""
    return bernoulli(keras.ops.shape(x), p, x.dtype)


def uniform_like(x: Any, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
    """Uniform numbers with the shape and dtype of `x`: what `torch.Tensor.uniform_` would write."""
    return rand(keras.ops.shape(x), x.dtype) * (high - low) + low


def randperm(n: Any, dtype: Any = tf.int64) -> tf.Tensor:
    """A random order of 0 … n - 1."""
    return tf.cast(tf.argsort(tf.random.stateless_uniform((n,), draw_seed())), dtype)


def randint(low: Any, high: Any, size: Any, dtype: Any = tf.int64) -> tf.Tensor:
    """Integers of low … high - 1, each as likely."""
    return tf.cast(tf.random.stateless_uniform(size, draw_seed(), low, high, dtype=tf.int64), dtype)


class Beta:
    """`torch.distributions.Beta`: numbers in [0, 1], of a scalar distribution."""

    def __init__(self, concentration1: float, concentration0: float):
        self.concentration1 = concentration1
        self.concentration0 = concentration0

    def sample(self) -> tf.Tensor:
        """One number: of two that follow gamma distributions, the share of the first."""
        one = tf.random.stateless_gamma((), draw_seed(), self.concentration1)
        other = tf.random.stateless_gamma((), draw_seed(), self.concentration0)
        return one / (one + other)


def dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> tf.Tensor:
    """Zero each element with probability `p` and scale the rest by 1 / (1 - p); in training only."""
    return _drop(x, p, training, lambda shape: shape)


def dropout2d(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> tf.Tensor:
    """The same for whole channels of images (B, H, W, C)."""
    return _drop(x, p, training, lambda shape: (shape[0], *([1] * (len(shape) - 2)), shape[-1]))


def _drop(x: Any, p: float, training: bool, noise_shape: Callable[[Any], Any]) -> tf.Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"Expected a dropout probability between 0 and 1. Received: {p}")
    if not training or p == 0.0:
        return x
    x = tf.convert_to_tensor(x)
    if p == 1.0:
        return tf.zeros_like(x)
    kept = bernoulli(noise_shape(keras.ops.shape(x)), 1.0 - p, dtype=x.dtype)
    return x * kept * tf.cast(1.0 / (1.0 - p), x.dtype)
