"""Making tensors, asking about them, and sorting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from .reshaping import swap_axes
from .shape import gather


@dataclass(frozen=True)
class FloatInfo:
    """Limits of a floating dtype, as `torch.finfo` gives them."""

    min: float
    max: float
    eps: float
    tiny: float


# Mantissa bits and the exponent of the smallest normal number.
_FLOAT_FORMATS = {tf.float16: (10, -14), tf.bfloat16: (7, -126), tf.float32: (23, -126), tf.float64: (52, -1022)}


def finfo(dtype: Any = tf.float32) -> FloatInfo:
    """`torch.finfo`.

    Raises:
        TypeError: the dtype is not floating.
    """
    dtype = tf.as_dtype(dtype)
    if dtype not in _FLOAT_FORMATS:
        raise TypeError(f"Expected a floating dtype. Received: {dtype.name}")
    bits, exponent = _FLOAT_FORMATS[dtype]
    return FloatInfo(float(dtype.min), float(dtype.max), 2.0**-bits, 2.0**exponent)


def full_like(x: Any, fill_value: Any) -> tf.Tensor:
    """`torch.full_like`."""
    x = tf.convert_to_tensor(x)
    return (
        tf.fill(tf.shape(x), tf.cast(fill_value, x.dtype))
        if None in x.shape
        else (tf.broadcast_to(tf.cast(fill_value, x.dtype), x.shape))
    )


def fft(x: Any, n: int | None = None, dim: int = -1) -> tf.Tensor:
    """`torch.fft.fft` of real numbers or complex ones; `n` cuts the axis or fills it up with zeros."""
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_complex:
        x = tf.cast(x, tf.complex128 if x.dtype == tf.float64 else tf.complex64)
    x = swap_axes(x, dim, -1)
    if n is not None:
        x = x[..., :n]
        x = tf.pad(x, [(0, 0)] * (x.shape.rank - 1) + [(0, n - tf.shape(x)[-1])])
    return swap_axes(tf.signal.fft(x), dim, -1)


def arange(*bounds: Any) -> tf.Tensor:
    """`torch.arange` without a dtype: int64 of integers, float32 when one of the bounds is a float."""
    kinds = [bound.dtype.is_floating if tf.is_tensor(bound) else isinstance(bound, float) for bound in bounds]
    dtype = tf.float32 if any(kinds) else tf.int64
    return tf.range(*(tf.cast(bound, dtype) for bound in bounds))


def linspace(start: Any, end: Any, steps: Any, dtype: Any = None) -> tf.Tensor:
    """`torch.linspace`: float32 unless told otherwise."""
    wide = tf.float64 if dtype is not None and tf.as_dtype(dtype) == tf.float64 else tf.float32
    values = tf.linspace(tf.cast(start, wide), tf.cast(end, wide), steps)
    return values if dtype is None else tf.cast(values, dtype)


def log2(x: Any) -> tf.Tensor:
    """Logarithm to base 2."""
    return tf.math.log(x) / math.log(2.0)


def numel(x: Any) -> Any:
    """Number of elements: an int where the shape is known, else a tensor."""
    shape = tuple(x.shape)
    return math.prod(shape) if None not in shape else tf.size(x)


def to_list(x: Any) -> Any:
    """`torch.Tensor.tolist`: nested Python numbers of a tensor whose value is known."""
    if not (tf.is_tensor(x) or hasattr(x, "numpy") or hasattr(x, "tolist")):
        return x
    return x.tolist() if hasattr(x, "tolist") else x.numpy().tolist()


def sort_with_indices(x: Any, axis: int = -1, descending: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
    """`torch.sort`: sorted values and where they came from (int64)."""
    direction = "DESCENDING" if descending else "ASCENDING"
    order = tf.argsort(x, axis=axis, direction=direction, stable=True)
    return gather(x, axis, order), tf.cast(order, tf.int64)


class Extreme(NamedTuple):
    """What `torch.max` and `torch.min` give along an axis."""

    values: tf.Tensor
    indices: tf.Tensor


def max_with_indices(x: Any, axis: int, keepdims: bool = False) -> Extreme:
    """`torch.max` along a stored axis: the largest values and where they are (int64)."""
    return _extreme(tf.reduce_max, tf.argmax, x, axis, keepdims)


def min_with_indices(x: Any, axis: int, keepdims: bool = False) -> Extreme:
    """`torch.min` along a stored axis: the smallest values and where they are (int64)."""
    return _extreme(tf.reduce_min, tf.argmin, x, axis, keepdims)


def _extreme(reduce: Any, arg: Any, x: Any, axis: int, keepdims: bool) -> Extreme:
    indices = arg(x, axis=axis, output_type=tf.int64)
    return Extreme(reduce(x, axis=axis, keepdims=keepdims), tf.expand_dims(indices, axis) if keepdims else indices)


def tensor(data: Any, dtype: Any = None) -> tf.Tensor:
    """`torch.tensor`: Python's ints become int64 and its floats float32; arrays keep their dtype."""
    found = tf.convert_to_tensor(data, dtype=dtype)
    is_array = tf.is_tensor(data) or hasattr(data, "dtype")
    return tf.cast(found, tf.int64) if dtype is None and not is_array and found.dtype == tf.int32 else found


def truncated_quotient(size: Any, divisor: Any) -> Any:
    """`int(size / divisor)`, of a size of a tensor that may be known only when a graph runs: then an int32 tensor."""
    if not tf.is_tensor(size) and not tf.is_tensor(divisor):
        return int(size / divisor)
    return tf.cast(tf.cast(size, tf.float64) / tf.cast(divisor, tf.float64), tf.int32)
