"""Sampling images at places given by a grid."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops

from .selection import clamp_places


def grid_sample(
    x: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> tf.Tensor:
    """`torch.nn.functional.grid_sample` of an image (B, H, W, C).

    Args:
        grid: (B, out height, out width, 2), x then y, from -1 to 1.
        mode: bilinear or nearest. padding_mode: zeros or border.

    Returns:
        (B, out height, out width, C).

    Raises:
        NotImplementedError: another mode.
    """
    if mode not in ("bilinear", "nearest") or padding_mode not in ("zeros", "border"):
        raise NotImplementedError(f"grid_sample with mode={mode}, padding_mode={padding_mode}")
    x, grid = tf.convert_to_tensor(x), tf.cast(grid, tf.convert_to_tensor(x).dtype)
    height, width = ops.shape(x)[1:3]
    column = _pixel_place(grid[..., 0], width, bool(align_corners))
    row = _pixel_place(grid[..., 1], height, bool(align_corners))
    if padding_mode == "border":
        row = tf.clip_by_value(row, 0.0, tf.cast(height - 1, x.dtype))
        column = tf.clip_by_value(column, 0.0, tf.cast(width - 1, x.dtype))
    if mode == "nearest":
        return _pixels(x, tf.round(row), tf.round(column))
    top, left = tf.floor(row), tf.floor(column)
    down, right = (row - top)[..., None], (column - left)[..., None]
    upper = _pixels(x, top, left) * (1 - right) + _pixels(x, top, left + 1) * right
    lower = _pixels(x, top + 1, left) * (1 - right) + _pixels(x, top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


def _pixel_place(coordinate: tf.Tensor, size: Any, align_corners: bool) -> tf.Tensor:
    size = tf.cast(size, coordinate.dtype)
    if align_corners:
        return (coordinate + 1.0) / 2.0 * (size - 1.0)
    return ((coordinate + 1.0) * size - 1.0) / 2.0


def _pixels(x: tf.Tensor, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
    """Values at whole places, 0 outside the image."""
    _, height, width, _ = ops.shape(x)
    row, column = tf.cast(row, tf.int32), tf.cast(column, tf.int32)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row, column = clamp_places(row, height), clamp_places(column, width)
    values = tf.gather_nd(x, tf.stack([row, column], axis=-1), batch_dims=1)
    return tf.where(inside[..., None], values, tf.zeros((), x.dtype))


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> tf.Tensor:
    """`torch.nn.functional.affine_grid` for images: theta (B, 2, 3), torch's size (B, C, H, W).

    Returns:
        (B, H, W, 2), x then y.
    """
    theta = tf.convert_to_tensor(theta)
    height, width = size[-2], size[-1]
    rows, columns = (_cell_places(count, bool(align_corners), theta.dtype) for count in (height, width))
    grid = tf.stack([*tf.meshgrid(columns, rows), tf.ones((height, width), theta.dtype)], axis=-1)
    return tf.einsum("hwk,bjk->bhwj", grid, theta)


def _cell_places(count: Any, align_corners: bool, dtype: Any) -> tf.Tensor:
    places = tf.linspace(tf.constant(-1.0, dtype), tf.constant(1.0, dtype), count)
    return places if align_corners else places * tf.cast((count - 1) / count, dtype)
