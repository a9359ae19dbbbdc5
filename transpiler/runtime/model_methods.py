"""Methods of a model on symbolic inputs, so that a Functional model may have what they give as outputs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from .arguments import decode, encode, registered_package
from .directly_called import with_plain_assertions
from .keras_private import any_symbolic_tensors, output_spec
from .output_spec import with_sizes

# Methods of timm's models that take images or features and give tensors.
TENSOR_METHODS = ("forward_features", "forward_head", "forward_intermediates", "get_intermediate_layers")


class ModelMethod(keras.layers.Layer):
    """A layer that calls one method of a model.

    Args:
        model: whose weights the layer has.
        method: name of the method; the layer's inputs are its tensors.
        arguments: its other arguments, by name.
    """

    def __init__(self, model: Any, method: str, arguments: Mapping[str, Any], **kwargs: Any):
        super().__init__(**{"dtype": model.dtype_policy, **kwargs})
        if method not in (*TENSOR_METHODS, "layer_outputs"):
            raise ValueError(f"Expected one of {', '.join(TENSOR_METHODS)} and layer_outputs. Received: {method}")
        self.model, self.method, self.arguments = model, method, arguments
        self.built = True

    @with_plain_assertions
    def call(self, inputs: Any, **tensors: Any) -> Any:
        return getattr(self.model, self.method)(inputs, **tensors, **self.arguments)

    def compute_output_spec(self, inputs: Any, **tensors: Any) -> Any:
        return with_sizes(functools.partial(output_spec, self.call), (inputs,), tensors)

    def get_config(self) -> dict[str, Any]:
        # By this number Keras knows, in one file, the model of several methods again.
        model = {**keras.saving.serialize_keras_object(self.model), "shared_object_id": id(self.model)}
        own = {"model": model, "method": self.method, "arguments": encode(dict(self.arguments))}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ModelMethod:
        model = keras.saving.deserialize_keras_object(config["model"])
        return cls(**{**config, "model": model, "arguments": decode(config["arguments"])})


def also_symbolic(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, which on KerasTensors becomes a layer of a Functional model."""

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not any_symbolic_tensors(args, kwargs):
            return method(self, *args, **kwargs)
        _, inputs, *others = inspect.signature(method).bind(self, *args, **kwargs).arguments.items()
        given = dict(others)
        tensors = {name: value for name, value in given.items() if any_symbolic_tensors((value,))}
        arguments = {name: value for name, value in given.items() if name not in tensors}
        return ModelMethod(self, method.__name__, arguments)(inputs[1], **tensors)

    return call


_package = registered_package(ModelMethod)
if _package is not None:
    keras.saving.register_keras_serializable(_package)(ModelMethod)
