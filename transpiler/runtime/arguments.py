"""Constructor arguments as the plain values that Keras writes into a model file, and back.

Beside plain values: tuples; layer classes, pure functions, enum members and dataclasses of this package; partials of
these; Keras layers. Names are relative to the package, so a file can be read after the package has moved; a file can
name nothing else, above all nothing that reads, writes or downloads.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import inspect
import sys
from collections.abc import Mapping
from typing import Any

import keras

PACKAGE = __package__.rpartition(".")[0]
_PURE = ("runtime.functional", "timm.layers", "timm.models._efficientnet_builder")


def encode(value: Any) -> Any:
    """Describe one argument by JSON values.

    Raises:
        TypeError: nothing in a file could stand for it.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, enum.Enum):
        return {"member": _name_of(type(value)), "value": encode(value.value)}
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, functools.partial):
        return {"partial": encode(value.func), "args": encode(value.args), "keywords": encode(value.keywords)}
    if isinstance(value, keras.layers.Layer):
        return {"layer": keras.saving.serialize_keras_object(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        return {"dataclass": _name_of(type(value)), "fields": encode(fields)}
    return {"name": _name_of(value)}


def decode(value: Any) -> Any:
    """The argument that `encode` described.

    Raises:
        ValueError: the description is not one of `encode`, or names what this package does not hold.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kind = next(iter(value), "")
    match kind:
        case "member":
            return _named(value["member"])(decode(value["value"]))
        case "dataclass":
            return _named(value["dataclass"])(**decode(value["fields"]))
        case "tuple":
            return tuple(decode(item) for item in value["tuple"])
        case "mapping":
            return {decode(key): decode(item) for key, item in value["mapping"]}
        case "partial":
            return functools.partial(decode(value["partial"]), *decode(value["args"]), **decode(value["keywords"]))
        case "layer":
            return keras.saving.deserialize_keras_object(value["layer"])
        case "name":
            return _named(value["name"])
    raise ValueError(f"Expected a described argument. Received: {value}")


def registered_package(cls: type) -> str | None:
    """The name under which Keras finds a class of this package again; None for a class from elsewhere."""
    module = _module_of(cls)
    return None if module is None else f"timm2tf.{module}"


def class_that_wrote(config: Mapping[str, Any], cls: type) -> type:
    """The class like `cls` in the package that a config is of, while that is imported; else `cls`.

    Keras knows a class by a name that says nothing of the package, so that files can be read after the package has
    moved: of two packages in one process it finds the one that was imported last.
    """
    module = sys.modules.get(f"{config.get('package')}.{_module_of(cls)}")
    found = getattr(module, cls.__qualname__, None)
    return found if isinstance(found, type) and issubclass(found, keras.layers.Layer) else cls


def _module_of(value: Any) -> str | None:
    """A class's or function's module relative to the package; None where it lies outside."""
    module = getattr(value, "__module__", None) or ""
    return module[len(PACKAGE) + 1 :] if module.startswith(f"{PACKAGE}.") else None


def _name_of(value: Any) -> str:
    module, name = _module_of(value), getattr(value, "__qualname__", "")
    if module is None or not name or "<" in name or not _may_be_named(value, module):
        raise TypeError(f"{value!r} is no plain value, and no layer class or pure function of {PACKAGE}")
    return f"{module}:{name}"


def _may_be_named(value: Any, module: str) -> bool:
    if isinstance(value, type):
        return issubclass(value, (keras.layers.Layer, enum.Enum)) or dataclasses.is_dataclass(value)
    return inspect.isfunction(value) and any(f"{module}.".startswith(f"{pure}.") for pure in _PURE)


def _named(name: str) -> Any:
    module, _, qualified = name.partition(":")
    value: Any = importlib.import_module(f"{PACKAGE}.{module}")
    for attribute in qualified.split("."):
        value = getattr(value, attribute)
    try:
        found = _name_of(value)
    except TypeError as error:
        raise ValueError(f"a model file may not name {name}") from error
    if found != name:
        raise ValueError(f"a model file may not name {name}: it is {found}")
    return value
