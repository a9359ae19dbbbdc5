"""`torch.nn.init` on Keras variables and their torch-layout faces.

Every function assigns to its first argument and gives it back. Shapes are read in torch's layout:
(out, in, …). Random numbers follow `tf.random.set_seed`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from .drawing import Distribution, Normal, TruncatedNormal, Uniform, draw

__all__ = [
    "_calculate_fan_in_and_fan_out",
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def _fill(tensor: Any, value: tf.Tensor) -> Any:
    tensor.assign(tf.cast(value, tensor.dtype))
    return tensor


def _draw(tensor: Any, distribution: Distribution) -> Any:
    draw(tensor, distribution)
    return tensor


def _sizes(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape)


def zeros_(tensor: Any) -> Any:
    """Fill with 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Any) -> Any:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one value."""
    return _fill(tensor, tf.fill(_sizes(tensor), float(val)))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Fill from N(mean, std²)."""
    return _draw(tensor, Normal(float(mean), float(std)))


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Fill from U[a, b)."""
    return _draw(tensor, Uniform(float(a), float(b)))


def trunc_normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Any:
    """Fill from N(mean, std²) cut to [a, b]; the bounds are values, not multiples of std."""
    if (a - mean) / std < -6.0 and (b - mean) / std > 6.0:
        # So far out that cutting is all but invisible: nothing beyond is ever drawn, bar one in 10^9.
        return normal_(tensor, mean, std)
    return _draw(tensor, TruncatedNormal(float(mean), float(std), float(a), float(b)))


def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    """Inputs and outputs of one unit, from a weight (out, in, …).

    Raises:
        ValueError: fewer than two axes.
    """
    sizes = _sizes(tensor)
    if len(sizes) < 2:
        raise ValueError(f"Fan in and fan out need at least 2 axes. Received: shape {sizes}")
    receptive = math.prod(sizes[2:])
    return sizes[1] * receptive, sizes[0] * receptive


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Recommended gain of a nonlinearity.

    Raises:
        ValueError: the nonlinearity is unknown.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + (0.01 if param is None else float(param)) ** 2))
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
    for name in ("linear", "sigmoid", "conv1d", "conv2d", "conv3d"):
        gains[name] = 1.0
    for name in ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"):
        gains[name] = 1.0
    if nonlinearity not in gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains[nonlinearity]


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Glorot's uniform initialisation."""
    bound = gain * math.sqrt(6.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Glorot's normal initialisation."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor))))


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Expected mode fan_in or fan_out. Received: {mode}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def kaiming_uniform_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    """He's uniform initialisation."""
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    """He's normal initialisation."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def orthogonal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill with a (semi-)orthogonal matrix of shape (out, everything else)."""
    sizes = _sizes(tensor)
    rows, columns = sizes[0], math.prod(sizes[1:])
    flat = tf.random.normal((max(rows, columns), min(rows, columns)))
    q, r = tf.linalg.qr(flat)
    q = q * tf.sign(tf.linalg.diag_part(r))
    if rows < columns:
        q = tf.transpose(q)
    return _fill(tensor, gain * tf.reshape(q, sizes))


def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity."""
    rows, columns = _sizes(tensor)
    return _fill(tensor, tf.eye(rows, columns))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill a convolution weight so that the convolution passes its input through."""
    sizes = _sizes(tensor)
    value = np.zeros(sizes, np.float32)
    out_of_group = sizes[0] // groups
    centre = tuple(size // 2 for size in sizes[2:])
    for group in range(groups):
        for channel in range(min(out_of_group, sizes[1])):
            value[(group * out_of_group + channel, channel, *centre)] = 1.0
    return _fill(tensor, tf.constant(value))
