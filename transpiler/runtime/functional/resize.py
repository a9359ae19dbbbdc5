"""`torch.nn.functional.interpolate` for images (B, H, W, C) and sequences (B, L, C), exact in every mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from .axis_matrix import apply_to_axis
from .pooling import adaptive_avg_pool2d
from .selection import clamp_places

_MODES = ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
# What a sequence is resized by, as an image of one row.
_MODES_OF_A_ROW = {"nearest": "nearest", "nearest-exact": "nearest-exact", "linear": "bilinear", "area": "area"}
_CUBIC = -0.75
_CUBIC_ANTIALIAS = -0.5


def interpolate(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> tf.Tensor:
    """`torch.nn.functional.interpolate`.

    Args:
        x: image (B, H, W, C), or a sequence (B, L, C); an unknown height or width is allowed.
        size: height and width of the result, or one number for both. A sequence has one size only.
        scale_factor: instead of `size`; one factor, or one for height and one for width. As in torch,
            the sampling places follow the factor itself, even where the size had to be rounded.
        mode: nearest, nearest-exact, bilinear, bicubic or area; of a sequence nearest, nearest-exact, linear or area.

    Raises:
        ValueError: the mode is none of these, or not exactly one of `size` and `scale_factor` is given.
    """
    x = tf.convert_to_tensor(x)
    if x.shape.rank == 3 and mode in _MODES_OF_A_ROW:
        size, scale_factor = _of_a_row(size), _of_a_row(scale_factor)
        mode = _MODES_OF_A_ROW[mode]
        row = interpolate(x[:, None], size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
        return tf.squeeze(row, 1)
    if mode not in _MODES or x.shape.rank != 4:
        raise ValueError(f"Expected a mode among {', '.join(_MODES)}. Received: {mode} for rank {x.shape.rank}")
    if (size is None) == (scale_factor is None):
        raise ValueError("Expected exactly one of size and scale_factor")
    sizes = ops.shape(x)[1:3]
    wanted, steps = _targets(sizes, size, scale_factor, bool(recompute_scale_factor))
    if mode == "area":
        return adaptive_avg_pool2d(x, wanted)
    if mode.startswith("nearest"):
        for axis in (1, 2):
            x = _nearest(x, axis, wanted[axis - 1], steps[axis - 1], exact=mode == "nearest-exact")
        return x
    is_float32_enough = x.dtype != tf.float64  # all that tf.image.resize computes in
    if mode == "bilinear" and not align_corners and not antialias and steps == (None, None) and is_float32_enough:
        return tf.cast(tf.image.resize(x, tf.stack(wanted) if _any_tensor(wanted) else wanted, "bilinear"), x.dtype)
    weights_of = antialias_weights if antialias else _tap_weights
    for axis in (1, 2):
        weights = weights_of(sizes[axis - 1], wanted[axis - 1], steps[axis - 1], mode, bool(align_corners))
        x = apply_to_axis(x, weights, axis)
    return x


def _of_a_row(value: Any) -> Any:
    """The size, or the factor, of an image of one row."""
    if value is None:
        return None
    return (1, value[0] if isinstance(value, (tuple, list)) else value)


def _any_tensor(values: Sequence[Any]) -> bool:
    return any(tf.is_tensor(value) for value in values)


def _targets(sizes: Sequence[Any], size: Any, scale_factor: Any, recompute: bool) -> tuple[tuple[Any, ...], Any]:
    """Result sizes, and for each axis the step between sampling places where a factor sets it."""
    if size is not None:
        wanted = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
        if tf.is_tensor(size) and size.shape.rank == 1:
            wanted = (size[0], size[1])
        return wanted, (None, None)
    factors = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor, scale_factor)
    wanted = tuple(_scaled(own, factor) for own, factor in zip(sizes, factors, strict=True))
    exact = [
        recompute
        or (isinstance(own, int) and own * factor == out)
        or (tf.is_tensor(own) and float(factor).is_integer())
        for own, factor, out in zip(sizes, factors, wanted, strict=True)
    ]
    return wanted, (None, None) if all(exact) else tuple(1.0 / factor for factor in factors)


def _scaled(size: Any, factor: float) -> Any:
    if isinstance(size, int):
        return math.floor(size * factor)
    return tf.cast(tf.floor(tf.cast(size, tf.float64) * factor), tf.int32)


def _nearest(x: tf.Tensor, axis: int, out: Any, step: float | None, exact: bool) -> tf.Tensor:
    size = ops.shape(x)[axis]
    if isinstance(size, int) and isinstance(out, int) and step is None and out % size == 0:
        return _repeat(x, axis, out // size)
    if isinstance(size, int) and isinstance(out, int):
        # In float32 as torch does it: the rounding decides which place is taken.
        stride = np.float32(size) / np.float32(out) if step is None else np.float32(step)
        places: Any = np.floor((np.arange(out, dtype=np.float32) + np.float32(0.5 * exact)) * stride)
        return tf.gather(x, np.minimum(places.astype(np.int32), size - 1), axis=axis)
    ratio = tf.cast(size, tf.float32) / tf.cast(out, tf.float32) if step is None else step
    places = tf.cast(tf.floor((tf.cast(tf.range(out), tf.float32) + 0.5 * exact) * ratio), tf.int32)
    return tf.gather(x, tf.minimum(places, size - 1), axis=axis)


def _repeat(x: tf.Tensor, axis: int, times: int) -> tf.Tensor:
    """`tf.repeat` out of a broadcast, whose gradient is a plain sum."""
    if times == 1:
        return x
    sizes = list(ops.shape(x))
    spread = tf.broadcast_to(tf.expand_dims(x, axis + 1), [*sizes[: axis + 1], times, *sizes[axis + 1 :]])
    static = x.shape.as_list()
    unknown = -1 if static[0] is None and None not in static[1:] else sizes[0]
    return tf.reshape(spread, [unknown, *sizes[1:axis], sizes[axis] * times, *sizes[axis + 1 :]])


def _tap_weights(size: Any, out: Any, step: float | None, mode: str, align_corners: bool) -> Any:
    """(out, size) weights of linear or cubic interpolation, places beyond the border clamped to it."""
    if isinstance(size, int) and isinstance(out, int):
        return _static_tap_weights(size, out, step, mode, align_corners)
    rows = tf.cast(tf.range(out), tf.float32)
    places = _places(rows, tf.cast(size, tf.float32), tf.cast(out, tf.float32), step, align_corners, tf.maximum)
    if mode == "bilinear":
        places = tf.maximum(places, 0.0)
    base = tf.floor(places)
    taps = _taps(places - base, mode)
    weights = tf.zeros((out, size))
    for offset, weight in taps:
        index = clamp_places(tf.cast(base, tf.int32) + offset, size)
        weights += tf.one_hot(index, size) * weight[:, None]
    return weights


def _static_tap_weights(size: int, out: int, step: float | None, mode: str, align_corners: bool) -> np.ndarray:
    places = _places(np.arange(out, dtype=np.float64), size, out, step, align_corners, max)
    if mode == "bilinear":
        places = np.maximum(places, 0.0)
    base = np.floor(places)
    weights = np.zeros((out, size))
    for offset, weight in _taps(places - base, mode):
        index = np.clip(base.astype(int) + offset, 0, size - 1)
        np.add.at(weights, (np.arange(out), index), weight)
    return weights


def _places(rows: Any, size: Any, out: Any, step: float | None, align_corners: bool, maximum: Any) -> Any:
    """Where on the input's axis each row of the result samples."""
    if align_corners:
        return rows * ((size - 1) / maximum(out - 1, 1))
    return (rows + 0.5) * (size / out if step is None else step) - 0.5


