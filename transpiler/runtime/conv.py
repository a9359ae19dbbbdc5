"""Convolutions of channels-last images; `weight` is the torch-layout face of Keras' kernel."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from .drawing import Distribution, add_drawn_weight
from .functional.convolution import convolve, convolve_transpose, pair
from .functional.padding import pad_image
from .linear import default_distribution, reset_weight_and_bias, torch_bias_initializer, torch_kernel_initializer
from .module import Module
from .parameter import StoredTensor


class _Convolution(Module):
    """What the convolutions share: torch's constructor over a stock Keras convolution."""

    keras_state = frozenset({"_kernel"})
    spatial_rank = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        **kwargs: Any,
    ):
        in_channels, out_channels = int(in_channels), int(out_channels)
        sizes = pair(kernel_size, self.spatial_rank)
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"Channels {in_channels} and {out_channels} must be divisible by groups={groups}")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(f"Expected padding_mode zeros, reflect, replicate or circular. Received: {padding_mode}")
        fan_in = in_channels // groups * math.prod(sizes)
        # Stride, padding and dilation are set after: Keras refuses some combinations that torch allows.
        super().__init__(
            filters=out_channels,
            kernel_size=sizes,
            groups=groups,
            use_bias=bool(bias),
            data_format="channels_last",
            kernel_initializer=torch_kernel_initializer(),
            bias_initializer=torch_bias_initializer(fan_in),
            **kwargs,
        )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.stride = self.strides = pair(stride, self.spatial_rank)
        self.dilation = self.dilation_rate = pair(dilation, self.spatial_rank)
        self.padding = padding if isinstance(padding, str) else pair(padding, self.spatial_rank)
        self.padding_mode = padding_mode
        shape = (*sizes, in_channels // groups, out_channels)
        first_values = default_distribution(fan_in)
        self._kernel = add_drawn_weight(self, "kernel", shape, first_values)
        axes = tuple(range(self.spatial_rank))
        self.weight = StoredTensor(self._kernel, (self.spatial_rank + 1, self.spatial_rank, *axes))
        self._add_bias(bias, first_values)

    def _add_bias(self, bias: bool, first_values: Distribution) -> None:
        self.bias: Any = None
        if bias:
            self.bias = add_drawn_weight(self, "bias", (self.out_channels,), first_values)
        else:
            self.register_parameter("bias", None)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, as torch does at first."""
        reset_weight_and_bias(self)


class Conv2d(_Convolution, keras.layers.Conv2D):
    """`torch.nn.Conv2d` of images (B, H, W, C); `weight` is (out, in / groups, height, width)."""

    def call(self, x: Any) -> tf.Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            x, padding = pad_image(x, self._image_padding(), self.padding_mode), 0
        kernel = self.kernel if self.lora_enabled else self._kernel
        return convolve(x, kernel, self.bias, self.stride, padding, self.dilation, self.groups)

    def _image_padding(self) -> list[int]:
        from .functional.convolution import padding_amounts

        (top, bottom), (left, right) = padding_amounts(self.padding, self.kernel_size, self.dilation)
        return [left, right, top, bottom]


class Conv1d(_Convolution, keras.layers.Conv1D):
    """`torch.nn.Conv1d` of (B, C, L), which is no image and keeps torch's order."""

    spatial_rank = 1

    def call(self, x: Any) -> tf.Tensor:
        if self.padding_mode != "zeros":
            raise NotImplementedError(f"Conv1d with padding_mode={self.padding_mode}")
        kernel = self.kernel if self.lora_enabled else self._kernel
        x = tf.transpose(x, (0, 2, 1))
        y = convolve(x, kernel, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return tf.transpose(y, (0, 2, 1))


class Conv3d(_Convolution, keras.layers.Conv3D):
    """`torch.nn.Conv3d` of videos (B, T, H, W, C); `weight` is (out, in / groups, time, height, width)."""

    spatial_rank = 3

    def call(self, x: Any) -> tf.Tensor:
        if self.padding_mode != "zeros":
            raise NotImplementedError(f"Conv3d with padding_mode={self.padding_mode}")
        kernel = self.kernel if self.lora_enabled else self._kernel
        return convolve(x, kernel, self.bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(Module, keras.layers.Conv2DTranspose):
    """`torch.nn.ConvTranspose2d` of images (B, H, W, C); `weight` is (in, out / groups, height, width)."""

    keras_state = frozenset({"kernel"})

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        **kwargs: Any,
    ):
        if padding_mode != "zeros":
            raise ValueError("ConvTranspose2d has padding_mode zeros only, as in torch")
        sizes = pair(kernel_size)
        fan_in = out_channels // groups * math.prod(sizes)
        super().__init__(
            filters=out_channels,
            kernel_size=sizes,
            use_bias=bool(bias),
            data_format="channels_last",
            kernel_initializer=torch_kernel_initializer(),
            bias_initializer=torch_bias_initializer(fan_in),
            **kwargs,
        )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.stride = self.strides = pair(stride)
        self.dilation = self.dilation_rate = pair(dilation)
        self.padding, self.output_padding = pair(padding), pair(output_padding)
        self.padding_mode = padding_mode
        # Torch counts its axis 1, out / groups, as inputs; so does Keras with this order of axes.
        shape = (*sizes, out_channels // groups, in_channels)
        first_values = default_distribution(fan_in)
        self.kernel = add_drawn_weight(self, "kernel", shape, first_values)
        self.weight = StoredTensor(self.kernel, (3, 2, 0, 1))
        self.bias: Any = None
        if bias:
            self.bias = add_drawn_weight(self, "bias", (out_channels,), first_values)
        else:
            self.register_parameter("bias", None)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, as torch does at first."""
        reset_weight_and_bias(self)

    def call(self, x: Any) -> tf.Tensor:
        return convolve_transpose(
            x, self.kernel, self.bias, self.stride, self.padding, self.output_padding, self.dilation, self.groups
        )
