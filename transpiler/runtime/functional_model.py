"""`FunctionalModel`: a Functional model of Keras around models of this package, where Keras' own falls short."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras

from .arguments import PACKAGE, class_that_wrote, registered_package
from .export import constants_in_graph, export_options, garbage_collected_often
from .many_workers import ManyWorkers


class FunctionalModel(ManyWorkers, keras.Model):
    """`keras.Model(inputs, outputs)`, which also trains under MultiWorkerMirroredStrategy and exports to ONNX."""

    def export(
        self,
        filepath: str | Path,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write the model for inference, as `keras.Model.export` does; no call is needed before.

        Args:
            format: "tf_saved_model", "litert" (a .tflite of builtin operators alone unless `target_spec` says
                otherwise), "onnx" or "openvino".
            input_signature: default the model's inputs.

        Raises:
            ImportError: a format needs a package that is not installed.
        """
        if input_signature is None:
            input_signature = [keras.tree.map_structure(_spec_of, self.input)]
        input_signature, kwargs = export_options(self, format, input_signature, kwargs)
        with ExitStack() as held:
            if format == "onnx":
                held.enter_context(constants_in_graph(self))
                held.enter_context(garbage_collected_often())
            super().export(str(filepath), format, verbose=verbose, input_signature=input_signature, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "package": PACKAGE}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make a model from what `get_config` gives, of the package that wrote it if that is imported."""
        writer: Any = class_that_wrote(config, cls)
        config = {name: value for name, value in config.items() if name != "package"}
        if writer is cls:
            return super().from_config(config, custom_objects)
        return writer.from_config(config, custom_objects)


def _spec_of(tensor: keras.KerasTensor) -> keras.InputSpec:
    return keras.InputSpec(tensor.dtype, tensor.shape, name=tensor.name)


_package = registered_package(FunctionalModel)
if _package is not None:
    keras.saving.register_keras_serializable(_package)(FunctionalModel)
