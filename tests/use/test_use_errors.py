"""Mistakes a user makes, and the one clear line that says what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from use_models import SIZE, SMALL, images, small_model

CALLS: list[Callable[[Any, Any], Any]] = [
    lambda model, x: model(x),
    lambda model, x: model.predict(x, verbose=0),
    lambda model, x: model(keras.Input(x.shape[1:], dtype=x.dtype)),
    lambda model, x: keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), model])(x),
]


def refused(caught: pytest.ExceptionInfo) -> str:
    """What the error says; no more than a line."""
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("call", CALLS, ids=["eager", "predict", "functional", "within"])
@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "resnet18"])
class TestImages:
    def test_channels_first(self, generated_package: ModuleType, name: str, call: Any) -> None:
        x = np.moveaxis(images(), -1, 1)
        with pytest.raises(ValueError, match="Expected channels-last images .*height, width, 3.*np.moveaxis") as caught:
            call(small_model(generated_package, name), x)
        refused(caught)

    def test_integers(self, generated_package: ModuleType, name: str, call: Any) -> None:
        with pytest.raises(TypeError, match="Expected floating images.* Received: uint8; .*create_transform") as caught:
            call(small_model(generated_package, name), np.zeros((2, *SIZE, 3), np.uint8))
        refused(caught)


def test_no_batch(generated_package: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"Expected a batch .*Received: shape \(32, 48, 3\); images\[None\]") as caught:
        small_model(generated_package, "resnet18")(images()[0])
    refused(caught)


@pytest.mark.parametrize("channels", [1, 6])
def test_another_number_of_channels(generated_package: ModuleType, channels: int) -> None:
    """TensorFlow itself takes six channels for two groups of three."""
    with pytest.raises(ValueError, match="Expected 3 channels, last of 4 axes. Received: shape") as caught:
        small_model(generated_package, "resnet18")(np.zeros((1, *SIZE, channels), np.float32))
    refused(caught)


@pytest.mark.parametrize("shape", [(4, 3), (1, 1, *SIZE, 3)])
def test_another_rank(generated_package: ModuleType, shape: tuple[int, ...]) -> None:
    """TensorFlow ends the process where a convolution gets a matrix."""
    with pytest.raises(ValueError, match=r"Expected images \(batch, height, width, channels\). Received: shape") as caught:
        small_model(generated_package, "convnext_atto")(np.zeros(shape, np.float32))
    refused(caught)
    with pytest.raises(ValueError, match="Expected 3 channels, last of 4 axes. Received: shape") as caught:
        small_model(generated_package, "convnext_atto").stem[0](np.zeros(shape, np.float32))
    refused(caught)


@pytest.mark.parametrize("given", ["photo.jpg", [[1.0]]], ids=["path", "list"])
def test_no_array(generated_package: ModuleType, given: Any) -> None:
    with pytest.raises(TypeError, match="Expected images as an array or tensor. Received: (str|list)") as caught:
        small_model(generated_package, "resnet18")(given)
    refused(caught)


def test_what_looks_wrong_and_is_not(generated_package: ModuleType) -> None:
    model = small_model(generated_package, "resnet18", in_chans=6)
    assert model(np.zeros((2, 3, 64, 6), np.float32)).shape == (2, 5)
    assert model(np.zeros((2, 6, 64, 6))).shape == (2, 5)


@pytest.mark.parametrize("call", CALLS, ids=["eager", "predict", "functional", "within"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vit_tiny_patch16_224", "Input height (40) doesn't match model (32)."),
        ("swin_tiny_patch4_window7_224", "Input height (40) doesn't match model (32)."),
        ("samvit_base_patch16", "Input height (44) should be divisible by patch size (8)."),
    ],
)
def test_another_size_gets_timms_message(generated_package: ModuleType, name: str, message: str, call: Any) -> None:
    height = 44 if "samvit" in name else 40
    with pytest.raises(AssertionError) as caught:
        call(small_model(generated_package, name), images(2, (height, 48)))
    assert refused(caught) == message


def test_unknown_model(generated_package: ModuleType) -> None:
    with pytest.raises(RuntimeError, match=r"Unknown model \(vit_tinny_patch16_224\); nearest: vit_tiny_patch16_224, "):
        generated_package.create_model("vit_tinny_patch16_224", pretrained=True)
    with pytest.raises(RuntimeError, match=r"Unknown model \(xyz\); list_models\(\) gives the \d+ of this") as caught:
        generated_package.create_model("xyz.in1k")
    refused(caught)
    with pytest.raises(ValueError, match="has no source prefix"):
        generated_package.create_model("timm/resnet18.a1_in1k")
    assert "pretrained_cfg" in (generated_package.create_model.__doc__ or "")


@pytest.mark.parametrize("name", SMALL)
def test_unknown_argument(generated_package: ModuleType, name: str) -> None:
    """As timm: Keras' own is a ValueError."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'no_such_argument'") as caught:
        generated_package.create_model(name, **SMALL[name], no_such_argument=1)
    refused(caught)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": "10"}, "Expected num_classes to be an integer, 0 for no classifier. Received: '10'"),
        ({"num_classes": 2.5}, "Expected num_classes to be an integer, 0 for no classifier. Received: 2.5"),
        ({"in_chans": "3"}, "Expected in_chans to be an integer, 1 or more. Received: '3'"),
        ({"in_chans": 0}, "Expected in_chans to be an integer, 1 or more. Received: 0"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "resnet18"])
