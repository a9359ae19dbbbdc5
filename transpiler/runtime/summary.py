"""What a summary shows beside numbers of parameters: shapes of outputs, and the layers inside layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import tensorflow as tf

from .containers import Sequential
from .export import default_signature
from .module import Module
from .output_spec import with_sizes


def described_call(args: Any, kwargs: Mapping[str, Any]) -> Any:
    """What a call was given, with shapes and dtypes in place of tensors and the batch left open; not how it trains."""
    kwargs = {name: value for name, value in kwargs.items() if name != "training"}
    return keras.tree.map_structure(_described, (args, kwargs))


@contextmanager
def layers_as_shown(model: Any, call: Any) -> Iterator[None]:
    """Let Keras' summary find inside the block the shapes of the layers' outputs, the layers inside them, short names.

    Args:
        call: what `described_call` gave; None for images of the model's own size, without which it finds no shapes.
    """
    layers = [layer for layer in model.modules() if layer is not model and isinstance(layer, Module)]
    shapes = _output_shapes(model, layers, call)
    with ExitStack() as held:
        for layer in layers:
            # The indentation says what a layer is in.
            shown: dict[str, Any] = {"name": layer.name.rpartition(".")[2]}
            if not hasattr(layer, "layers"):
                shown["layers"] = list(layer.children())
            found = shapes.get(id(layer))
            if found is not None:
                # Keras asks a layer that it has built for the shape of its output.
                shown["_build_shapes_dict"] = {"input_shape": None}
                shown["compute_output_shape"] = lambda input_shape, found=found: found
            held.enter_context(_attributes(layer, shown))
        yield


@contextmanager
def _attributes(layer: Any, shown: dict[str, Any]) -> Iterator[None]:
    own = {name: vars(layer)[name] for name in shown if name in vars(layer)}
    vars(layer).update(shown)
    try:
        yield
    finally:
        for name in shown:
            del vars(layer)[name]
        vars(layer).update(own)


def _described(value: Any) -> Any:
    if not (tf.is_tensor(value) or hasattr(value, "__array__")) or getattr(value.shape, "rank", 0) is None:
        return value
    return keras.InputSpec(keras.backend.standardize_dtype(value.dtype), (None, *value.shape[1:]))


def _output_shapes(model: Any, layers: list[Module], call: Any) -> dict[int, Any]:
    """By the layer's id, what shape or shapes it gives; of several calls the last."""
    try:
        args, kwargs = call or (default_signature(model), {})
    except ValueError:
        return {}
    args, kwargs = keras.tree.map_structure(_as_symbolic, (args, kwargs))
    outputs = with_sizes(lambda *args, **kwargs: _outputs(model, layers, args, kwargs), args, kwargs)
    shapes = {}
    for layer in reversed(layers):  # what is inside a layer first
        given = [tuple(tensor.shape) for tensor in outputs.get(id(layer), ())]
        if given:
            shapes[id(layer)] = given[0] if len(given) == 1 else given
        elif isinstance(layer, Sequential) and len(layer) and id(layer[-1]) in shapes:
            shapes[id(layer)] = shapes[id(layer[-1])]  # the model goes through its layers itself
    return shapes


def _as_symbolic(value: Any) -> Any:
    return keras.KerasTensor(value.shape, value.dtype) if isinstance(value, keras.InputSpec) else value


def _outputs(model: Any, layers: list[Module], args: Any, kwargs: Any) -> dict[int, list[keras.KerasTensor]]:
    """By the layer's id, the tensors that it gives while the model is traced."""
    outputs: dict[int, list[keras.KerasTensor]] = {}

    def remember(layer: Module, given: Any, output: Any) -> None:
        tensors = filter(tf.is_tensor, keras.tree.flatten(output))
        outputs[id(layer)] = [keras.KerasTensor(tensor.shape, tensor.dtype.name) for tensor in tensors]

    handles = [layer.register_forward_hook(remember) for layer in layers]
    try:
        model.compute_output_spec(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    return outputs
