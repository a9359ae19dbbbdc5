"""CondConv2d of timm.layers.cond_conv2d without groups that count the batch.

There the images of a batch become groups of one convolution, whose kernels are views of a parameter's rows. A
TensorFlow convolution needs a fixed number of groups, so here each image's patches meet its own kernel in an einsum.
"""

import math
from functools import partial

import tensorflow as tf
from keras import ops

from timm.layers.helpers import to_2tuple
from timm.layers.padding import get_padding_value, pad_same
from transpiler.runtime import functional as F
from transpiler.runtime import nn


def get_condconv_initializer(initializer, num_experts, expert_shape):
    """An initializer of all experts that draws each one by `initializer`.

    Stands for timm.layers.cond_conv2d.get_condconv_initializer; hand-written because the original fills views.
    """

    def condconv_initializer(weight):
        """CondConv initializer function."""
        num_params = math.prod(expert_shape)
        if tuple(weight.shape) != (num_experts, num_params):
            raise ValueError("CondConv variables must have shape [num_experts, num_params]")
        experts = [nn.Parameter(tf.zeros(expert_shape)) for _ in range(num_experts)]
        for expert in experts:
            initializer(expert)
        weight.assign(tf.stack([tf.reshape(expert, (-1,)) for expert in experts]))

    return condconv_initializer


class CondConv2d(nn.Module):
    """Conditionally parameterized convolution: each image has its own mixture of the experts' kernels.

    Stands for timm.layers.cond_conv2d.CondConv2d; hand-written because the original counts the batch in its groups.
    Takes images (B, H, W, C) and routing weights (B, num_experts).
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size=3,
        stride=1,
        padding="",
        dilation=1,
        groups=1,
        bias=False,
        num_experts=4,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = to_2tuple(kernel_size)
        self.stride = to_2tuple(stride)
        amount, self.dynamic_padding = get_padding_value(padding, kernel_size, stride=stride, dilation=dilation)
        self.padding = to_2tuple(amount)
        self.dilation = to_2tuple(dilation)
        self.groups = groups
        self.num_experts = num_experts

        self.weight_shape = (self.out_channels, self.in_channels // self.groups) + self.kernel_size
        self.weight = nn.Parameter(tf.zeros((self.num_experts, math.prod(self.weight_shape))))
        if bias:
            self.bias_shape = (self.out_channels,)
            self.bias = nn.Parameter(tf.zeros((self.num_experts, self.out_channels)))
        else:
            self.register_parameter("bias", None)

        self.reset_parameters()

    def reset_parameters(self):
        """Draw every expert as torch draws a convolution."""
        init_weight = get_condconv_initializer(
            partial(nn.init.kaiming_uniform_, a=math.sqrt(5)), self.num_experts, self.weight_shape
        )
        init_weight(self.weight)
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight_shape[1:]))
            init_bias = get_condconv_initializer(
                partial(nn.init.uniform_, a=-bound, b=bound), self.num_experts, self.bias_shape
            )
            init_bias(self.bias)

    def call(self, x, routing_weights):
        weight = tf.matmul(routing_weights, tf.convert_to_tensor(self.weight))
        shape = (self.groups, self.out_channels // self.groups, self.in_channels // self.groups)
        weight = tf.reshape(weight, (-1, *shape, math.prod(self.kernel_size)))
        y = tf.einsum("bhwkgi,bgoik->bhwgo", self._patches(x), weight)
        y = F.flatten(y, 3)
        if self.bias is not None:
            y = y + tf.matmul(routing_weights, tf.convert_to_tensor(self.bias))[:, None, None]
        return y

    def _patches(self, x):
        """(B, H, W, places of the kernel, groups, channels of a group)"""
        if self.dynamic_padding:
            x = pad_same(x, self.kernel_size, self.stride, self.dilation)
        elif any(self.padding):
            top, left = self.padding
            x = tf.pad(x, [(0, 0), (top, top), (left, left), (0, 0)])
        patches = tf.image.extract_patches(
            x, (1, *self.kernel_size, 1), (1, *self.stride, 1), (1, *self.dilation, 1), "VALID"
        )
        places, inner = math.prod(self.kernel_size), self.in_channels // self.groups
        return tf.reshape(patches, (*ops.shape(patches)[:3], places, self.groups, inner))
