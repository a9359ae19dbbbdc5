"""Matrix products over the last axis."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops

from ..parameter import StoredTensor


def matmul_last_axis(x: Any, kernel: Any, bias: Any = None) -> tf.Tensor:
    """`x @ kernel + bias` with all leading axes merged into one matrix product, which is faster.

    Args:
        x: (..., in).
        kernel: (in, out), as Keras stores it.
        bias: (out,) or None.
    """
    kernel = tf.convert_to_tensor(kernel)
    x = tf.convert_to_tensor(x)
    if x.dtype != kernel.dtype:
        x = tf.cast(x, kernel.dtype)
    if x.shape.rank == 1:
        return tf.squeeze(matmul_last_axis(x[None], kernel, bias), 0)
    y = tf.matmul(as_rows(x, kernel.shape[0]), kernel)
    if bias is not None:
        y = tf.nn.bias_add(y, tf.cast(bias, y.dtype))
    return rows_as(y, x)


def as_rows(x: tf.Tensor, width: int | None = None) -> tf.Tensor:
    """(..., C) as (rows, C)."""
    if x.shape.rank == 2:
        return x
    rows = rows_before_reshape(x)
    return tf.reshape(x, (-1, x.shape[-1] or width)) if rows is None else rows


def rows_as(rows: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """(rows, C) with the leading axes of `like`."""
    return rows if like.shape.rank == 2 else tf.reshape(rows, sizes_for_reshape(like)[:-1] + [rows.shape[-1]])


def rows_before_reshape(x: tf.Tensor) -> tf.Tensor | None:
    """The (rows, C) that a graph reshapes into `x` (..., C), or None.

    TensorFlow fuses a matrix product with its bias and activation only where no reshape stands between them.
    """
    operation = getattr(x, "op", None)  # of a graph's tensors only
    if operation is None or operation.type != "Reshape":
        return None
    rows = operation.inputs[0]
    return rows if rows.shape.rank == 2 and rows.shape[-1] == x.shape[-1] is not None else None


def sizes_for_reshape(x: tf.Tensor) -> list[Any]:
    """Sizes of `x` for `tf.reshape`: -1 where one alone is unknown, which keeps the graph static."""
    static = x.shape.as_list()
    if static.count(None) == 1 and static[-1] is not None:
        return [-1 if size is None else size for size in static]
    return list(ops.shape(x))


def linear(x: Any, weight: Any, bias: Any = None) -> tf.Tensor:
    """`torch.nn.functional.linear`: weight (out, in), bias (out,) or None."""
    if isinstance(weight, StoredTensor) and weight.to_torch == (1, 0):
        return matmul_last_axis(x, weight.variable, bias)
    return matmul_last_axis(x, tf.transpose(tf.convert_to_tensor(weight)), bias)
