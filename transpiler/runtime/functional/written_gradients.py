"""Layer normalisation and GELU whose gradients are written out, for training.

TensorFlow derives the same gradients, in about twice as many passes over the activations. In inference graphs the plain
forms stand, which optimisers and converters know.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from ..keras_private import current_call_context
from .fused_layer_norm import is_traced_for_xla
from .linear import as_rows, rows_as

_SQRT_HALF = math.sqrt(0.5)
_ONE_BY_SQRT_PI = 1.0 / math.sqrt(math.pi)


def is_training_step(x: tf.Tensor) -> bool:
    """Whether a layer is called in training, on wide floats; XLA joins the passes of the plain forms itself."""
    context = current_call_context()
    is_training = context is not None and bool(context.get_value("training"))
    return is_training and x.dtype in (tf.float32, tf.float64) and not is_traced_for_xla()


@tf.custom_gradient
def gelu(x: tf.Tensor) -> Any:
    """x Φ(x), with the derivative Φ(x) + x φ(x)."""
    scaled = x * _SQRT_HALF
    below = 0.5 * tf.math.erf(scaled) + 0.5

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (below + scaled * tf.exp(-tf.square(scaled)) * _ONE_BY_SQRT_PI)

    return x * below, gradient


def layer_norm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, eps: float) -> tf.Tensor:
    """Normalise the last axis of (..., C); weight and bias are (C,)."""
    return rows_as(_layer_norm_of_rows(as_rows(x), weight, bias, tf.constant(eps, x.dtype)), x)


@tf.custom_gradient
def _layer_norm_of_rows(rows: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, eps: tf.Tensor) -> Any:
    centred = rows - tf.reduce_mean(rows, axis=-1, keepdims=True)
    scale = tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True) + eps)
    normal = centred * scale

    def gradient(upstream: tf.Tensor) -> Any:
        # Means of the rows of upstream * weight, and of that times normal, as products with a column.
        column = tf.expand_dims(weight, 1) / weight.shape[0]
        by_normal = upstream * normal
        centred_upstream = upstream * weight - tf.matmul(upstream, column)
        of_rows = (centred_upstream - normal * tf.matmul(by_normal, column)) * scale
        return of_rows, tf.reduce_sum(by_normal, axis=0), tf.reduce_sum(upstream, axis=0), None

    return normal * weight + bias, gradient
