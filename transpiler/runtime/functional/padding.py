"""`torch.nn.functional.pad`, in the order of the stored axes or for channels-last images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from .selection import clamp_places


def pad(x: Any, pad: Sequence[Any], mode: str = "constant", value: Any = None) -> tf.Tensor:
    """Pad the stored axes, the last one first: `pad` is (last before, last after, last but one before, …).

    Negative amounts crop, as in torch. Amounts may be tensors in constant mode.

    Raises:
        ValueError: the mode is not constant, reflect, replicate or circular.
    """
    x = tf.convert_to_tensor(x)
    pairs: list[tuple[Any, Any]] = [(0, 0)] * x.shape.rank
    for place in range(len(pad) // 2):
        pairs[-1 - place] = (pad[2 * place], pad[2 * place + 1])
    return _pad_axes(x, pairs, mode, value)


def pad_image(x: Any, pad: Sequence[Any], mode: str = "constant", value: Any = None) -> tf.Tensor:
    """Pad an image held (B, H, W, C): `pad` is torch's (left, right, top, bottom, channels before, after)."""
    amounts = [*pad, *([0] * (6 - len(pad)))]
    left, right, top, bottom, front, back = amounts[:6]
    pairs = [(0, 0), (top, bottom), (left, right), (front, back)]
    return _pad_axes(tf.convert_to_tensor(x), pairs, mode, value)


def _pad_axes(x: tf.Tensor, pairs: list[tuple[Any, Any]], mode: str, value: Any) -> tf.Tensor:
    if _is_nothing(pairs):
        return x
    if mode == "constant":
        return _pad_constant(x, pairs, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise ValueError(f"Expected mode constant, reflect, replicate or circular. Received: {mode}")
    for axis, (before, after) in enumerate(pairs):
        if not _is_nothing([(before, after)]):
            x = tf.gather(x, _source_positions(ops.shape(x)[axis], before, after, mode), axis=axis)
    return x


def _is_nothing(pairs: Sequence[tuple[Any, Any]]) -> bool:
    return all(not tf.is_tensor(amount) and int(amount) == 0 for pair in pairs for amount in pair)


def _pad_constant(x: tf.Tensor, pairs: list[tuple[Any, Any]], value: Any) -> tf.Tensor:
    static = [[amount for amount in pair if not tf.is_tensor(amount)] for pair in pairs]
    if any(amount < 0 for pair in static for amount in pair):
        begin = [max(-int(before), 0) for before, _ in pairs]
        sizes = ops.shape(x)
        kept = [size - start - max(-int(after), 0) for size, start, (_, after) in zip(sizes, begin, pairs, strict=True)]
        x = tf.slice(x, begin, kept)
        pairs = [(max(before, 0), max(after, 0)) for before, after in pairs]
    return tf.pad(x, pairs, constant_values=tf.cast(value, x.dtype))


def _source_positions(size: Any, before: int, after: int, mode: str) -> Any:
    """Which place of the axis each padded place copies."""
    if isinstance(size, int):
        numpy_mode = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
        return np.pad(np.arange(size, dtype=np.int32), (before, after), mode=numpy_mode)  # type: ignore[call-overload]
    places = tf.range(-before, size + after)
    if mode == "replicate":
        return clamp_places(places, size)
    if mode == "circular":
        return tf.math.floormod(places, size)
    last = size - 1
    return last - tf.abs(last - tf.abs(places))
