"""`Model`: a module that is a `keras.Model`, for fit, predict, saving and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras

from .arguments import decode, encode
from .checkpoints import OF_OTHER_FRAMEWORKS, read_checkpoint
from .directly_called import with_plain_assertions
from .export import computing_in_float32, constants_in_graph, export_options, garbage_collected_often
from .images import check_images
from .keras_private import current_call_context, trained_by
from .many_workers import ManyWorkers
from .model_methods import TENSOR_METHODS, also_symbolic
from .module import Module
from .naming import name_by_place
from .recipe import CHANGING_METHODS, Unwritable, described_arguments, freeze_as_described, recording, repeat_changes
from .summary import described_call, layers_as_shown


class _RemembersChanges(type(Module)):  # type: ignore[misc]
    """Remembers, once `__init__` is done, how the model is changed."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        model = super().__call__(*args, **kwargs)
        model.__dict__["__changes"] = []
        return model


class Model(Module, ManyWorkers, keras.Model, metaclass=_RemembersChanges):
    """Root of a network: a `keras.Model` with torch's registries and walks.

    Images are (batch, height, width, channels). The training flag reaches every layer, whether or not
    `call` takes a `training` argument.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        # keras.Model.__new__ drops the arguments.
        model = keras.layers.Layer.__new__(cls, *args, **kwargs)
        try:
            # At once: a model that is given may change later.
            model.__dict__["__described"] = described_arguments(cls, args, kwargs)
        except Unwritable as error:
            model.__dict__["__described"] = error
        return model

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in CHANGING_METHODS:
            if name in vars(cls):
                setattr(cls, name, recording(vars(cls)[name], _take_up_changes))
        if "call" in vars(cls):
            cls.call = with_plain_assertions(vars(cls)["call"])
        for name in TENSOR_METHODS:
            if name in vars(cls):
                setattr(cls, name, also_symbolic(vars(cls)[name]))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Keras passes the flag in fit only to a model that says it takes one.
        self._call_has_training_arg = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_call_context() is None:
            if args:
                check_images(self, args[0])
            output = keras.Model.__call__(self, *args, **kwargs)
            self.__dict__["__called_with"] = described_call(args, kwargs)
            return output
        return super().__call__(*args, **kwargs)

    def _call_from_keras(self, context: Any, args: Any, kwargs: Any) -> Any:
        if args:
            check_images(self, args[0])
        return super()._call_from_keras(context, args, kwargs)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer at any depth by its dotted name, `blocks.3.attn`, or a direct child by its place.

        Raises:
            ValueError: there is no such layer.
        """
        found = dict(self.named_modules()).get(name) if name else None
        return super().get_layer(name, index) if found is None else found  # type: ignore[misc]

    @also_symbolic
    def layer_outputs(self, images: Any, names: Sequence[str]) -> dict[str, Any]:
        """Outputs of the layers with these dotted names while the model is called with `images`.

        Given a `keras.Input`, outputs of a Functional model: `keras.Model(inputs, model.layer_outputs(inputs, names))`.

        Args:
            images: (batch, height, width, channels).

        Raises:
            ValueError: there is no layer of a name, or the model doesn't call it.
        """
        outputs: dict[str, Any] = {}
        handles = [
            self.get_layer(name).register_forward_hook(lambda _, __, output, name=name: outputs.update({name: output}))
            for name in names
        ]
        try:
            self(images)
        finally:
            for handle in handles:
                handle.remove()
        missing = [name for name in names if name not in outputs]
        if missing:
            raise ValueError(f"{type(self).__name__} does not call {', '.join(missing)}")
        return {name: outputs[name] for name in names}

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Print the layers, as `keras.Model.summary` does; `expand_nested=True` goes down to the last one.

        The shapes are those of the last call, or of images of the model's own size.
        """
        with layers_as_shown(self, self.__dict__.get("__called_with")):
            super().summary(*args, **kwargs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        # Heads may have been replaced since; the optimizer names its slots by these paths.
        name_by_place(self)
        super().compile(*args, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        # Keras leaves a model file's optimizer out where `compile` is overridden.
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def export(
        self,
        filepath: str | Path,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write the model for inference, as `keras.Model.export` does; no call is needed before.

        A model of mixed precision computes in float32 in all formats but the SavedModel: their runtimes have no
        convolutions of fewer bits.

        Args:
            format: "tf_saved_model", "litert" (a .tflite of builtin operators alone unless `target_spec` says
                otherwise), "onnx" or "openvino".
            input_signature: default one image of the model's size and any batch,
                `[keras.InputSpec(shape=(None, height, width, channels), dtype="float32")]`; None for height and width
                where the model takes images of any size.

        Raises:
            ImportError: a format needs a package that is not installed.
            ValueError: the model has no size of its own and no `input_signature` is given; its weights are not float32.
        """
        input_signature, kwargs = export_options(self, format, input_signature, kwargs)
        with ExitStack() as held:
            if format == "onnx":
                held.enter_context(constants_in_graph(self))
                held.enter_context(garbage_collected_often())
            if format != "tf_saved_model":
                held.enter_context(computing_in_float32(self))
            super().export(str(filepath), format, verbose=verbose, input_signature=input_signature, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes this model from again: the arguments given, what was changed since, what is frozen.

        Raises:
            NotImplementedError: an argument is nothing that a file can hold.
        """
        config = super().get_config()
        config["changes"] = list(self.__dict__["__changes"])
        if isinstance(self.__dict__.get("pretrained_cfg"), Mapping):
            config["pretrained_cfg"] = encode(self.pretrained_cfg)
        return config

    def _described_arguments(self) -> dict[str, Any]:
        described = self.__dict__["__described"]
        if isinstance(described, Unwritable):
            raise described
        return described

    @classmethod
    def _from_own_config(cls, config: dict[str, Any]) -> Any:
        model = super()._from_own_config({name: value for name, value in config.items() if name != "frozen"})
        repeat_changes(model, config.get("changes", ()))
        if config.get("frozen"):
            freeze_as_described(model, config["frozen"])
        if config.get("pretrained_cfg") is not None:
            model.pretrained_cfg = model.default_cfg = decode(config["pretrained_cfg"])
        return model

    def load_weights(self, filepath: str | Path, *args: Any, strict: bool = True, **kwargs: Any) -> Any:
        """Load a `.safetensors` file with torch's names and layout, or one of Keras' weight files.

        Raises:
            RuntimeError: a safetensors file that does not fit. Nothing is changed then.
            ValueError: a file of Keras' that does not fit, or a file of another kind.
        """
        if str(filepath).endswith(".safetensors"):
            return self.load_state_dict(read_checkpoint(filepath), strict=strict)
        if str(filepath).endswith(OF_OTHER_FRAMEWORKS):
            raise ValueError(
                f"Expected a .safetensors, .weights.h5 or .keras file. Received: {filepath}; load_weights(model, path) "
                "of the package reads it"
            )
        try:
            return super().load_weights(filepath, *args, **kwargs)
        except FileNotFoundError:
            raise
        except (OSError, BadZipFile) as error:
            raise ValueError(f"{filepath} is no readable file of Keras': {error}") from None
        except ValueError as error:
            said, _, _ = str(error).partition("\n\nList of objects that could not be loaded")
            raise ValueError(f"{filepath} for {type(self).__name__}: {' '.join(said.split())}") from None

    def save(self, filepath: str | Path, *args: Any, **kwargs: Any) -> None:
        """Write the whole model to a `.keras` file, with its optimizer and what is frozen.

        Raises:
            ValueError: another suffix, HDF5's among them.
            NotImplementedError: see `get_config`.
        """
        if str(filepath).endswith((".h5", ".hdf5")):
            raise ValueError(f"Expected a .keras file. Received: {filepath}; save_weights writes .weights.h5")
        super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath: str | Path, *args: Any, **kwargs: Any) -> None:
        """Save a `.safetensors` file with torch's names and layout, or one of Keras' weight files."""
        if not str(filepath).endswith(".safetensors"):
            super().save_weights(filepath, *args, **kwargs)
            return
        try:
            from safetensors.numpy import save_file
        except ImportError as error:
            raise ImportError("Writing .safetensors needs safetensors: pip install safetensors") from error
        save_file(self.state_dict(), str(filepath))


def _take_up_changes(model: Model) -> None:
    """Name the parts anew, and drop what Keras traced of them as they were.

    An optimizer built for other variables goes too: until `compile` is called again, `fit` asks for it, and the model
    file holds none.
    """
    name_by_place(model)
    model.train_function = model.test_function = model.predict_function = None
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not optimizer.built:
        return
    if [id(variable) for variable in trained_by(optimizer)] != [id(variable) for variable in model.trainable_variables]:
        model.optimizer, model.compiled = None, False
