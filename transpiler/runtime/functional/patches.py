"""Moving pixels between space and channels, for images (B, H, W, C)."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from .convolution import convolve, padding_amounts, pair


def pixel_shuffle(x: Any, upscale_factor: int) -> tf.Tensor:
    """`torch.nn.functional.pixel_shuffle`: channels are (C, factor, factor), in torch's order."""
    x = tf.convert_to_tensor(x)
    batch, height, width, channels = ops.shape(x)
    r = upscale_factor
    cells = tf.reshape(x, (batch, height, width, channels // (r * r), r, r))
    cells = tf.transpose(cells, (0, 1, 4, 2, 5, 3))
    return tf.reshape(cells, (batch, height * r, width * r, channels // (r * r)))


def pixel_unshuffle(x: Any, downscale_factor: int) -> tf.Tensor:
    """`torch.nn.functional.pixel_unshuffle`, the inverse of `pixel_shuffle`."""
    x = tf.convert_to_tensor(x)
    batch, height, width, channels = ops.shape(x)
    r = downscale_factor
    cells = tf.reshape(x, (batch, height // r, r, width // r, r, channels))
    cells = tf.transpose(cells, (0, 1, 3, 5, 2, 4))
    return tf.reshape(cells, (batch, height // r, width // r, channels * r * r))


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> tf.Tensor:
    """`torch.nn.functional.unfold` of an image (B, H, W, C): torch's (B, C × kernel size, places).

    A convolution with one-hot kernels, which TFLite and ONNX can run; tf.image.extract_patches they cannot.
    """
    x = tf.convert_to_tensor(x)
    height, width = pair(kernel_size)
    channels = x.shape[-1]
    one_hot = np.eye(height * width, dtype=np.float32).reshape(height, width, 1, height * width)
    kernel = tf.cast(np.tile(one_hot, (1, 1, 1, channels)), x.dtype)
    patches = convolve(x, kernel, None, stride, padding, dilation, groups=channels)
    batch, rows, columns, depth = ops.shape(patches)
    return tf.transpose(tf.reshape(patches, (batch, rows * columns, depth)), (0, 2, 1))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> tf.Tensor:
    """`torch.nn.functional.fold`: (B, C × kernel size, places) summed into an image (B, H, W, C)."""
    x = tf.convert_to_tensor(x)
    kernel, dilation, stride, size = pair(kernel_size), pair(dilation), pair(stride), pair(output_size)
    (top, bottom), (left, right) = padding_amounts(padding, kernel, dilation)
    full = (size[0] + top + bottom, size[1] + left + right)
    rows, columns = ((full[axis] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1 for axis in (0, 1))
    batch = ops.shape(x)[0]
    channels = x.shape[1] // (kernel[0] * kernel[1])
    cells = tf.reshape(x, (batch, channels, kernel[0] * kernel[1], rows, columns))
    image: Any = None
    for place in range(kernel[0] * kernel[1]):
        shift = (place // kernel[1] * dilation[0], place % kernel[1] * dilation[1])
        part = _spread(tf.transpose(cells[:, :, place], (0, 2, 3, 1)), stride, shift, full)
        image = part if image is None else image + part
    return image[:, top : top + size[0], left : left + size[1]]


def _spread(x: tf.Tensor, stride: tuple[int, ...], shift: tuple[int, int], full: tuple[int, int]) -> tf.Tensor:
    """Put the places `stride` apart on a larger image, from `shift` on."""
    batch, height, width, channels = ops.shape(x)
    grid = tf.reshape(x, (batch, height, 1, width, 1, channels))
    grid = tf.pad(grid, [(0, 0), (0, 0), (0, stride[0] - 1), (0, 0), (0, stride[1] - 1), (0, 0)])
    spread = tf.reshape(grid, (batch, height * stride[0], width * stride[1], channels))
    spread = spread[:, : full[0] - shift[0], : full[1] - shift[1]]
    sizes = spread.shape
    pads = [(shift[axis], full[axis] - shift[axis] - sizes[axis + 1]) for axis in (0, 1)]
    return tf.pad(spread, [(0, 0), *pads, (0, 0)])
