"""Axes and conversions of timm.layers.format for tensors whose images are stored channels-last.

What torch calls NCHW is stored here as (batch, height, width, channels), the same as NHWC. The token formats keep torch's
axes: NLC is (batch, length, channels) and NCL is (batch, channels, length).
"""

import tensorflow as tf
from keras import ops
from timm.layers.format import Format, FormatT


def get_spatial_dim(fmt: FormatT):
    """Spatial axes of a tensor of a format, as it is stored here.

    Stands for timm.layers.format.get_spatial_dim; hand-written because it hands axes out as data, and images are stored
    channels-last.

    Args:
        fmt: NCHW, NHWC, NCL or NLC.

    Returns:
        Tuple of axes; (1, 2) for NCHW as for NHWC.
    """
    return {Format.NLC: (1,), Format.NCL: (2,)}.get(Format(fmt), (1, 2))


def get_channel_dim(fmt: FormatT):
    """Channel axis of a tensor of a format, as it is stored here.

    Stands for timm.layers.format.get_channel_dim; hand-written because it hands an axis out as data, and images are
    stored channels-last.

    Args:
        fmt: NCHW, NHWC, NCL or NLC.

    Returns:
        The axis; 3 for NCHW as for NHWC.
    """
    return {Format.NLC: 2, Format.NCL: 1}.get(Format(fmt), 3)


def _image_to_tokens(x: tf.Tensor) -> tf.Tensor:
    """(B, H, W, C) to (B, H * W, C); batch, height and width may be unknown."""
    _, height, width, channels = ops.shape(x)
    return tf.reshape(x, (-1, height * width, channels))


def nchw_to(x: tf.Tensor, fmt: Format):
    """Convert an image to another format.

    Stands for timm.layers.format.nchw_to; hand-written because the image is stored channels-last: NCHW and NHWC are the
    same tensor and NLC is one reshape.

    Args:
        x: Image, (B, H, W, C).
        fmt: Target format.

    Returns:
        x itself for NCHW and NHWC; (B, H * W, C) for NLC; (B, C, H * W) for NCL.
    """
    if fmt == Format.NLC:
        return _image_to_tokens(x)
    if fmt == Format.NCL:
        return tf.transpose(_image_to_tokens(x), (0, 2, 1))
    return x


def nhwc_to(x: tf.Tensor, fmt: Format):
    """Convert a channels-last image to another format.

    Stands for timm.layers.format.nhwc_to; hand-written because NCHW is stored channels-last too, so that both names mean
    the same tensor.

    Args:
        x: Image, (B, H, W, C).
        fmt: Target format.

    Returns:
        x itself for NCHW and NHWC; (B, H * W, C) for NLC; (B, C, H * W) for NCL.
    """
    return nchw_to(x, fmt)
