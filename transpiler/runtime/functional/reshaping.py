"""Flattening, splitting, repeating and swapping of stored axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops


def flatten(x: Any, start: int = 0, end: int = -1) -> tf.Tensor:
    """Merge the stored axes from `start` to `end`, both included."""
    x = tf.convert_to_tensor(x)
    rank = x.shape.rank
    start, end = start % rank, end % rank
    sizes = list(ops.shape(x))
    inner = sizes[start : end + 1]
    outer = sizes[:start] + sizes[end + 1 :]
    if all(isinstance(size, int) for size in inner):
        merged: Any = math.prod(inner)
        if sum(not isinstance(size, int) for size in outer) == 1:
            # One -1 keeps the rest of the graph's shapes static.
            sizes = [size if isinstance(size, int) else -1 for size in sizes]
    else:
        merged = -1
    return tf.reshape(x, [*sizes[:start], merged, *sizes[end + 1 :]])


def split(x: Any, size_or_sizes: Any, axis: int = 0) -> list[tf.Tensor]:
    """`torch.split`: pieces of one size, the last one smaller if need be, or of the sizes given."""
    x = tf.convert_to_tensor(x)
    if not isinstance(size_or_sizes, int):
        return list(tf.split(x, list(size_or_sizes), axis=axis))
    total = x.shape[axis]
    if total is None:
        raise ValueError(f"Cannot split axis {axis} of unknown size into pieces of {size_or_sizes}")
    whole, rest = divmod(total, size_or_sizes)
    return list(tf.split(x, [size_or_sizes] * whole + [rest] * (rest > 0), axis=axis))


def chunk(x: Any, chunks: int, axis: int = 0) -> list[tf.Tensor]:
    """`torch.chunk`: at most `chunks` pieces of equal size, the last one smaller if need be."""
    x = tf.convert_to_tensor(x)
    if x.shape[axis] is None:
        return list(tf.split(x, chunks, axis=axis))
    return split(x, -(-x.shape[axis] // chunks), axis)


def tensor_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[tf.Tensor]:
    """`torch.tensor_split`: pieces between indices, or so many pieces, the first ones larger by one if need be."""
    x = tf.convert_to_tensor(x)
    total = x.shape[axis]
    if total is None:
        raise ValueError(f"Cannot split axis {axis} of unknown size into {indices_or_sections}")
    if isinstance(indices_or_sections, int):
        size, larger = divmod(total, indices_or_sections)
        sizes = [size + (piece < larger) for piece in range(indices_or_sections)]
    else:
        bounds = [0, *(min(index, total) for index in indices_or_sections), total]
        sizes = [max(end - start, 0) for start, end in zip(bounds, bounds[1:], strict=False)]
    return list(tf.split(x, sizes, axis=axis))


def tile(x: Any, repeats: Sequence[Any]) -> tf.Tensor:
    """`torch.Tensor.repeat` and `tile`: more repeats than axes put new axes in front, fewer are for the last axes."""
    x = tf.convert_to_tensor(x)
    repeats = (*[1] * (x.shape.rank - len(repeats)), *repeats)
    for _ in range(len(repeats) - x.shape.rank):
        x = x[None]
    return tf.tile(x, repeats)


def swap_axes(x: Any, first: int, second: int) -> tf.Tensor:
    """`torch.transpose` of two stored axes."""
    x = tf.convert_to_tensor(x)
    order = list(range(x.shape.rank))
    order[first], order[second] = order[second], order[first]
    return tf.transpose(x, order)


def image_of_tokens(x: Any, sizes: Sequence[Any], swapped: tuple[int, int] = (-2, -1)) -> tf.Tensor:
    """`x.transpose(*swapped).reshape(B, C, H, W)` of torch, stored channels-last.

    Args:
        x: tokens, (B, N, C) or (B, heads, N, C / heads).
        sizes: B, C, H, W; C may be -1.
        swapped: the axes that torch's transpose swaps, the last two of `x` as a rule.

    Returns:
        (B, H, W, C). Tokens that already have C channels are only given their sides.

    Raises:
        tf.errors.InvalidArgumentError, ValueError: there are not B * H * W tokens of C channels.
    """
    x = tf.convert_to_tensor(x)
    batch, channels, height, width = sizes
    rank = x.shape.rank
    held = [x.shape[-1], *x.shape[1:-2]]
    are_last_two = rank in (3, 4) and {axis % rank for axis in swapped} == {rank - 2, rank - 1}
    if are_last_two and None not in held and not (isinstance(channels, int) and channels not in (-1, math.prod(held))):
        if rank == 4:
            x = tf.transpose(x, (0, 2, 1, 3))
        # With its own batch it can only be done where there is a token for each pixel.
        return tf.reshape(x, (ops.shape(x)[0], height, width, math.prod(held)))
    return tf.transpose(tf.reshape(swap_axes(x, *swapped), (batch, channels, height, width)), (0, 2, 3, 1))
