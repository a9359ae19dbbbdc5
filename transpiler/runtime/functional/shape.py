"""Axes, padding, indexing and gathering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops


def to_channels_first(x: Any) -> tf.Tensor:
    """(B, H, W, C) to (B, C, H, W)."""
    return tf.transpose(x, (0, 3, 1, 2))


def to_channels_last(x: Any) -> tf.Tensor:
    """(B, C, H, W) to (B, H, W, C)."""
    return tf.transpose(x, (0, 2, 3, 1))


def expand(x: Any, sizes: Sequence[Any]) -> tf.Tensor:
    """`torch.Tensor.expand`: broadcast to `sizes`, where -1 keeps the size of that axis."""
    x = tf.convert_to_tensor(x)
    own = ops.shape(x)
    missing = len(sizes) - len(own)
    target = [own[axis - missing] if isinstance(size, int) and size == -1 else size for axis, size in enumerate(sizes)]
    return tf.broadcast_to(x, target)


def sizes(value: Any) -> Any:
    """One size as a tuple of one; several stay as they are."""
    is_one = value.shape.rank == 0 if tf.is_tensor(value) else isinstance(value, (int, np.integer))
    return (value,) if is_one else value


def is_size_open() -> bool:
    """Whether a graph for images of any height or width is being traced: the counterpart of torch's `is_exporting`.

    No branch may depend on such a size.
    """
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        given = (operation.outputs[0].shape for operation in graph.get_operations() if operation.type == "Placeholder")
        if any(shape.rank == 4 and None in shape[1:3] for shape in given):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def gather(x: Any, axis: int, index: Any) -> tf.Tensor:
    """`torch.gather`: pick along `axis` at `index`, which has the rank of `x`."""
    x, index = tf.convert_to_tensor(x), tf.convert_to_tensor(index)
    rank = x.shape.rank
    axis %= rank
    # Torch lets the other axes of `index` be shorter.
    wanted = ops.shape(index)
    x = tf.slice(x, [0] * rank, [-1 if position == axis else wanted[position] for position in range(rank)])
    if axis == rank - 1:
        return tf.gather(x, index, batch_dims=rank - 1)
    order = [position for position in range(rank) if position != axis] + [axis]
    picked = tf.gather(tf.transpose(x, order), tf.transpose(index, order), batch_dims=rank - 1)
    return tf.transpose(picked, [int(position) for position in np.argsort(order)])


# The project's contract calls it by this name.
gather_along = gather


def masked_fill(x: Any, mask: Any, value: Any) -> tf.Tensor:
    """`torch.Tensor.masked_fill`: `value` wherever `mask`, broadcast to `x`, is true."""
    x = tf.convert_to_tensor(x)
    return tf.where(tf.cast(mask, tf.bool), tf.cast(value, x.dtype), x)


def triu(x: Any, diagonal: int = 0) -> tf.Tensor:
    """`torch.triu` of the last two axes."""
    return ops.triu(x, k=diagonal)


def tril(x: Any, diagonal: int = 0) -> tf.Tensor:
    """`torch.tril` of the last two axes."""
    return ops.tril(x, k=diagonal)


def one_hot(x: Any, num_classes: int = -1) -> tf.Tensor:
    """`torch.nn.functional.one_hot`: int64, the classes on a new last axis; -1 counts them."""
    depth = num_classes if num_classes != -1 else tf.reduce_max(x) + 1
    return tf.one_hot(x, tf.cast(depth, tf.int32), dtype=tf.int64)


def repeat_interleave(x: Any, repeats: Any, dim: int | None = None) -> tf.Tensor:
    """`torch.repeat_interleave`: without `dim` the input is flattened."""
    if dim is None:
        x, dim = tf.reshape(x, (-1,)), 0
    return tf.repeat(x, repeats, axis=dim)


def normalize(x: Any, p: float = 2.0, axis: Any = 1, eps: float = 1e-12) -> tf.Tensor:
    """`torch.nn.functional.normalize`: x / max(norm, eps) over the stored axis."""
    x = tf.convert_to_tensor(x)
    wide = tf.cast(x, tf.float32) if x.dtype.size < 4 else x
    if p == 2.0 and eps**2 >= np.finfo(wide.dtype.as_numpy_dtype).tiny:
        # One product instead of a root, two choices and a quotient; a zero vector's gradient stays finite.
        squares = tf.reduce_sum(tf.square(wide), axis=axis, keepdims=True)
        scale = tf.math.rsqrt(tf.maximum(squares, eps**2))
        if x.dtype == tf.float16:
            # The gradient at zero, 1 / eps, is infinite there, and no number once it meets an input of zeros.
            scale = tf.where(squares > 0.0, scale, 0.0)
        return tf.cast(wide * scale, x.dtype)
    size = norm(wide, axis, keepdims=True) if p == 2.0 else tf.norm(wide, ord=p, axis=axis, keepdims=True)
    return tf.cast(wide / tf.maximum(size, eps), x.dtype)


def norm(x: Any, axis: Any = None, keepdims: bool = False) -> tf.Tensor:
    """`torch.norm` with p=2: of vectors over one axis or several; at zero its gradient is zero."""
    squares = tf.reduce_sum(tf.square(x), axis=axis, keepdims=keepdims)
    is_zero = squares == 0
    return tf.where(is_zero, tf.zeros_like(squares), tf.sqrt(tf.where(is_zero, tf.ones_like(squares), squares)))


def slice_assign(x: Any, index: Any, value: Any) -> tf.Tensor:
    """A copy of `x` with `x[index] = value` done, for ints, slices, `...` and boolean masks.

    The value broadcasts as in torch. Sizes may be unknown.
    """
    x = tf.convert_to_tensor(x)
    value = tf.cast(value, x.dtype)
    rank = x.shape.rank
    if _is_mask(index):
        mask = tf.convert_to_tensor(index)
        return tf.where(tf.reshape(mask, ops.shape(mask) + (1,) * (rank - mask.shape.rank)), value, x)
    items = _full_index(index, rank)
    positions = [_positions(item, size) for item, size in zip(items, ops.shape(x), strict=True)]
    block = _block_of(value, items, [ops.shape(place)[0] for place in positions])
    mask = tf.constant(True)
    for axis, (item, place, size) in enumerate(zip(items, positions, ops.shape(x), strict=True)):
        if isinstance(item, slice) and item == slice(None):
            continue
        source, selected = _inverse_positions(place, size)
        mask = tf.logical_and(mask, tf.reshape(selected, [-1] + [1] * (rank - axis - 1)))
        block = tf.gather(block, source, axis=axis) if block.shape[axis] != 1 else block
    return tf.where(mask, block, x)


def _is_mask(index: Any) -> bool:
    return (tf.is_tensor(index) or isinstance(index, np.ndarray)) and tf.as_dtype(index.dtype) == tf.bool


def _full_index(index: Any, rank: int) -> list[Any]:
    items = list(index) if isinstance(index, tuple) else [index]
    place = next((position for position, item in enumerate(items) if item is Ellipsis), None)
    if place is not None:
        items[place : place + 1] = [slice(None)] * (rank - len(items) + 1)
    return items + [slice(None)] * (rank - len(items))


def _positions(item: Any, size: Any) -> Any:
    """Positions along one axis that an index item selects."""
    if not isinstance(item, slice):
        return np.array([item % size], np.int32) if _is_static(item, size) else tf.reshape(item % size, (1,))
    if _is_static(size, item.start, item.stop, item.step):
        return np.arange(size, dtype=np.int32)[item]
    return tf.range(size)[item]


def _is_static(*numbers: Any) -> bool:
    return not any(tf.is_tensor(number) for number in numbers)


def _block_of(value: tf.Tensor, items: list[Any], region: list[Any]) -> tf.Tensor:
    """The value with the rank of the target: axes of size 1 broadcast, ints select one place."""
    kept = [size for size, item in zip(region, items, strict=True) if isinstance(item, slice)]
    if value.shape.rank == 0:
        return tf.reshape(value, [1] * len(items))
    value = tf.broadcast_to(value, kept)
    return tf.reshape(value, region)


def _inverse_positions(places: Any, size: Any) -> tuple[Any, Any]:
    """For every place of an axis: which selected row it takes, and whether it was selected."""
    if isinstance(places, np.ndarray) and isinstance(size, int):
        source, selected = np.zeros(size, np.int32), np.zeros(size, bool)
        source[places] = np.arange(len(places))
        selected[places] = True
        return source, selected
    places = tf.convert_to_tensor(places)
    count = tf.shape(places)[0]
    source = tf.scatter_nd(places[:, None], tf.range(count), [size])
    selected = tf.scatter_nd(places[:, None], tf.ones([count], tf.int32), [size]) > 0
    return source, selected


def check(condition: Any, message: Any = "") -> None:
    """`torch._assert`: an AssertionError for a Python bool, a runtime assertion for a tensor."""
    if tf.is_tensor(condition):
        tf.debugging.Assert(condition, [str(message)])
    elif not condition:
        raise AssertionError(message)
