"""Activation functions with torch's definitions and defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from . import written_gradients
from .linear import rows_before_reshape
from .written_gradients import is_training_step

_SQRT_HALF = 0.7071067811865476
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def gelu(x: Any, approximate: str = "none") -> tf.Tensor:
    """Exact GELU, or its tanh form where `approximate` is "tanh"."""
    return _on_rows(_gelu_tanh if approximate == "tanh" else _gelu, x)


def _gelu(x: tf.Tensor) -> tf.Tensor:
    if is_training_step(x):
        return written_gradients.gelu(x)
    # This spelling is the one that TensorFlow's and TFLite's optimisers fuse, and ONNX has no Erfc.
    return 0.5 * x * (1.0 + tf.math.erf(x * _SQRT_HALF))


def _gelu_tanh(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.gelu(x, approximate=True)


def _on_rows(function: Callable[[tf.Tensor], tf.Tensor], x: Any) -> tf.Tensor:
    """An elementwise function, applied to the rows of a matrix product where `x` is one, so that they are fused."""
    x = tf.convert_to_tensor(x)
    rows = rows_before_reshape(x)
    return function(x) if rows is None else tf.reshape(function(rows), x.op.inputs[1])


def relu(x: Any, inplace: bool = False) -> tf.Tensor:
    return _on_rows(tf.nn.relu, x)


def relu6(x: Any, inplace: bool = False) -> tf.Tensor:
    return tf.nn.relu6(x)


def silu(x: Any, inplace: bool = False) -> tf.Tensor:
    x = tf.convert_to_tensor(x)
    return x * tf.sigmoid(x)


def mish(x: Any, inplace: bool = False) -> tf.Tensor:
    x = tf.convert_to_tensor(x)
    return x * tf.tanh(tf.math.softplus(x))


def sigmoid(x: Any) -> tf.Tensor:
    return tf.sigmoid(x)


def tanh(x: Any) -> tf.Tensor:
    return tf.tanh(x)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> tf.Tensor:
    return tf.clip_by_value(x, min_val, max_val)


def hardsigmoid(x: Any, inplace: bool = False) -> tf.Tensor:
    return tf.nn.relu6(tf.convert_to_tensor(x) + 3.0) / 6.0


def hardswish(x: Any, inplace: bool = False) -> tf.Tensor:
    x = tf.convert_to_tensor(x)
    return x * tf.nn.relu6(x + 3.0) / 6.0


def leaky_relu(x: Any, negative_slope: float = 0.01, inplace: bool = False) -> tf.Tensor:
    return tf.nn.leaky_relu(x, alpha=negative_slope)


def prelu(x: Any, weight: Any) -> tf.Tensor:
    """Leaky ReLU with a learnt slope, one for all or one a channel (last axis)."""
    x = tf.convert_to_tensor(x)
    return tf.nn.relu(x) - tf.cast(weight, x.dtype) * tf.nn.relu(-x)


def elu(x: Any, alpha: float = 1.0, inplace: bool = False) -> tf.Tensor:
    x = tf.convert_to_tensor(x)
    return tf.nn.elu(x) if alpha == 1.0 else tf.where(x > 0, x, alpha * tf.math.expm1(tf.minimum(x, 0.0)))


def celu(x: Any, alpha: float = 1.0, inplace: bool = False) -> tf.Tensor:
    x = tf.convert_to_tensor(x)
    return tf.nn.relu(x) + tf.minimum(alpha * tf.math.expm1(tf.minimum(x, 0.0) / alpha), 0.0)


def selu(x: Any, inplace: bool = False) -> tf.Tensor:
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> tf.Tensor:
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold."""
    x = tf.convert_to_tensor(x)
    scaled = x * beta
    return tf.where(scaled > threshold, x, tf.math.softplus(tf.minimum(scaled, threshold)) / beta)


def softmax(x: Any, axis: int = -1, dtype: Any = None) -> tf.Tensor:
    """Softmax over a stored axis, computed in float32 at least."""
    return _in_float32(tf.nn.softmax, x, axis, dtype)


def log_softmax(x: Any, axis: int = -1, dtype: Any = None) -> tf.Tensor:
    """Log softmax over a stored axis, computed in float32 at least."""
    return _in_float32(tf.nn.log_softmax, x, axis, dtype)


def _in_float32(function: Any, x: Any, axis: int, dtype: Any) -> tf.Tensor:
    x = tf.convert_to_tensor(x)
    result_dtype = x.dtype if dtype is None else tf.as_dtype(dtype)
    wide = tf.cast(x, tf.float32) if x.dtype.size < 4 else tf.cast(x, result_dtype)
    return tf.cast(function(wide, axis=axis), result_dtype)
