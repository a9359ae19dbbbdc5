"""Convolutions that take over the batch normalisation behind them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """`torch.nn.utils.fusion.fuse_conv_bn_eval`: one convolution that gives what the two give in evaluation.

    Args:
        conv: a convolution of any number of spatial axes.
        bn: the batch normalisation of its output, with running statistics.
        transpose: whether the convolution is a transposed one: not supported.

    Raises:
        NotImplementedError: `transpose` is set.
    """
    if transpose:
        raise NotImplementedError("fuse_conv_bn_eval with transpose=True")
    fused = type(conv)(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
        True,
        conv.padding_mode,
    )
    scale = tf.math.rsqrt(tf.convert_to_tensor(bn.running_var) + bn.eps)
    if bn.weight is not None:
        scale *= tf.convert_to_tensor(bn.weight)
    shift = -tf.convert_to_tensor(bn.running_mean) * scale
    if conv.bias is not None:
        shift += tf.convert_to_tensor(conv.bias) * scale
    if bn.bias is not None:
        shift += tf.convert_to_tensor(bn.bias)
    weight = tf.convert_to_tensor(conv.weight)
    fused.weight.assign(weight * tf.reshape(scale, (-1, *[1] * (weight.shape.rank - 1))))
    fused.bias.assign(shift)
    return fused
