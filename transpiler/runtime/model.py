"""`Model`: a module that is a `keras.Model`, for fit, predict, saving and export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from .checkpoints import read_checkpoint
from .keras_private import current_call_context
from .module import Module


class _NamedAfterInit(type(keras.Model)):  # type: ignore[misc]
    """Names layers and variables by their place in the model once `__init__` is done."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        model = super().__call__(*args, **kwargs)
        name_by_place(model)
        return model


class Model(Module, keras.Model, metaclass=_NamedAfterInit):
    """Root of a network: a `keras.Model` with torch's registries and walks.

    Images are (batch, height, width, channels). The training flag reaches every layer, whether or not
    `call` takes a `training` argument.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        # keras.Model.__new__ drops the arguments, and the saved config would hold their defaults.
        return keras.layers.Layer.__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Keras passes the flag in fit only to a model that says it takes one.
        self._call_has_training_arg = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_call_context() is None:
            return keras.Model.__call__(self, *args, **kwargs)
        return super().__call__(*args, **kwargs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        # Heads may have been replaced since; the optimizer names its slots by these paths.
        name_by_place(self)
        super().compile(*args, **kwargs)

    @property
    def _build_shapes_dict(self) -> dict[str, Any] | None:
        # Keras' export asks it for the input shape; our models are built without one.
        recorded = self.__dict__.get("_recorded_build_shapes")
        return recorded or _shapes_of_pretrained_input(self)

    @_build_shapes_dict.setter
    def _build_shapes_dict(self, shapes: dict[str, Any] | None) -> None:
        self.__dict__["_recorded_build_shapes"] = shapes

    def load_weights(self, filepath: str | Path, *args: Any, strict: bool = True, **kwargs: Any) -> Any:
        """Load a `.safetensors` file with torch's names and layout, or one of Keras' weight files.

        Raises:
            RuntimeError: a safetensors file that does not fit; it names every key. Nothing is changed then.
        """
        if str(filepath).endswith(".safetensors"):
            return self.load_state_dict(read_checkpoint(filepath), strict=strict)
        return super().load_weights(filepath, *args, **kwargs)

    def save_weights(self, filepath: str | Path, *args: Any, **kwargs: Any) -> None:
        """Save a `.safetensors` file with torch's names and layout, or one of Keras' weight files."""
        if not str(filepath).endswith(".safetensors"):
            super().save_weights(filepath, *args, **kwargs)
            return
        from safetensors.numpy import save_file

        save_file(self.state_dict(), str(filepath))


def name_by_place(model: Module) -> None:
    """Give layers and variables the names and paths of their place: `blocks/0/fc1/kernel`."""
    for path, layer in model.named_modules():
        if not path or not isinstance(layer, Module):
            continue
        keras_path = path.replace(".", "/")
        layer.__dict__["name"] = path
        layer.__dict__["_path"] = keras_path
        _name_variables(layer, f"{keras_path}/")
    _name_variables(model, "")


def _name_variables(layer: Module, prefix: str) -> None:
    for name, variable in _own_variables(layer):
        variable._name = name
        variable._path = f"{prefix}{name}"


def _own_variables(layer: Module) -> Iterator[tuple[str, keras.Variable]]:
    """Variables of this layer alone, under Keras' name (`kernel`) where the layer is a stock one."""
    named: set[int] = set()
    stored = [(name.lstrip("_"), layer.__dict__.get(name)) for name in sorted(layer.keras_state)]
    registry = layer._registry
    for name, held in [*stored, *registry.parameters.items(), *registry.buffers.items()]:
        if isinstance(held, keras.Variable) and id(held) not in named:
            named.add(id(held))
            yield name, held


def _shapes_of_pretrained_input(model: Any) -> dict[str, Any] | None:
    config = model.__dict__.get("pretrained_cfg")
    size = config.get("input_size") if isinstance(config, dict) else getattr(config, "input_size", None)
    if size is None:
        return None
    channels, height, width = size
    image_size = getattr(getattr(model, "patch_embed", None), "img_size", None)
    if image_size is not None:
        height, width = image_size
    for module in model.modules():
        if getattr(module, "in_channels", None):
            channels = module.in_channels
            break
    return {"input_shape": (None, height, width, channels)}
