"""Exports, each reloaded and compared with the model. None needs a call before."""

from __future__ import annotations

import gc
import weakref
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from use_models import ROAD_MAP, SIZE, SMALL, error, images, small_model

TOLERANCE = 1e-5


def sized(*size: int | None) -> list[keras.InputSpec]:
    return [keras.InputSpec(shape=(None, *size, 3), dtype="float32")]


def run_tflite(path: Path, x: np.ndarray) -> np.ndarray:
    interpreter = tf.lite.Interpreter(str(path))
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("name", [*ROAD_MAP, "resnet18", "convnext_atto"])
def test_tflite_of_builtins_with_any_batch(generated_package: ModuleType, name: str, tmp_path: Path) -> None:
    """An operator that TFLite lacks makes the export fail."""
    model = small_model(generated_package, name)
    model.export(tmp_path / "model.tflite", format="litert", verbose=False, input_signature=sized(*SIZE))
    for count in (1, 3):
        assert error(run_tflite(tmp_path / "model.tflite", images(count)), model(images(count))) < TOLERANCE


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("swin_tiny_patch4_window7_224", {"strict_img_size": False}),
        # 7 rows, whose places are clamped to 0 to 6: the converter has no ReLU6 of integers.
        ("sam2_hiera_tiny", {"global_pos_size": (7, 3)}),
    ],
    ids=["swin", "hiera"],
)
def test_tflite_of_any_size(generated_package: ModuleType, name: str, kwargs: dict[str, Any], tmp_path: Path) -> None:
    model = small_model(generated_package, name, **kwargs)
    model.export(tmp_path / "model.tflite", format="litert", verbose=False, input_signature=sized(None, None))
    for size in (SIZE, (64, 32)):
        assert error(run_tflite(tmp_path / "model.tflite", images(2, size)), model(images(2, size))) < TOLERANCE


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_tflite_of_mixed_precision_is_float32(generated_package: ModuleType, policy: str, tmp_path: Path) -> None:
    model = small_model(generated_package, "vit_tiny_patch16_224", dtype=policy)
    whole = generated_package.create_model("vit_tiny_patch16_224", **{**SMALL["vit_tiny_patch16_224"], "num_classes": 5})
    whole.load_state_dict(model.state_dict())
    before = model(images())
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    assert error(run_tflite(tmp_path / "model.tflite", images()), whole(images())) < TOLERANCE
    np.testing.assert_array_equal(model(images()), before)
    assert {layer.dtype_policy.name for layer in model.modules()} == {policy}


def test_weights_that_tflite_cannot_hold(generated_package: ModuleType, tmp_path: Path) -> None:
    model = small_model(generated_package, "vit_tiny_patch16_224", dtype="bfloat16")
    with pytest.raises(ValueError, match="Expected a model with float32 weights. Received: bfloat16; load its"):
        model.export(tmp_path / "model.tflite", format="litert")


def test_saved_model_of_the_model_s_own_size(generated_package: ModuleType, tmp_path: Path) -> None:
    model = small_model(generated_package, "vit_tiny_patch16_224")
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    for count in (1, 3):
        assert error(loaded.serve(images(count)), model(images(count))) < TOLERANCE


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("vit_tiny_patch16_224", {"dynamic_img_size": True}),
        ("swin_tiny_patch4_window7_224", {"strict_img_size": False}),
        ("sam2_hiera_tiny", {}),
        ("resnet18", {}),
    ],
    ids=["vit", "swin", "hiera", "resnet"],
)
def test_saved_model_of_any_size(
    generated_package: ModuleType, name: str, kwargs: dict[str, bool], tmp_path: Path
) -> None:
    model = small_model(generated_package, name, **kwargs)
    model.export(tmp_path / "saved", verbose=False, input_signature=sized(None, None))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    for size in (SIZE, (64, 32)):
        assert error(loaded.serve(images(2, size)), model(images(2, size))) < TOLERANCE


@pytest.mark.parametrize("within", [False, True], ids=["own", "functional"])
def test_onnx(generated_package: ModuleType, within: bool, tmp_path: Path) -> None:
    model = small_model(generated_package, "swin_tiny_patch4_window7_224")
    if within:
        inputs = keras.Input((*SIZE, 3))
        model = generated_package.FunctionalModel(inputs, model(inputs))
    try:
        import onnxruntime
    except ImportError:
        with pytest.raises(ImportError, match="pip install tf2onnx"):
            model.export(tmp_path / "model.onnx", format="onnx")
        return
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    for count in (1, 3):
        (ours,) = session.run(None, {session.get_inputs()[0].name: images(count)})
        assert error(ours, model(images(count))) < TOLERANCE


def test_dropped_cycles_do_not_pile_up(generated_package: ModuleType) -> None:
    """Few objects, each of which may hold a copy of the weights; they have lived for a while."""

    class Copy:
        def __init__(self) -> None:
            self.itself = self

    often = import_module(f"{generated_package.__name__}.runtime.export").garbage_collected_often
    before = gc.get_threshold(), gc.get_freeze_count()
    copies: weakref.WeakSet[Copy] = weakref.WeakSet()
    most = 0
    with often():
        for _ in range(10):
            copy = Copy()
            copies.add(copy)
            kept = [[] for _ in range(20000)]
            del copy
            most = max(most, len(copies))
    assert kept and most < 3
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
