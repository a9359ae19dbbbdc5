"""Names and paths of layers and variables: those of their place in the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from .parameter import ImageParameter, StoredTensor


def name_by_place(root: Any) -> None:
    """Give the layers and variables of `root` the names and paths of their place: `blocks/0/fc1/kernel`.

    The paths in a layer that is no model begin with its own name, as others may stand beside it: `attention_1/kernel`.
    Stock Keras layers that someone put in keep their own.
    """
    prefix = "" if isinstance(root, keras.Model) else f"{root.name}/"
    for path, layer in root.named_modules():
        if not path or not hasattr(layer, "_registry"):
            continue
        keras_path = prefix + path.replace(".", "/")
        layer.__dict__["name"] = path
        layer.__dict__["_path"] = keras_path
        _name_variables(layer, f"{keras_path}/")
    _name_variables(root, prefix)


def _name_variables(layer: Any, prefix: str) -> None:
    for name, variable in _own_variables(layer):
        variable._name = name
        variable._path = f"{prefix}{name}"


def _own_variables(layer: Any) -> Iterator[tuple[str, keras.Variable]]:
    """Variables of this layer alone, under Keras' name (`kernel`) where the layer is a stock one."""
    named: set[int] = set()
    stored = [(name.lstrip("_"), layer.__dict__.get(name)) for name in sorted(layer.keras_state)]
    registry = layer._registry
    for name, held in [*stored, *registry.parameters.items(), *registry.buffers.items()]:
        held = held.variable if isinstance(held, StoredTensor) and isinstance(held.variable, ImageParameter) else held
        if isinstance(held, keras.Variable) and id(held) not in named:
            named.add(id(held))
            yield name, held
