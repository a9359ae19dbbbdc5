"""How modules are called: Keras' way from outside, directly among themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import keras
import tensorflow as tf

from .keras_private import (
    any_symbolic_tensors,
    as_it_is,
    current_call_context,
    output_spec,
    scope_to_open,
    training_in_context,
)
from .output_spec import with_sizes

# In Keras' call context: a module is being called, whatever Keras' layer the call began with.
_IN_MODULE = "in_timm2tf_module"


def with_plain_assertions(call: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose assertions say what they say upstream, and nothing around it."""
    return _with_plain_errors(call, (AssertionError,))


def with_plain_refusals(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function of ours that refuses what it is given: what it says is for the user, and nothing goes around it."""
    return _with_plain_errors(call, (ValueError, TypeError))


def _with_plain_errors(call: Callable[..., Any], kinds: tuple[type[Exception], ...]) -> Callable[..., Any]:
    @functools.wraps(call)
    def plainly(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except kinds as error:
            if error.args:
                as_it_is(error)
            raise

    return plainly


class DirectlyCalled(keras.layers.Layer):
    """A layer that opens Keras' call context if it is the outermost one, and is called as a function if it is not.

    So `call` may take any arguments, and the many layers of a model cost little. What `Layer.__call__` does for a layer
    (inputs in the compute dtype, the training flag) is done by the outermost one, or by the one that Keras calls.
    """

    # AutoGraph, which leaves Keras' own layers alone, rewrites no call of an object that has this.
    autograph_info__: ClassVar[Mapping[str, Any]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        is_one_tensor = len(args) == 1 and not kwargs and isinstance(args[0], tf.Tensor)
        if not is_one_tensor and any_symbolic_tensors(args, kwargs):
            return super().__call__(*args, **kwargs)
        context = current_call_context()
        if context is None:
            return self._call_outermost(args, kwargs)
        if isinstance(context.entry_layer, DirectlyCalled) or context.get_value(_IN_MODULE):
            return self._call_within(context, args, kwargs)
        return self._call_from_keras(context, args, kwargs)

    def _call_outermost(self, args: Any, kwargs: Any) -> Any:
        context = self._get_call_context()
        try:
            args, kwargs = keras.tree.map_structure(self._as_input, (args, kwargs))
            return self._call_within(context, args, kwargs)
        finally:
            self._maybe_reset_call_context()

    def _call_from_keras(self, context: Any, args: Any, kwargs: Any) -> Any:
        """Called by a layer or model of Keras' own, which leaves it to each layer to cast what it is given."""
        args, kwargs = keras.tree.map_structure(self._as_input, (args, kwargs))
        context.set_value(_IN_MODULE, True)
        try:
            return self._call_within(context, args, kwargs)
        finally:
            context.set_value(_IN_MODULE, False)

    def _call_within(self, context: Any, args: Any, kwargs: Any) -> Any:
        scope = scope_to_open(self)
        if scope is None:
            return self._call_in_scope(context, args, kwargs)
        with scope:
            args, kwargs = keras.tree.map_structure(self._as_input, (args, kwargs))
            return self._call_in_scope(context, args, kwargs)

    def _call_in_scope(self, context: Any, args: Any, kwargs: Any) -> Any:
        if "training" not in kwargs:
            return self._call_with_hooks(args, kwargs)
        training = kwargs["training"]
        if not self._call_takes_training():
            kwargs = {key: value for key, value in kwargs.items() if key != "training"}
        if training is None:
            return self._call_with_hooks(args, kwargs)
        with training_in_context(context, training):
            return self._call_with_hooks(args, kwargs)

    @with_plain_assertions
    def _call_with_hooks(self, args: Any, kwargs: Any) -> Any:
        registry = self._registry  # type: ignore[attr-defined] # of the module
        if not registry.forward_pre_hooks and not registry.forward_hooks:
            return self.call(*args, **kwargs)
        for hook in tuple(registry.forward_pre_hooks.values()):
            replaced = hook(self, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        output = self.call(*args, **kwargs)
        for hook in tuple(registry.forward_hooks.values()):
            replaced = hook(self, args, output)
            output = output if replaced is None else replaced
        return output

    def _call_takes_training(self) -> bool:
        return "training" in self.call_signature_parameters

    def _as_input(self, value: Any) -> Any:
        """Arrays and floating tensors in this layer's compute dtype, as `Layer.__call__` gives them."""
        if not (tf.is_tensor(value) or hasattr(value, "__array__")):
            return value
        return self.dtype_policy.convert_input(value, self.autocast, self.input_dtype)

    @property
    def training(self) -> bool:
        """Whether the model is being trained, as the outermost call was told."""
        context = current_call_context()
        return context is not None and bool(context.get_value("training"))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        # By tracing: the shape rules of the stock layers know nothing of torch's paddings. With Keras' own method, an
        # error would say that this one is missing.
        return with_sizes(functools.partial(output_spec, with_plain_assertions(self.call)), args, kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output for an input of `input_shape`, found by tracing `call`."""
        output = self.compute_output_spec(keras.KerasTensor(tuple(input_shape), dtype=self.compute_dtype))
        return keras.tree.map_structure(lambda tensor: tensor.shape, output)
