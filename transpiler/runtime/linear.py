"""Linear, Identity and Flatten."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from .drawing import Uniform, add_drawn_weight, draw
from .functional.linear import matmul_last_axis
from .functional.reshaping import flatten
from .functional.shape import to_channels_first
from .init import _calculate_fan_in_and_fan_out
from .module import Module
from .parameter import StoredTensor


def torch_kernel_initializer() -> keras.initializers.Initializer:
    """Torch's default for linear and convolution weights: U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    return keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")


def torch_bias_initializer(fan_in: int) -> keras.initializers.Initializer:
    """Torch's default for their biases: the same range."""
    bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0.0
    return keras.initializers.RandomUniform(-bound, bound)


def default_distribution(fan_in: int) -> Uniform:
    """The same range, for variables that are made here."""
    bound = 1 / math.sqrt(max(fan_in, 1))
    return Uniform(-bound, bound)


def reset_weight_and_bias(layer: Any) -> None:
    """Draw them anew from torch's default distributions."""
    first_values = default_distribution(_calculate_fan_in_and_fan_out(layer.weight)[0])
    draw(layer.weight, first_values)
    if layer.bias is not None:
        draw(layer.bias, first_values)


class Linear(Module, keras.layers.Dense):
    """`torch.nn.Linear`: (..., in_features) to (..., out_features).

    `kernel` is stored (in, out) as in Keras; `weight` is its (out, in) face.
    """

    keras_state = frozenset({"_kernel"})

    def __init__(self, in_features: int, out_features: int, bias: bool = True, **kwargs: Any):
        in_features, out_features = int(in_features), int(out_features)
        super().__init__(
            units=out_features,
            use_bias=bool(bias),
            kernel_initializer=torch_kernel_initializer(),
            bias_initializer=torch_bias_initializer(in_features),
            **kwargs,
        )
        self.in_features = in_features
        self.out_features = out_features
        first_values = default_distribution(in_features)
        self._kernel = add_drawn_weight(self, "kernel", (in_features, out_features), first_values)
        self.weight = StoredTensor(self._kernel, (1, 0))
        self.bias: Any = None
        if bias:
            self.bias = add_drawn_weight(self, "bias", (out_features,), first_values)
        else:
            self.register_parameter("bias", None)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, as torch does at first."""
        reset_weight_and_bias(self)

    def call(self, x: Any) -> tf.Tensor:
        if self.quantization_mode:
            return self.quantized_call(x)
        kernel = self.kernel if self.lora_enabled else self._kernel
        return matmul_last_axis(x, kernel, self.bias)


class Identity(Module):
    """`torch.nn.Identity`: gives back its input; any constructor arguments are ignored."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(**{key: value for key, value in kwargs.items() if key in ("name", "trainable")})

    def call(self, x: Any) -> Any:
        return x


class Flatten(Module):
    """`torch.nn.Flatten`, with axes as torch counts them.

    An input of rank 4 is an image held (B, H, W, C): it is flattened in torch's order (C, H, W).
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.start_dim = start_dim
        self.end_dim = end_dim

    def call(self, x: tf.Tensor) -> tf.Tensor:
        rank = x.shape.rank
        if rank == 4 and tuple(x.shape[1:3]) != (1, 1):
            x = to_channels_first(x)
        elif rank == 4:
            x = tf.reshape(x, [*keras.ops.shape(x)[:1], x.shape[3], 1, 1])
        return flatten(x, self.start_dim, self.end_dim)
