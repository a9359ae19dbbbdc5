"""Applying a matrix to one spatial axis of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from .linear import sizes_for_reshape


def apply_to_axis(x: tf.Tensor, matrix: Any, axis: int) -> tf.Tensor:
    """Multiply (out, in) `matrix` into axis 1 or 2 of an image (B, H, W, C), in float32 at least.

    It is spelt as a matrix product of reshaped data, which TFLite can run with any batch size.
    """
    if isinstance(matrix, np.ndarray) and matrix.shape[0] == matrix.shape[1] and (matrix == np.eye(len(matrix))).all():
        return x
    wide = tf.cast(x, tf.float32) if x.dtype.size < 4 else x
    if isinstance(matrix, np.ndarray):
        matrix = matrix.astype(wide.dtype.as_numpy_dtype)  # here, so that no graph holds a cast
    matrix = tf.cast(matrix, wide.dtype)
    out = matrix.shape[0] if matrix.shape[0] is not None else tf.shape(matrix)[0]
    batch, height, width, channels = sizes_for_reshape(wide)
    if axis == 1:
        rows = tf.reshape(wide, (batch, height, _product(width, channels, wide.shape[2:])))
        y = tf.reshape(tf.matmul(matrix, rows), (batch, out, width, channels))
    else:
        columns = tf.reshape(wide, (-1, ops.shape(wide)[2], channels))
        y = tf.reshape(tf.matmul(matrix, columns), (batch, height, out, channels))
    return tf.cast(y, x.dtype)


def _product(width: Any, channels: int, static: tf.TensorShape) -> Any:
    return -1 if static[0] is None and not tf.is_tensor(width) else width * channels
