"""Plain formulas for timm.layers.activations_me.

There the activations are torch.autograd.Functions that save memory by recomputing in a backward pass of their own.
TensorFlow differentiates the formula; XLA fuses and recomputes it where that pays.
"""

import tensorflow as tf

from transpiler.runtime import nn


def swish_me(x, inplace: bool = False):
    """Swish, x * sigmoid(x).

    Stands for timm.layers.activations_me.swish_me; hand-written because the original is a torch.autograd.Function.
    tf.nn.silu already keeps only its input for the backward pass.
    x may have any shape and a floating dtype; inplace is accepted for timm's signature.
    """
    return tf.nn.silu(x)


class SwishMe(nn.Module):
    """Swish, x * sigmoid(x).

    Stands for timm.layers.activations_me.SwishMe; hand-written because the original is a torch.autograd.Function.
    """

    def __init__(self, inplace: bool = False, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return swish_me(x)


def mish_me(x, inplace: bool = False):
    """Mish, x * tanh(softplus(x)).

    Stands for timm.layers.activations_me.mish_me; hand-written because the original is a torch.autograd.Function.
    x may have any shape and a floating dtype; inplace is accepted for timm's signature.
    """
    return x * tf.tanh(tf.math.softplus(x))


class MishMe(nn.Module):
    """Mish, x * tanh(softplus(x)).

    Stands for timm.layers.activations_me.MishMe; hand-written because the original is a torch.autograd.Function.
    """

    def __init__(self, inplace: bool = False, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return mish_me(x)


def hard_sigmoid_me(x, inplace: bool = False):
    """Hard sigmoid, relu6(x + 3) / 6.

    Stands for timm.layers.activations_me.hard_sigmoid_me; hand-written because the original is a torch.autograd.Function.
    x may have any shape and a floating dtype; inplace is accepted for timm's signature.
    """
    return tf.nn.relu6(x + 3.0) / 6.0


class HardSigmoidMe(nn.Module):
    """Hard sigmoid, relu6(x + 3) / 6.

    Stands for timm.layers.activations_me.HardSigmoidMe; hand-written because the original is a torch.autograd.Function.
    """

    def __init__(self, inplace: bool = False, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return hard_sigmoid_me(x)


def hard_swish_me(x, inplace: bool = False):
    """Hard swish, x * relu6(x + 3) / 6.

    Stands for timm.layers.activations_me.hard_swish_me; hand-written because the original is a torch.autograd.Function.
    x may have any shape and a floating dtype; inplace is accepted for timm's signature.
    """
    return x * tf.nn.relu6(x + 3.0) / 6.0


class HardSwishMe(nn.Module):
    """Hard swish, x * relu6(x + 3) / 6.

    Stands for timm.layers.activations_me.HardSwishMe; hand-written because the original is a torch.autograd.Function.
    """

    def __init__(self, inplace: bool = False, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return hard_swish_me(x)


def hard_mish_me(x, inplace: bool = False):
    """Hard Mish, x / 2 * clip(x + 2, 0, 2).

    Stands for timm.layers.activations_me.hard_mish_me; hand-written because the original is a torch.autograd.Function.
    x may have any shape and a floating dtype; inplace is accepted for timm's signature.
    """
    return 0.5 * x * tf.clip_by_value(x + 2.0, 0.0, 2.0)


class HardMishMe(nn.Module):
    """Hard Mish, x / 2 * clip(x + 2, 0, 2).

    Stands for timm.layers.activations_me.HardMishMe; hand-written because the original is a torch.autograd.Function.
    """

    def __init__(self, inplace: bool = False, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return hard_mish_me(x)
