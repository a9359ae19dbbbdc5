"""Layer normalisation in the one form that TensorFlow's graph optimiser turns into oneDNN's kernel.

That form is Keras 2's: batch statistics of FusedBatchNormV3 with every row taken for a channel. Not optimised, it is
slower and less exact than mean and variance, so it is used only where the optimiser sees it.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from ..keras_private import current_call_context
from .linear import as_rows, rows_as


def is_layer_norm_fused(x: tf.Tensor) -> bool:
    """Whether the optimiser will fuse it: in a graph for the CPU, without XLA, when no gradient is expected."""
    if tf.executing_eagerly() or x.dtype != tf.float32 or x.shape.rank < 2 or x.shape[-1] is None:
        return False
    if x.shape[:-1].is_fully_defined():
        return False  # the sizes would be folded into constants, which the optimiser does not match
    context = current_call_context()
    if context is not None and context.get_value("training"):
        return False
    return not (is_traced_for_xla() or tf.config.list_logical_devices("GPU"))


def is_traced_for_xla() -> bool:
    """Whether XLA will compile what is traced: it takes batch statistics as E[x²] - E[x]², which cancels far from 0."""
    return GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def fused_layer_norm(x: tf.Tensor, weight: Any, bias: Any, eps: float) -> tf.Tensor:
    """Normalise the last axis of a float32 tensor (..., C); weight and bias are (C,)."""
    rows = as_rows(x)
    width = rows.shape[-1]
    count = tf.shape(rows)[:1]
    none = tf.constant([], tf.float32)
    normal = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(rows, (1, -1, width, 1)),
        scale=tf.fill(count, 1.0),
        offset=tf.fill(count, 0.0),
        mean=none,
        variance=none,
        epsilon=eps,
        data_format="NCHW",
        is_training=True,
    )[0]
    normal = tf.reshape(normal, (-1, width))
    return rows_as(tf.cast(bias, tf.float32) + normal * tf.cast(weight, tf.float32), x)
