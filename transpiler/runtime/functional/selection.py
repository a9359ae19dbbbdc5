"""Distinct values, and places along an axis."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops


def unique(x: Any, return_counts: bool = False) -> Any:
    """`torch.unique` of all elements: the distinct values in ascending order, and with `return_counts` their counts."""
    flat = tf.sort(tf.reshape(x, (-1,)))
    values, _, counts = tf.unique_with_counts(flat, out_idx=tf.int64)
    return (values, counts) if return_counts else values


def sliding_windows(x: Any, axis: int, size: int, step: int) -> tf.Tensor:
    """`torch.Tensor.unfold`: windows of `size` at every `step` along `axis`, their places on a new last axis."""
    x = tf.convert_to_tensor(x)
    rank = x.shape.rank
    axis %= rank
    count = (ops.shape(x)[axis] - size) // step + 1
    windows = tf.gather(x, tf.range(count)[:, None] * step + tf.range(size), axis=axis)
    order = [place for place in range(rank + 1) if place != axis + 1]
    return tf.transpose(windows, [*order, axis + 1])


def clamp_places(places: tf.Tensor, size: Any) -> tf.Tensor:
    """Indices of any value to the nearest ones that an axis of `size` has.

    Spelt in this order, as TFLite's converter takes `tf.clip_by_value(places, 0, 6)` for a ReLU6, of which it has none
    for integers.
    """
    return tf.minimum(tf.maximum(places, 0), size - 1)
