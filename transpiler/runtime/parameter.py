"""Parameters, and the torch-layout faces of variables that Keras stores in another axis order."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Parameter(keras.Variable):
    """A trainable Keras variable made from a value, as `torch.nn.Parameter` is.

    Floating values take the variable dtype of the global Keras policy, and are read in the
    compute dtype inside a mixed-precision layer.

    Args:
        value: tensor, array or number of any shape.
        requires_grad: whether gradients are computed for it.
    """

    def __init__(self, value: Any, requires_grad: bool = True, name: str | None = None, **kwargs: Any):
        value = tf.convert_to_tensor(value)
        dtype = value.dtype.name
        if value.dtype.is_floating:
            dtype = keras.config.dtype_policy().variable_dtype
        super().__init__(value, dtype=dtype, trainable=requires_grad, name=name, **kwargs)

    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class ImageParameter(Parameter):
    """A parameter of one value a channel, made from torch's `(C, 1, 1)` or `(1, C, 1, 1)` and stored channels-last.

    It meets images as it is. `face` is what torch sees of it, and what state dictionaries hold.

    Args:
        value: tensor or array whose third axis from the end is the channels'.
        requires_grad: whether gradients are computed for it.
    """

    def __init__(self, value: Any, requires_grad: bool = True, **kwargs: Any):
        value = tf.convert_to_tensor(value)
        batch = range(value.shape.rank - 3)
        channels = len(batch)
        super().__init__(tf.transpose(value, (*batch, channels + 1, channels + 2, channels)), requires_grad, **kwargs)
        self.face = StoredTensor(self, (*batch, channels + 2, channels, channels + 1))


def is_parameter(value: Any) -> bool:
    """True for what `isinstance(value, torch.nn.Parameter)` is true for in torch."""
    return isinstance(value, (keras.Variable, StoredTensor)) and bool(value.trainable)


class _TensorOperators:
    """Arithmetic of a tensor-like object, carried out on its `.value`."""

    value: Any

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> tf.Tensor:
        return tf.convert_to_tensor(self.value, dtype=dtype, name=name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def numpy(self) -> np.ndarray:
        """The value as a NumPy array in torch's layout."""
        return tf.convert_to_tensor(self.value).numpy()

    def __getitem__(self, index: Any) -> tf.Tensor:
        return tf.convert_to_tensor(self.value)[index]

    def __neg__(self) -> tf.Tensor:
        return -tf.convert_to_tensor(self.value)

    def __abs__(self) -> tf.Tensor:
        return tf.abs(self.value)


def _forward_operator(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(self: _TensorOperators, other: Any) -> Any:
        return function(tf.convert_to_tensor(self.value), other)

    return apply


def _reflected_operator(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(self: _TensorOperators, other: Any) -> Any:
        return function(other, tf.convert_to_tensor(self.value))

    return apply


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    _function = getattr(operator, _name)
    setattr(_TensorOperators, f"__{_name}__", _forward_operator(_function))
    setattr(_TensorOperators, f"__r{_name}__", _reflected_operator(_function))
for _name in ("lt", "le", "gt", "ge"):
    setattr(_TensorOperators, f"__{_name}__", _forward_operator(getattr(operator, _name)))


class StoredTensor(_TensorOperators):
    """What torch sees of a variable that Keras stores with its axes in another order.

    `Linear.weight` is the (out, in) face of a kernel stored (in, out); `Conv2d.weight` the
    (out, in, height, width) face of one stored (height, width, in, out). It converts in TensorFlow
    operations, and what is assigned to it, in torch's layout, reaches the variable.

    Args:
        variable: the Keras variable.
        to_torch: axes such that `transpose(variable, to_torch)` is the tensor torch sees.
    """

    # NumPy arrays on the left leave the operation to this class.
    __array_priority__ = 1000

    def __init__(self, variable: keras.Variable, to_torch: Sequence[int]):
        self.variable = variable
        self.to_torch = tuple(to_torch)
        self.to_stored = tuple(int(axis) for axis in np.argsort(self.to_torch))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in torch's layout."""
        stored = self.variable.shape
        return tuple(int(stored[axis]) for axis in self.to_torch)

    @property
    def ndim(self) -> int:
        return len(self.to_torch)

    @property
    def dtype(self) -> str:
        return self.variable.dtype

    @property
    def name(self) -> str:
        return self.variable.name

    @property
    def path(self) -> str:
        return self.variable.path

    @property
    def trainable(self) -> bool:
        return self.variable.trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self.variable.trainable = trainable

    @property
    def value(self) -> tf.Tensor:
        """The tensor in torch's layout, in the compute dtype inside a mixed-precision layer."""
        return tf.transpose(self.variable.value, self.to_torch)

    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def assign(self, value: Any) -> None:
        """Give the variable a value of torch's layout.

        Raises:
            ValueError: the shapes differ.
        """
        value = tf.convert_to_tensor(value)
        if tuple(value.shape) != self.shape:
            raise ValueError(f"Expected a value of shape {self.shape}. Received: {tuple(value.shape)}")
        self.variable.assign(tf.transpose(value, self.to_stored))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[tf.Tensor]:
        return iter(tf.unstack(self.value))

    def __repr__(self) -> str:
        return f"<StoredTensor shape={self.shape} of {self.variable!r}>"


class ParameterSlice(_TensorOperators):
    """A part of a parameter that can be read and assigned, for in-place initialisers.

    Args:
        parameter: variable, `StoredTensor` or another slice.
        index: NumPy basic index in torch's layout, such as `np.s_[2:]`.
    """

    __array_priority__ = 1000

    def __init__(self, parameter: Any, index: Any):
        self.parameter = parameter
        self.index = index

    @property
    def value(self) -> tf.Tensor:
        return tf.convert_to_tensor(self.parameter)[self.index]

    @property
    def shape(self) -> tuple[int, ...]:
        # A view of one byte: only its shape is asked for.
        return np.broadcast_to(np.int8(0), tuple(self.parameter.shape))[self.index].shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> str:
        return self.parameter.dtype

    @property
    def trainable(self) -> bool:
        return bool(self.parameter.trainable)

    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def assign(self, value: Any) -> None:
        """Give this part of the parameter a value, which may broadcast to its shape."""
        whole = np.array(self.parameter.numpy())
        whole[self.index] = np.asarray(value)
        self.parameter.assign(whole)
