"""Random first values of variables, drawn once: upstream's initialisers write over those that layers start with."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from .keras_private import outstanding_draws, set_outstanding_draws

_BLOCK = 1 << 16  # pairs that stay in the processor's cache from one step to the next


class Distribution(Protocol):
    """Independent values of one distribution."""

    def fill(self, values: np.ndarray, generator: np.random.Generator) -> None:
        """Draw each of `values`, float32 of one axis, in place."""


@dataclass(frozen=True)
class Uniform:
    """U[low, high)."""

    low: float
    high: float

    def fill(self, values: np.ndarray, generator: np.random.Generator) -> None:
        generator.random(out=values, dtype=np.float32)
        values *= self.high - self.low
        values += self.low


@dataclass(frozen=True)
class Normal:
    """N(mean, std²), in pairs after Box and Muller, 1958: NumPy's own takes three times as long."""

    mean: float
    std: float

    def fill(self, values: np.ndarray, generator: np.random.Generator) -> None:
        for start in range(0, values.size, 2 * _BLOCK):
            block = values[start : start + 2 * _BLOCK]
            half = (block.size + 1) // 2
            uniform = generator.bit_generator.random_raw(half).view(np.uint32).astype(np.float32)
            uniform += 0.5  # above 0, for the logarithm
            uniform *= 2.0**-32
            radius, angle = uniform.reshape(2, half)
            np.log(radius, out=radius)
            radius *= -2 * self.std**2
            np.sqrt(radius, out=radius)
            angle *= 2 * math.pi
            np.multiply(np.cos(angle), radius, out=block[:half])
            np.multiply(np.sin(angle), radius, out=radius)
            block[half:] = radius[: block.size - half]
            if self.mean:
                block += self.mean


@dataclass(frozen=True)
class TruncatedNormal:
    """N(mean, std²) cut to [low, high]."""

    mean: float
    std: float
    low: float
    high: float

    def fill(self, values: np.ndarray, generator: np.random.Generator) -> None:
        lowest, highest = (math.erf((bound - self.mean) / self.std / math.sqrt(2)) for bound in (self.low, self.high))
        Uniform(lowest, highest).fill(values, generator)
        drawn = tf.math.erfinv(values) * (self.std * math.sqrt(2)) + self.mean
        values[:] = tf.clip_by_value(drawn, self.low, self.high)


def draw(tensor: Any, distribution: Distribution) -> None:
    """Give a variable, its torch-layout face or a slice of it values of `distribution`, now or when they are needed."""
    variable = getattr(tensor, "variable", tensor)  # its values may as well be drawn in the stored order
    postponed = outstanding_draws()
    if postponed is not None and type(variable) in (keras.Variable, _Undrawn):
        postponed.postpone(variable, distribution)
    else:
        variable.assign(_values(tuple(variable.shape), distribution, _seed()))


def add_drawn_weight(layer: Any, name: str, shape: tuple[int, ...], distribution: Distribution) -> keras.Variable:
    """`layer.add_weight` of a weight that starts with values of `distribution`."""
    postponed = outstanding_draws()
    if postponed is not None:
        variable = layer.add_weight(name=name, shape=shape, initializer=postponed.blank)
        postponed.postpone(variable, distribution)
        return variable

    def first_values(shape: Any, dtype: Any = None) -> tf.Tensor:
        return tf.cast(_values(tuple(shape), distribution, _seed()), dtype)

    return layer.add_weight(name=name, shape=shape, initializer=first_values)


@contextmanager
def postponed_draws() -> Iterator[None]:
    """Inside, random values wait until they are read; those still wanted at the end of the outermost block come then.

    Replicas of a strategy must start with the same values, so there nothing waits.
    """
    if outstanding_draws() is not None or not tf.executing_eagerly() or tf.distribute.has_strategy():
        yield
        return
    postponed = _Postponed()
    set_outstanding_draws(postponed)
    try:
        yield
    finally:
        set_outstanding_draws(None)
        postponed.draw_all()


class _Postponed:
    """Variables that wait for their values."""

    def __init__(self) -> None:
        self._waiting: dict[int, Any] = {}
        self._blanks: dict[Any, tf.Tensor] = {}

    def blank(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        """Zeros: variables of one shape share them, and so take no memory that is then filled twice."""
        key = (tuple(shape), dtype)
        if key not in self._blanks:
            self._blanks[key] = tf.zeros(key[0], dtype)
        return self._blanks[key]

    def postpone(self, variable: Any, distribution: Distribution) -> None:
        variable.__class__ = _Undrawn
        # Seeded now: the values are the same whenever they are drawn.
        variable.__dict__["_awaited"] = distribution, _seed()
        self._waiting[id(variable)] = variable

    def draw_all(self) -> None:
        """Draw what nobody has read or written over, on all cores."""
        waiting = [variable for variable in self._waiting.values() if isinstance(variable, _Undrawn)]
        if waiting:
            with ThreadPoolExecutor() as pool:
                list(pool.map(_Undrawn.draw, waiting))


class _Undrawn(keras.Variable):
    """The class of a variable while it waits for its values."""

    @property
    def value(self) -> Any:
        self.draw()
        return self.value

    def draw(self) -> None:
        self.assign(_values(tuple(self.shape), *self.__dict__["_awaited"]))

    def assign(self, value: Any) -> Any:
        # Not super(): what is assigned may have been computed from this variable, which drew it since the call began.
        assigned = keras.Variable.assign(self, value)
        self.__dict__.pop("_awaited", None)
        self.__class__ = keras.Variable
        return assigned

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        self.draw()
        return copy.deepcopy(self, memo)


def _values(shape: tuple[int, ...], distribution: Distribution, seed: int) -> np.ndarray:
    values = np.empty(math.prod(shape), np.float32)
    distribution.fill(values, np.random.Generator(np.random.SFC64(seed)))
    return values.reshape(shape)


def _seed() -> int:
    """A number that follows `tf.random.set_seed`."""
    with tf.init_scope():
        return int(tf.random.uniform((), maxval=2**62, dtype=tf.int64))
