"""Activations as layers, with torch's names, arguments and defaults."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from . import functional as F
from .init import constant_
from .module import Module
from .parameter import Parameter


class _InplaceActivation(Module):
    """An activation whose only argument is `inplace`, which TensorFlow has no use for."""

    def __init__(self, inplace: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.inplace = inplace


class ReLU(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.relu(x)


class ReLU6(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.relu6(x)


class SiLU(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.silu(x)


class Mish(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.mish(x)


class Hardsigmoid(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.hardsigmoid(x)


class Hardswish(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.hardswish(x)


class SELU(_InplaceActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.selu(x)


class Sigmoid(Module):
    def call(self, x: Any) -> tf.Tensor:
        return F.sigmoid(x)


class Tanh(Module):
    def call(self, x: Any) -> tf.Tensor:
        return F.tanh(x)


class GELU(Module):
    def __init__(self, approximate: str = "none", **kwargs: Any):
        super().__init__(**kwargs)
        self.approximate = approximate

    def call(self, x: Any) -> tf.Tensor:
        return F.gelu(x, self.approximate)


class Hardtanh(Module):
    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.min_val = min_val
        self.max_val = max_val

    def call(self, x: Any) -> tf.Tensor:
        return F.hardtanh(x, self.min_val, self.max_val)


class LeakyReLU(Module):
    def __init__(self, negative_slope: float = 0.01, inplace: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, x: Any) -> tf.Tensor:
        return F.leaky_relu(x, self.negative_slope)


class _ScaledActivation(Module):
    def __init__(self, alpha: float = 1.0, inplace: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha


class ELU(_ScaledActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.elu(x, self.alpha)


class CELU(_ScaledActivation):
    def call(self, x: Any) -> tf.Tensor:
        return F.celu(x, self.alpha)


class PReLU(Module):
    """One learnt slope, or one a channel (last axis)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(tf.fill((num_parameters,), float(init)))

    def reset_parameters(self) -> None:
        """Set the slopes to their first value."""
        constant_(self.weight, self.init)

    def call(self, x: Any) -> tf.Tensor:
        return F.prelu(x, self.weight)


class Softplus(Module):
    def __init__(self, beta: float = 1.0, threshold: float = 20.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.beta = beta
        self.threshold = threshold

    def call(self, x: Any) -> tf.Tensor:
        return F.softplus(x, self.beta, self.threshold)


class Softmax(Module):
    """Softmax over the stored axis `dim`."""

    def __init__(self, dim: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.dim = dim

    def call(self, x: Any) -> tf.Tensor:
        return F.softmax(x, -1 if self.dim is None else self.dim)


class LogSoftmax(Softmax):
    def call(self, x: Any) -> tf.Tensor:
        return F.log_softmax(x, -1 if self.dim is None else self.dim)
