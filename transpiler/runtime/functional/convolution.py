"""Convolutions of channels-last inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from ..keras_private import as_it_is
from ..parameter import StoredTensor
from .linear import sizes_for_reshape


def pair(value: Any, rank: int = 2) -> tuple[int, ...]:
    """One number for every axis, or one each."""
    if isinstance(value, (tuple, list)):
        return tuple(int(item) for item in value) if len(value) == rank else (int(value[0]),) * rank
    return (int(value),) * rank


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> tf.Tensor:
    """`torch.nn.functional.conv2d` of an image (B, H, W, C) with a weight (out, in / groups, h, w)."""
    return convolve(x, _stored_kernel(weight, (2, 3, 1, 0)), bias, stride, padding, dilation, groups)


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> tf.Tensor:
    """`torch.nn.functional.conv1d` of torch's (B, C, L) with a weight (out, in / groups, length)."""
    y = convolve(tf.transpose(x, (0, 2, 1)), _stored_kernel(weight, (2, 1, 0)), bias, stride, padding, dilation, groups)
    return tf.transpose(y, (0, 2, 1))


def _stored_kernel(weight: Any, to_stored: tuple[int, ...]) -> tf.Tensor:
    if isinstance(weight, StoredTensor) and weight.to_stored == to_stored:
        return tf.convert_to_tensor(weight.variable)
    return tf.transpose(tf.convert_to_tensor(weight), to_stored)


# With fewer channels, oneDNN's gradient of a 1 x 1 kernel with a stride writes where it should not (TensorFlow 2.21):
# the process ends, or goes on with other memory changed.
_LEAST_CHANNELS_TO_STEP_OVER = 16


