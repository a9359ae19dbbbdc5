"""Padding as TensorFlow's `SAME`, for timm.layers.padding."""

import tensorflow as tf


def get_same_padding(x, kernel_size, stride, dilation):
    """Zeros that both sides of an axis need together, for an output of size ceil(x / stride).

    Stands for timm.layers.padding.get_same_padding; hand-written as sizes that only a graph knows are integers here.
    x is the size of the axis, a number or a scalar tensor, and so is the result.
    """
    steps = -(-x // stride) - 1
    missing = steps * stride + (kernel_size - 1) * dilation + 1 - x
    return tf.maximum(missing, 0) if tf.is_tensor(missing) else max(missing, 0)
