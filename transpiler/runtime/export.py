"""What an export is told: the input signature, and options of the formats."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import keras
import tensorflow as tf

from .images import image_channels, image_size

_NEEDED_PACKAGES = {"onnx": ("tf2onnx", "onnx"), "openvino": ("openvino",)}


def export_options(
    model: Any, format: str, input_signature: Any, options: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Signature and options for `keras.Model.export`, with our defaults. See `Model.export`."""
    missing = [name for name in _NEEDED_PACKAGES.get(format, ()) if find_spec(name) is None]
    if missing:
        raise ImportError(f"Exporting to {format} needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    if format == "litert":
        # Without it Keras takes in operators that need TensorFlow on the device.
        options = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}, **options}
    return (default_signature(model) if input_signature is None else input_signature), options


@contextmanager
def constants_in_graph(model: Any) -> Iterator[None]:
    """Let graphs that are traced inside the block hold the model's constant buffers.

    Otherwise they are inputs that TensorFlow adds on its own, which tf2onnx doesn't know of.
    """
    constants = [
        (module._registry.buffers, name, buffer)
        for module in model._flatten_layers()
        if hasattr(module, "_registry")
        for name, buffer in module._registry.buffers.items()
        if tf.is_tensor(buffer) and not isinstance(buffer, keras.Variable)
    ]
    for buffers, name, buffer in constants:
        buffers[name] = buffer.numpy()
    try:
        yield
    finally:
        for buffers, name, buffer in constants:
            buffers[name] = buffer


@contextmanager
def garbage_collected_often() -> Iterator[None]:
    """Let few unreachable objects pile up inside the block.

    tf2onnx copies the graph, weights and all, for each of its passes, and the copies it drops are in cycles. Python
    counts objects, not bytes, before it looks for those: SAM's copies came to forty times its weights.
    """
    thresholds, is_first = gc.get_threshold(), gc.get_freeze_count() == 0
    gc.collect()
    if is_first:
        gc.freeze()  # what is there already need not be looked through each time
        gc.collect()
    gc.set_threshold(700, 1, 1)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if is_first:
            gc.unfreeze()


@contextmanager
def computing_in_float32(model: Any) -> Iterator[None]:
    """Let a model of mixed precision compute in float32, in which its weights are, inside the block.

    Raises:
        ValueError: the weights are not float32.
    """
    if model.variable_dtype != "float32":
        raise ValueError(
            f"Expected a model with float32 weights. Received: {model.dtype_policy.name}; load its state_dict() into a "
            "model made with dtype='float32'"
        )
    policies = [(layer, layer.dtype_policy) for layer in model._flatten_layers()]
    for layer, policy in policies:
        if policy.compute_dtype != "float32":
            layer.dtype_policy = keras.DTypePolicy("float32")
    try:
        yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy


def default_signature(model: Any) -> list[keras.InputSpec]:
    """A batch of unknown size of images of the model's own size.

    Raises:
        ValueError: the model has no size of its own.
    """
    size, channels = image_size(model), image_channels(model)
    if size is None or channels is None:
        raise ValueError(
            f"{type(model).__name__} does not know the size of its images; "
            "pass input_signature=[keras.InputSpec(shape=(None, height, width, channels), dtype='float32')]"
        )
    # Images come in float32; a model of half precision casts them itself.
    dtype = "float64" if model.compute_dtype == "float64" else "float32"
    return [keras.InputSpec(shape=(None, *size, channels), dtype=dtype)]
