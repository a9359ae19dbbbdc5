"""Pooling of channels-last images (B, H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from .axis_matrix import apply_to_axis
from .convolution import pair


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tf.Tensor:
    """`torch.nn.functional.max_pool2d`.

    Raises:
        NotImplementedError: `return_indices` is asked for.
    """
    if return_indices:
        raise NotImplementedError("max_pool2d with return_indices=True")
    x = tf.convert_to_tensor(x)
    kernel, padding, dilation = pair(kernel_size), pair(padding), pair(dilation)
    stride = kernel if stride is None else pair(stride)
    reach = [gap * (size - 1) + 1 for gap, size in zip(dilation, kernel, strict=True)]
    if set(stride) == set(dilation) == {1} and all(2 * p == k - 1 for p, k in zip(padding, kernel, strict=True)):
        return tf.nn.max_pool2d(x, kernel, 1, "SAME")
    pads = [_pads(*args, ceil_mode) for args in zip(ops.shape(x)[1:3], reach, stride, padding, strict=True)]
    if _is_padded(pads):
        x = tf.pad(x, [(0, 0), *pads, (0, 0)], constant_values=tf.constant(-np.inf, x.dtype))
    if set(dilation) == {1}:
        return tf.nn.max_pool2d(x, kernel, stride, "VALID")
    return _dilated_max(x, kernel, stride, dilation, reach)


def _dilated_max(
    x: tf.Tensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], reach: Sequence[int]
) -> tf.Tensor:
    """The maximum of shifted views, since TensorFlow cannot both stride and dilate a pool."""
    height, width = ops.shape(x)[1:3]
    views = [
        x[:, top : height - reach[0] + 1 + top : stride[0], left : width - reach[1] + 1 + left : stride[1]]
        for top in range(0, reach[0], dilation[0])
        for left in range(0, reach[1], dilation[1])
    ]
    highest = views[0]
    for view in views[1:]:
        highest = tf.maximum(highest, view)
    return highest


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> tf.Tensor:
    """`torch.nn.functional.avg_pool2d`."""
    x = tf.convert_to_tensor(x)
    kernel, padding = pair(kernel_size), pair(padding)
    stride = kernel if stride is None else pair(stride)
    sizes = ops.shape(x)[1:3]
    pads = [_pads(*args, ceil_mode) for args in zip(sizes, kernel, stride, padding, strict=True)]
    padded = tf.pad(x, [(0, 0), *pads, (0, 0)]) if _is_padded(pads) else x
    means = tf.nn.avg_pool2d(padded, kernel, stride, "VALID")
    area = kernel[0] * kernel[1]
    if divisor_override is not None:
        return means * tf.cast(area / divisor_override, x.dtype)
    if not _is_padded(pads) or (count_include_pad and not ceil_mode):
        return means
    rows, columns = (
        _places_counted(size, own, *args, count_include_pad)
        for size, own, args in zip(sizes, ops.shape(means)[1:3], zip(kernel, stride, padding, strict=True), strict=True)
    )
    if isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray):
        return means * tf.constant(area / (rows[:, None, None] * columns[:, None]), x.dtype)
    counts = tf.reshape(rows, (-1, 1, 1)) * tf.reshape(columns, (-1, 1))
    return means * tf.cast(area / counts, x.dtype)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> tf.Tensor:
    """`torch.nn.functional.avg_pool1d`: (B, C, L) in torch's order."""
    (kernel,), (padding,) = pair(kernel_size, 1), pair(padding, 1)
    (stride,) = (kernel,) if stride is None else pair(stride, 1)
    rows = tf.expand_dims(x, -1)  # an image of C rows and one channel
    return avg_pool2d(rows, (1, kernel), (1, stride), (0, padding), ceil_mode, count_include_pad)[..., 0]


def _places_counted(size: Any, out: Any, kernel: int, stride: int, padding: int, include_pad: bool) -> Any:
    """How many places along one axis each window divides by."""
    first, last = (-padding, size + padding) if include_pad else (0, size)
    if isinstance(size, int) and isinstance(out, int):
        start = np.arange(out) * stride - padding
        return np.minimum(start + kernel, last) - np.maximum(start, first)
    start = tf.range(out) * stride - padding
    return tf.minimum(start + kernel, last) - tf.maximum(start, first)


