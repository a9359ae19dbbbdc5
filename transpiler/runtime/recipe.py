"""What a file has to hold so that a layer can be made again: its arguments, what was changed since, what is frozen."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from .arguments import decode, encode
from .keras_private import default_policy
from .registered_names import check_counts

# Methods of timm's models that change what a model is made of. They are called again on a model that is loaded.
CHANGING_METHODS = (
    "prune_intermediate_layers",
    "reset_classifier",
    "set_distilled_training",
    "set_grad_checkpointing",
    "set_input_size",
)
_TAKEN_BY_KERAS = ("name", "trainable", "dtype")


def keras_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that a Keras layer takes, for constructors that leave what they don't know."""
    return {name: given[name] for name in _TAKEN_BY_KERAS if name in given}


class Unwritable(TypeError):
    """A layer was made or changed with something that no file can hold."""


def described_arguments(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor, by name where they have one.

    Raises:
        Unwritable: a file cannot hold one of them.
    """
    return _described_call(cls.__init__, args, {k: v for k, v in kwargs.items() if k not in _TAKEN_BY_KERAS})  # type: ignore[misc]


def _described_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        bound = inspect.signature(function).bind(None, *args, **kwargs)
    except TypeError as error:
        raise Unwritable(f"was given arguments that it does not take: {error}") from error
    kinds = {name: parameter.kind for name, parameter in bound.signature.parameters.items()}
    if any(kinds[name] is inspect.Parameter.VAR_POSITIONAL for name in bound.arguments):
        positional, keywords = bound.args[1:], bound.kwargs
    else:
        positional, keywords = (), dict(list(bound.arguments.items())[1:])
        for name in [name for name in keywords if kinds[name] is inspect.Parameter.VAR_KEYWORD]:
            keywords.update(keywords.pop(name))
    described: dict[str, Any] = {
        "keywords": {name: _encoded(value, name) for name, value in keywords.items()},
    }
    if positional:
        described["positional"] = [_encoded(value, f"number {place}") for place, value in enumerate(positional)]
    return described


def _encoded(value: Any, name: str) -> Any:
    try:
        return encode(value)
    except (TypeError, NotImplementedError) as error:
        raise Unwritable(f"was given an argument that Keras cannot serialize, {name}: {error}") from error


def call_described(function: Callable[..., Any], described: Mapping[str, Any], **kwargs: Any) -> Any:
    """Call a constructor or method with the arguments that were described."""
    positional = [decode(value) for value in described.get("positional", ())]
    keywords = {name: decode(value) for name, value in described["keywords"].items()}
    return function(*positional, **keywords, **kwargs)


# ---- changes -------------------------------------------------------------------------------------


def recording(method: Callable[..., Any], take_up: Callable[[Any], None]) -> Callable[..., Any]:
    """A method that changes a model, and remembers how it was called; `take_up` is then given the model.

    What it adds to the model has the model's dtype policy. Calls from `__init__` and from another such method
    are not remembered: they happen again by themselves.
    """

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        changes = self.__dict__.get("__changes")
        if changes is None:
            return method(self, *args, **kwargs)
        check_counts(inspect.signature(method).bind(self, *args, **kwargs).arguments)
        self.__dict__["__changes"] = None
        # Of another size, perhaps.
        self.__dict__.pop("__called_with", None)
        try:
            with default_policy(self.dtype_policy):
                result = method(self, *args, **kwargs)
        finally:
            self.__dict__["__changes"] = changes
        change = {"method": method.__name__, **_described_call(method, args, kwargs)}
        if change not in changes[-1:]:
            changes.append(change)
        take_up(self)
        return result

    return call


def repeat_changes(model: Any, changes: list[Mapping[str, Any]]) -> None:
    """Change a model as another one was."""
    for change in changes:
        if change["method"] not in CHANGING_METHODS:
            raise ValueError(f"a model file may not call {change['method']}")
        call_described(getattr(model, change["method"]), change)


# ---- trainable or not ----------------------------------------------------------------------------


def described_frozen(module: Any) -> dict[str, list[str]]:
    """Names of the layers and parameters below `module` that are not trained; empty if all of them are."""
    layers = [path for path, layer in module.named_modules() if path and not layer.trainable]
    parameters = [path for path, parameter in module.named_parameters() if not parameter.trainable]
    return {"layers": layers, "parameters": parameters} if layers or parameters else {}


def freeze_as_described(module: Any, frozen: Mapping[str, list[str]]) -> None:
    """Set the trainable flags of everything below `module`."""
    layers, parameters = set(frozen["layers"]), set(frozen["parameters"])
    # Parents come first: setting a flag sets it for all below.
    for path, layer in module.named_modules():
        if path and layer.trainable is (path in layers):
            layer.trainable = path not in layers
    for path, parameter in module.named_parameters():
        if parameter.trainable is (path in parameters):
            parameter.trainable = path not in parameters


def serialized_policy(layer: keras.layers.Layer) -> Any:
    """The dtype policy of a layer as its config holds it."""
    return keras.dtype_policies.serialize(layer.dtype_policy)