def convolve(
    x: Any, kernel: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> tf.Tensor:
    """Convolution of (B, …, C) with a kernel as Keras stores it: (…, in / groups, out).

    Args:
        padding: number, one number an axis, "same" or "valid", all as in torch.

    Raises:
        ValueError: `x` has another number of channels than the kernel is for.
    """
    x, kernel = tf.convert_to_tensor(x), tf.convert_to_tensor(kernel)
    if x.dtype != kernel.dtype:
        x = tf.cast(x, kernel.dtype)
    rank = kernel.shape.rank - 2
    if x.shape[-1] is None:
        # A graph may not know the size that a -1 stands for, and TFLite's converter needs it.
        x = tf.reshape(x, [*sizes_for_reshape(x)[:-1], kernel.shape[-2] * groups])
    if x.shape[-1] != kernel.shape[-2] * groups or x.shape.rank != kernel.shape.rank:
        # TensorFlow would take twice as many channels for two groups, and end the process for another rank.
        expected = f"Expected {kernel.shape[-2] * groups} channels, last of {kernel.shape.rank} axes"
        raise as_it_is(ValueError(f"{expected}. Received: shape {tuple(x.shape)}"))
    stride, dilation = pair(stride, rank), pair(dilation, rank)
    pads = padding_amounts(padding, kernel.shape[:rank].as_list(), dilation)
    is_same = set(stride) == {1} and all(
        before == after and 2 * before == reach * (size - 1)
        for (before, after), reach, size in zip(pads, dilation, kernel.shape[:rank].as_list(), strict=True)
    )
    if not is_same and any(amount for both in pads for amount in both):
        # Explicit padding lists have no CPU gradient for grouped and dilated convolutions.
        x = tf.pad(x, [(0, 0), *pads, (0, 0)])
    y = _convolution(x, kernel, stride, "SAME" if is_same else "VALID", dilation, groups)
    return y if bias is None else tf.nn.bias_add(y, tf.cast(bias, y.dtype))


def padding_amounts(padding: Any, kernel_size: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """Amounts before and after each axis; an odd total of "same" has its extra one after, as in torch."""
    if padding == "valid":
        return [(0, 0)] * len(kernel_size)
    if padding == "same":
        totals = [reach * (size - 1) for reach, size in zip(dilation, kernel_size, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(amount, amount) for amount in pair(padding, len(kernel_size))]


def _convolution(
    x: tf.Tensor, kernel: tf.Tensor, stride: Sequence[int], padding: str, dilation: Sequence[int], groups: int
) -> tf.Tensor:
    if _suits_depthwise(kernel, stride, dilation, groups, x.shape[-1]):
        height, width, _, out = kernel.shape
        by_channel = tf.reshape(kernel, (height, width, groups, out // groups))
        return tf.nn.depthwise_conv2d(x, by_channel, [1, *stride, 1], padding, dilations=dilation)
    if kernel.shape.rank == 4:
        if kernel.shape[:2] == (1, 1) and max(stride) > 1 and x.shape[-1] < _LEAST_CHANNELS_TO_STEP_OVER:
            x, stride = x[:, :: stride[0], :: stride[1]], (1, 1)
        return tf.nn.conv2d(x, kernel, list(stride), padding, dilations=list(dilation))
    # The gradient in three dimensions needs the format's name; outside of graphs the default has none.
    layout = {3: "NWC", 5: "NDHWC"}[kernel.shape.rank]
    return tf.nn.convolution(x, kernel, list(stride), padding, data_format=layout, dilations=list(dilation))


def _suits_depthwise(
    kernel: tf.Tensor, stride: Sequence[int], dilation: Sequence[int], groups: int, channels: int
) -> bool:
    """Whether TensorFlow's depthwise kernel is right here; it is wrong with stride and dilation together."""
    is_depthwise = kernel.shape.rank == 4 and groups == channels > 1
    return is_depthwise and len(set(stride)) == 1 and (max(stride) == 1 or max(dilation) == 1)


def convolve_transpose(
    x: Any,
    kernel: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tf.Tensor:
    """Transposed convolution of images (B, H, W, C) with a kernel (h, w, out / groups, in)."""
    x, kernel = tf.convert_to_tensor(x), tf.convert_to_tensor(kernel)
    if x.dtype != kernel.dtype:
        x = tf.cast(x, kernel.dtype)
    stride, padding, output_padding, dilation = (pair(value) for value in (stride, padding, output_padding, dilation))
    if groups == 1:
        y = _full_transpose(x, kernel, stride, dilation)
    else:
        # TensorFlow has no grouped transposed convolution (TFLite converts one into garbage).
        parts = zip(tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1), strict=True)
        y = tf.concat([_full_transpose(part, own, stride, dilation) for part, own in parts], axis=-1)
    y = _crop_transpose(y, padding, output_padding)
    return y if bias is None else tf.nn.bias_add(y, tf.cast(bias, y.dtype))


def _full_transpose(x: tf.Tensor, kernel: tf.Tensor, stride: Sequence[int], dilation: Sequence[int]) -> tf.Tensor:
    """Every place the kernel reaches; torch crops by `padding` afterwards."""
    batch, height, width, _ = ops.shape(x)
    reach = [dilation[axis] * (kernel.shape[axis] - 1) + 1 for axis in (0, 1)]
    sizes = [(height - 1) * stride[0] + reach[0], (width - 1) * stride[1] + reach[1]]
    if set(dilation) == {1}:
        return tf.nn.conv2d_transpose(x, kernel, [batch, *sizes, kernel.shape[2]], list(stride), "VALID")
    kernel = _spread(kernel, dilation)
    return tf.nn.conv2d_transpose(x, kernel, [batch, *sizes, kernel.shape[2]], list(stride), "VALID")


def _spread(kernel: tf.Tensor, dilation: Sequence[int]) -> tf.Tensor:
    """The kernel with zeros between its places, since TensorFlow cannot both stride and dilate here."""
    height, width, out, inner = kernel.shape
    grid = tf.reshape(kernel, (height, 1, width, 1, out, inner))
    grid = tf.pad(grid, [(0, 0), (0, dilation[0] - 1), (0, 0), (0, dilation[1] - 1), (0, 0), (0, 0)])
    spread = tf.reshape(grid, (height * dilation[0], width * dilation[1], out, inner))
    return spread[: dilation[0] * (height - 1) + 1, : dilation[1] * (width - 1) + 1]


def _crop_transpose(y: tf.Tensor, padding: Sequence[int], output_padding: Sequence[int]) -> tf.Tensor:
    if any(output_padding):
        y = tf.pad(y, [(0, 0), (0, output_padding[0]), (0, output_padding[1]), (0, 0)])
    height, width = ops.shape(y)[1:3]
    return y[:, padding[0] : height - padding[0], padding[1] : width - padding[1]] if any(padding) else y


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> tf.Tensor:
    """`torch.nn.functional.conv_transpose2d` of an image (B, H, W, C) with a weight (in, out / groups, h, w)."""
    kernel = _stored_kernel(weight, (2, 3, 1, 0))
    return convolve_transpose(x, kernel, bias, stride, padding, output_padding, dilation, groups)
