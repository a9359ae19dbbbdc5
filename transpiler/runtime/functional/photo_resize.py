"""Resizing photos as Pillow does: an antialiasing filter for one axis after the other, bytes rounded after each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf
from keras import ops

from .axis_matrix import apply_to_axis
from .resize import antialias_weights

INTERPOLATIONS = ("bilinear", "bicubic")


def photo_resize(images: Any, size: tuple[Any, Any], interpolation: str = "bicubic") -> tf.Tensor:
    """`PIL.Image.resize` of images (B, H, W, C), and torchvision's `resize` of floating tensors.

    Pillow resizes one axis after the other and rounds to whole grey levels after each; so are uint8 images here. Its
    weights are fixed-point numbers of 22 bits, these are float32: a value that lies almost half-way between two grey
    levels may be rounded to the other one. The axes have the order of Pillow 13: the width is first unless the height
    loses more than twice as many pixels. Before, it was always first. Floating images are not rounded.

    Inside a `tf.function` with a known image size it is two matrix products, which TFLite and XLA take; otherwise
    TensorFlow's sparse kernel, which is faster for large photos.

    Args:
        images: uint8 or floating, (B, H, W, C); an unknown batch, height or width is allowed.
        size: height and width of the result, numbers or scalar tensors.
        interpolation: bilinear or bicubic.

    Returns:
        (B, *size, C), float32; whole numbers from 0 to 255 for uint8 images.

    Raises:
        ValueError: the interpolation is none of these.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"Expected an interpolation among {', '.join(INTERPOLATIONS)}. Received: {interpolation}")
    images = tf.convert_to_tensor(images)
    if images.dtype != tf.uint8:
        return _resized(tf.cast(images, tf.float32), size, interpolation, (2, 1), _as_it_is)
    height, width = ops.shape(images)[1:3]
    lost = height - size[0], width - size[1]
    images = tf.cast(images, tf.float32)
    by_width, by_height = (partial(_resized, images, size, interpolation, axes, _rounded) for axes in ((2, 1), (1, 2)))
    is_tall = (lost[0] > 0) & (lost[0] > 2 * lost[1])
    if tf.is_tensor(is_tall):
        return tf.cond(is_tall, by_height, by_width)
    return by_height() if is_tall else by_width()


def _as_it_is(images: tf.Tensor) -> tf.Tensor:
    return images


def _rounded(images: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.floor(images + 0.5), 0.0, 255.0)


def _resized(
    images: tf.Tensor,
    size: tuple[Any, Any],
    interpolation: str,
    axes: tuple[int, int],
    after_each: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    for axis in axes:
        images = after_each(_resize_axis(images, axis, size[axis - 1], interpolation))
    return images


def _resize_axis(images: tf.Tensor, axis: int, out: Any, interpolation: str) -> tf.Tensor:
    sizes = list(ops.shape(images)[1:3])
    own = sizes[axis - 1]
    if isinstance(own, int) and isinstance(out, int):
        if own == out:
            return images
        if not tf.executing_eagerly():
            return apply_to_axis(images, antialias_weights(own, out, None, interpolation, False), axis)
    sizes[axis - 1] = out
    return tf.image.resize(images, tf.stack(sizes), interpolation, antialias=True)
