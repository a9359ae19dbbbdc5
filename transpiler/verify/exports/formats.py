"""Writing a model in one of the formats, and running what was written without the package."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import frameworks
from ..compare import Array
from ..frameworks import keras, tf

Run = Callable[[Array], Array]

_NEEDED = {"onnx": ("tf2onnx", "onnx", "onnxruntime")}


def missing_packages(format: str) -> list[str]:
    """Packages that a format needs and that are not installed."""
    return [name for name in _NEEDED.get(format, ()) if find_spec(name) is None]


def versions(format: str) -> dict[str, str]:
    """Versions of the frameworks and of what a format needs."""
    return {**frameworks.versions(), **{name: metadata.version(name) for name in _NEEDED.get(format, ())}}


def write(model: Any, format: str, path: Path, size: tuple[int | None, int | None]) -> None:
    """Export for any batch, and images of `size`; None is any."""
    signature = [keras.InputSpec(shape=(None, *size, 3), dtype="float32")]
    keras_format = "tf_saved_model" if format == "saved_model" else format
    model.export(path, keras_format, verbose=False, input_signature=signature)


def load(format: str, path: Path) -> Run:
    """What the file computes: images (batch, height, width, 3) to the model's one output."""
    return {"saved_model": _saved_model, "litert": _litert, "onnx": _onnx}[format](path)


def bytes_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _saved_model(path: Path) -> Run:
    loaded = tf.saved_model.load(str(path))
    return lambda images: loaded.serve(images).numpy()


def _litert(path: Path) -> Run:
    interpreter = tf.lite.Interpreter(str(path))
    place = interpreter.get_input_details()[0]["index"]

    def run(images: Array) -> Array:
        interpreter.resize_tensor_input(place, images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(place, images)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return run


def _onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return lambda images: session.run(None, {given.name: images})[0]