def _pads(size: Any, reach: int, stride: int, padding: int, ceil_mode: bool) -> tuple[Any, Any]:
    """Amounts before and after one axis; with `ceil_mode` the last window may begin inside and end outside."""
    if not ceil_mode:
        return padding, padding
    covered = size + 2 * padding - reach
    windows = -(-covered // stride) + 1
    begins_outside = (windows - 1) * stride >= size + padding
    windows -= tf.cast(begins_outside, tf.int32) if tf.is_tensor(begins_outside) else int(begins_outside)
    extra = (windows - 1) * stride - covered
    return padding, padding + (tf.maximum(extra, 0) if tf.is_tensor(extra) else max(extra, 0))


def _is_padded(pads: Sequence[tuple[Any, Any]]) -> bool:
    return any(tf.is_tensor(amount) or amount > 0 for both in pads for amount in both)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> tf.Tensor:
    """`torch.nn.functional.adaptive_avg_pool2d`; None keeps the size of an axis."""
    x = tf.convert_to_tensor(x)
    wanted = _wanted_sizes(x, output_size)
    if not _any_unknown(wanted) and wanted == (1, 1):
        return tf.reduce_mean(x, axis=(1, 2), keepdims=True)
    window = _even_window(x, wanted)
    if window is not None:
        return tf.nn.avg_pool2d(x, window, window, "VALID")
    for axis, out in zip((1, 2), wanted, strict=True):
        x = apply_to_axis(x, _averaging_matrix(ops.shape(x)[axis], out), axis)
    return x


def adaptive_max_pool2d(x: Any, output_size: Any, return_indices: bool = False) -> tf.Tensor:
    """`torch.nn.functional.adaptive_max_pool2d`; None keeps the size of an axis.

    Raises:
        NotImplementedError: `return_indices` is asked for.
    """
    if return_indices:
        raise NotImplementedError("adaptive_max_pool2d with return_indices=True")
    x = tf.convert_to_tensor(x)
    wanted = _wanted_sizes(x, output_size)
    if not _any_unknown(wanted) and wanted == (1, 1):
        return tf.reduce_max(x, axis=(1, 2), keepdims=True)
    window = _even_window(x, wanted)
    if window is not None:
        return tf.nn.max_pool2d(x, window, window, "VALID")
    for axis, out in zip((1, 2), wanted, strict=True):
        size = ops.shape(x)[axis]
        if tf.is_tensor(out) or out is size:
            continue
        bins = [(place * size // out, -(-(place + 1) * size // out)) for place in range(out)]
        views = [x[:, begin:end] if axis == 1 else x[:, :, begin:end] for begin, end in bins]
        x = tf.stack([tf.reduce_max(view, axis=axis) for view in views], axis=axis)
    return x


def _wanted_sizes(x: tf.Tensor, output_size: Any) -> tuple[Any, Any]:
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    kept = ops.shape(x)[1:3]
    height, width = (own if size is None else size for own, size in zip(kept, sizes, strict=True))
    return height, width


def _any_unknown(sizes: Sequence[Any]) -> bool:
    return any(tf.is_tensor(size) for size in sizes)


def _even_window(x: tf.Tensor, wanted: Sequence[Any]) -> tuple[int, int] | None:
    """The window of a plain pool that does the same, where the sizes divide."""
    sizes = x.shape[1:3].as_list()
    if None in sizes or _any_unknown(wanted) or any(size % out for size, out in zip(sizes, wanted, strict=True)):
        return None
    return sizes[0] // wanted[0], sizes[1] // wanted[1]


def _averaging_matrix(size: Any, out: Any) -> Any:
    """(out, size): row i averages the places from floor(i size / out) to ceil((i + 1) size / out)."""
    is_static = isinstance(size, int) and isinstance(out, int)
    places, rows = (np.arange(size), np.arange(out)) if is_static else (tf.range(size), tf.range(out))
    begin, end = rows * size // out, -(-(rows + 1) * size // out)
    inside = (places[None, :] >= begin[:, None]) & (places[None, :] < end[:, None])
    if is_static:
        return inside / (end - begin)[:, None]
    return tf.cast(inside, tf.float32) / tf.cast(end - begin, tf.float32)[:, None]
