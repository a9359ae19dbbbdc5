"""`torch.roll`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from .fused_layer_norm import is_traced_for_xla
from .linear import sizes_for_reshape


def roll(x: Any, shifts: Any, axis: Any = None) -> tf.Tensor:
    """`torch.roll` out of a gather, or of slices where sizes are open: TFLite lacks tf.roll."""
    x = tf.convert_to_tensor(x)
    if axis is None:
        return tf.reshape(roll(tf.reshape(x, (-1,)), shifts, 0), tf.shape(x))
    if not isinstance(shifts, (tuple, list)):
        shifts = (shifts,)
    if not isinstance(axis, (tuple, list)):
        axis = (axis,)
    axis = tuple(each % x.shape.rank for each in axis)
    if _is_roll_one_gather(x, shifts, axis):
        return _roll_neighbours(x, tuple(shifts), axis)
    for shift, each in zip(shifts, axis, strict=True):
        x = _roll_axis(x, shift, each)
    return x


def _is_roll_one_gather(x: tf.Tensor, shifts: Sequence[Any], axis: tuple[int, ...]) -> bool:
    """Whether axes of known sizes that stand together are rolled, with others behind them to be copied in one piece.

    A gather reads and writes once, where slices of two axes do so four times; XLA merges slices itself.
    """
    are_together = axis == tuple(range(axis[0], axis[0] + len(axis))) and axis[-1] < x.shape.rank - 1
    are_known = all(isinstance(shift, int) for shift in shifts) and x.shape[axis[0] :].is_fully_defined()
    return are_together and are_known and not is_traced_for_xla()


def _roll_neighbours(x: tf.Tensor, shifts: tuple[int, ...], axis: tuple[int, ...]) -> tf.Tensor:
    sizes, behind = x.shape[axis[0] : axis[-1] + 1].as_list(), x.shape[axis[-1] + 1 :].as_list()
    places = np.arange(math.prod(sizes), dtype=np.int32).reshape(sizes)
    sources = np.roll(places, shifts, range(len(axis))).reshape(-1)
    targets = np.argsort(sources).astype(np.int32)
    before = sizes_for_reshape(x)[: axis[0]]
    rolled = _permute(tf.reshape(x, (*before, places.size, math.prod(behind))), sources, targets, axis[0])
    return tf.reshape(rolled, (*before, *sizes, *behind))


def _permute(x: tf.Tensor, sources: Any, targets: Any, axis: int) -> tf.Tensor:
    """Slice i is the one at sources[i]; `targets` is the inverse, for the gradient: TensorFlow's adds slices up."""

    @tf.custom_gradient
    def permuted(x: tf.Tensor) -> Any:
        return tf.gather(x, sources, axis=axis), lambda upstream: _permute(upstream, targets, sources, axis)

    return permuted(x)


def _roll_axis(x: tf.Tensor, shift: Any, axis: int) -> tf.Tensor:
    size = ops.shape(x)[axis]
    if not isinstance(shift, int):
        return tf.roll(x, shift, axis)
    cut = (-shift) % size
    if tf.is_tensor(cut):
        before = (slice(None),) * axis
        head, tail = x[(*before, slice(cut))], x[(*before, slice(cut, None))]
    elif cut == 0:
        return x
    else:
        head, tail = tf.split(x, [cut, size - cut], axis=axis)
    return tf.concat([tail, head], axis=axis)