def test_numbers_that_are_none(
    generated_package: ModuleType, name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        generated_package.create_model(name, **{**SMALL[name], **arguments})
    assert refused(caught) == message
    if "num_classes" in arguments:
        with pytest.raises(TypeError, match="Expected num_classes to be an integer"):
            small_model(generated_package, name).reset_classifier(arguments["num_classes"])


def test_numbers_that_are_some(generated_package: ModuleType) -> None:
    counted = {"num_classes": np.int64(3), "in_chans": np.int32(1)}
    model = generated_package.create_model("resnet18", **SMALL["resnet18"], **counted)
    assert model(np.zeros((1, *SIZE, 1), np.float32)).shape == (1, 3)


def test_no_name(generated_package: ModuleType) -> None:
    with pytest.raises(TypeError, match="Expected the name of a model. Received: 18") as caught:
        generated_package.create_model(18)
    refused(caught)


@pytest.mark.parametrize("suffix", [".safetensors", ".weights.h5"])
def test_weights_for_another_number_of_classes(generated_package: ModuleType, suffix: str, tmp_path: Path) -> None:
    name = "vit_tiny_patch16_224"
    small_model(generated_package, name).save_weights(tmp_path / f"a{suffix}")
    model = small_model(generated_package, name, num_classes=7)
    message = r"head.weight: the checkpoint has \(5, 12\), the model \(7, 12\)"
    with pytest.raises(
        (RuntimeError, ValueError), match=rf"{message}|head/kernel: the file has \(12, 5\), the model \(12, 7\)"
    ) as caught:
        model.load_weights(tmp_path / f"a{suffix}")
    refused(caught)
    if suffix == ".safetensors":
        with pytest.raises(RuntimeError, match=message) as caught:
            generated_package.load_weights(model, tmp_path / "a.safetensors")
        refused(caught)


def test_weights_of_another_model(generated_package: ModuleType, tmp_path: Path) -> None:
    small_model(generated_package, "resnet18").save_weights(tmp_path / "a.safetensors")
    model = small_model(generated_package, "vit_tiny_patch16_224")
    before = model.state_dict()
    with pytest.raises(RuntimeError, match=r"Missing key.*cls_token.* and \d+ more. Unexpected.*conv1.weight") as caught:
        model.load_weights(tmp_path / "a.safetensors")
    refused(caught)
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("name", ["a.safetensors", "a.weights.h5"])
def test_no_such_file(generated_package: ModuleType, name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        small_model(generated_package, "resnet18").load_weights(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.safetensors", "a.safetensors is not a readable safetensors file: "),
        ("a.weights.h5", "a.weights.h5 is no readable file of Keras': "),
        ("a.keras", "a.keras is no readable file of Keras': "),
        ("a.pth", "Expected a .safetensors, .weights.h5 or .keras file. Received: .*a.pth; load_weights"),
    ],
)
def test_a_file_of_something_else(generated_package: ModuleType, name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"not weights")
    model = small_model(generated_package, "resnet18")
    with pytest.raises(ValueError, match=message) as caught:
        model.load_weights(tmp_path / name)
    refused(caught)
    message = {"a.pth": "is not a readable pickle of torch", "a.safetensors": message}.get(name, "model.load_weights reads")
    with pytest.raises(ValueError, match=message) as caught:
        generated_package.load_weights(model, tmp_path / name)
    refused(caught)


def test_a_model_file_of_another_kind(generated_package: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expected a .keras file. Received: .*a.h5; save_weights writes") as caught:
        small_model(generated_package, "resnet18").save(tmp_path / "a.h5")
    refused(caught)


def test_missing_package(generated_package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model(generated_package, "resnet18")
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="Writing .safetensors needs safetensors: pip install safetensors") as caught:
        model.save_weights(tmp_path / "a.safetensors")
    refused(caught)
