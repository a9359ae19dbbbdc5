"""`Model`: a module that is a `keras.Model`, for fit, predict, saving and export."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from .arguments import decode, encode
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
        model = keras.layers.Layer.__new__(cls, *args, **kwargs)
        model.__dict__["_described_arguments"] = _described_arguments(cls, args, kwargs)
        return model

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

    def compile_from_config(self, config: dict[str, Any]) -> None:
        # Keras leaves a model file's optimizer out where `compile` is overridden.
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    @property
    def _build_shapes_dict(self) -> dict[str, Any] | None:
        # Keras' export asks it for the input shape; our models are built without one.
        recorded = self.__dict__.get("_recorded_build_shapes")
        return recorded or _shapes_of_pretrained_input(self)

    @_build_shapes_dict.setter
    def _build_shapes_dict(self, shapes: dict[str, Any] | None) -> None:
        self.__dict__["_recorded_build_shapes"] = shapes

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes this model from again: the arguments given, as changed since.

        Raises:
            NotImplementedError: an argument is nothing that a file can hold.
        """
        described = self.__dict__["_described_arguments"]
        if isinstance(described, str):
            raise NotImplementedError(f"{type(self).__name__} {described}; implement get_config()")
        config = {**described, **_described_changes(self)}
        config.update(name=self.name, trainable=self.trainable)
        config["dtype"] = keras.dtype_policies.serialize(self.dtype_policy)
        if isinstance(self.__dict__.get("pretrained_cfg"), Mapping):
            config["pretrained_cfg"] = encode(self.pretrained_cfg)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a model from what `get_config` gives."""
        config = dict(config)
        pretrained_cfg = decode(config.pop("pretrained_cfg", None))
        policy = keras.dtype_policies.deserialize(config.pop("dtype", None)) if config.get("dtype") else None
        model = cls(**{name: decode(value) for name, value in config.items()}, dtype=policy)
        if pretrained_cfg is not None:
            model.pretrained_cfg = model.default_cfg = pretrained_cfg
        return model

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


def _described_arguments(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | str:
    """The constructor's arguments by name, described at once so that none is kept alive; or why it cannot be done."""
    try:
        bound = inspect.signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    except TypeError as error:
        return f"was made with arguments that it does not take: {error}"
    given = dict(list(bound.arguments.items())[1:])
    described = {}
    for name, value in given.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            return f"was made with *{name}, which Keras cannot give back"
        for key, item in value.items() if kind is inspect.Parameter.VAR_KEYWORD else [(name, value)]:
            if key in ("name", "trainable", "dtype"):
                continue  # Keras' own
            try:
                described[key] = encode(item)
            except (TypeError, NotImplementedError) as error:
                return f"was made with an argument that Keras cannot serialize, {key}: {error}"
    return described


def _described_changes(model: Any) -> dict[str, Any]:
    """Arguments that a model changed after it was made: timm's models keep them as `_model_args` and as attributes."""
    changes = dict(model.__dict__.get("_model_args") or {})
    changes.update({name: getattr(model, name) for name in ("num_classes", "global_pool") if hasattr(model, name)})
    takes = inspect.signature(type(model).__init__).parameters
    return {name: encode(value) for name, value in changes.items() if name in takes}


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