def _taps(fraction: Any, mode: str) -> list[tuple[int, Any]]:
    """Offsets from the place before, and their weights."""
    if mode == "bilinear":
        return [(0, 1.0 - fraction), (1, fraction)]
    return [
        (-1, _cubic_far(fraction + 1.0, _CUBIC)),
        (0, _cubic_near(fraction, _CUBIC)),
        (1, _cubic_near(1.0 - fraction, _CUBIC)),
        (2, _cubic_far(2.0 - fraction, _CUBIC)),
    ]


def _cubic_near(distance: Any, a: float) -> Any:
    return ((a + 2.0) * distance - (a + 3.0)) * distance * distance + 1.0


def _cubic_far(distance: Any, a: float) -> Any:
    return ((a * distance - 5.0 * a) * distance + 8.0 * a) * distance - 4.0 * a


def antialias_weights(size: Any, out: Any, step: float | None, mode: str, align_corners: bool) -> Any:
    """(out, size) weights of a filter that widens with the reduction, each row summing to 1."""
    is_static = isinstance(size, int) and isinstance(out, int)
    xp: Any = np if is_static else tf
    as_float = float if is_static else (lambda value: tf.cast(value, tf.float32))
    number, count = as_float(size), as_float(out)
    if align_corners:
        stride = (number - 1) / xp.maximum(count - 1, 1.0)
    else:
        stride = number / count if step is None else as_float(step)
    widening = xp.maximum(stride, 1.0)
    rows = np.arange(out) + 0.5 if is_static else tf.cast(tf.range(out), tf.float32) + 0.5
    columns = np.arange(size) + 0.5 if is_static else tf.cast(tf.range(size), tf.float32) + 0.5
    centre = (rows * stride)[:, None]
    support = (1.0 if mode == "bilinear" else 2.0) * widening
    distance = xp.abs(columns[None, :] - centre) / widening
    inside = (columns >= xp.floor(centre - support + 0.5)) & (columns < xp.floor(centre + support + 0.5))
    weights = xp.where(inside, _filter(distance, mode, xp), 0.0)
    weights = weights / (weights.sum(1, keepdims=True) if is_static else tf.reduce_sum(weights, 1, keepdims=True))
    return weights


def _filter(distance: Any, mode: str, xp: Any) -> Any:
    if mode == "bilinear":
        return xp.maximum(1.0 - distance, 0.0)
    near, far = _cubic_near(distance, _CUBIC_ANTIALIAS), _cubic_far(distance, _CUBIC_ANTIALIAS)
    return xp.where(distance < 1.0, near, xp.where(distance < 2.0, far, 0.0))
