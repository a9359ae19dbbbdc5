"""Photos prepared for a model, against timm's own transform of Pillow images and of tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm.data
import torch
from PIL import Image

import tensorflow as tf  # isort: skip
import keras  # isort: skip

from transpiler.runtime.data import EvalTransform, create_transform, resolve_data_config  # isort: skip

LANDSCAPE, PORTRAIT, SMALL = (150, 211), (193, 121), (41, 37)
SETTINGS: dict[str, dict[str, Any]] = {
    "centre": {"interpolation": "bicubic", "crop_pct": 0.9},
    "bilinear": {"interpolation": "bilinear", "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.5, 1.0)},
    "squash": {"interpolation": "bicubic", "crop_mode": "squash", "crop_pct": 0.95},
    "border": {"interpolation": "bicubic", "crop_mode": "border", "crop_pct": 1.0},
    "not square": {"input_size": (3, 56, 80), "interpolation": "bicubic", "crop_pct": 0.9},
    "not square, squash": {"input_size": (3, 56, 80), "crop_mode": "squash"},
    "not square, border": {"input_size": (3, 56, 80), "crop_mode": "border", "crop_pct": 0.9},
    "trimmed": {"crop_border_pixels": 7},
    "padded": {"crop_pct": 1.2},
    "not normalised": {"normalize": False},
}


def photo(size: tuple[int, int], channels: int = 3) -> np.ndarray:
    """Edges, slopes, and noise that reaches black and white; uint8."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    smooth = np.stack(
        [np.sin(columns / 17 + rows / 31), np.sign(np.cos(columns / 5)), np.sin(rows * columns / 900)], -1
    )
    noise = np.random.default_rng(0).normal(0, 30, (*size, 3))
    return np.clip(smooth * 100 + 128 + noise, 0, 255).astype(np.uint8)[..., :channels]


def timms(image: Any, settings: dict[str, Any]) -> np.ndarray:
    return timm.data.create_transform(**settings)(image).permute(1, 2, 0).numpy()


def grey_levels_off(transform: EvalTransform, ours: Any, theirs: np.ndarray) -> np.ndarray:
    scale = 255 * np.array(transform.std) if transform.normalize else 1.0
    assert ours.shape == theirs.shape
    return np.abs(np.asarray(ours).astype(np.float64) - theirs.astype(np.float64)) * scale


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, SMALL], ids=str)
@pytest.mark.parametrize("name", SETTINGS)
def test_bytes_are_prepared_as_pillow_images(name: str, size: tuple[int, int]) -> None:
    settings = {"input_size": (3, 64, 64), **SETTINGS[name]}
    image, transform = photo(size), create_transform(settings)
    theirs = timms(Image.fromarray(image), settings)
    of_unknown_size = tf.function(transform, input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)])
    of_known_size = tf.function(transform, input_signature=[tf.TensorSpec((None, *size, 3), tf.uint8)])
    for ours in (transform(image), of_unknown_size(image), of_known_size(image[None])[0]):
        off = grey_levels_off(transform, ours, theirs)
        assert off.max() < 1.01
        assert (off > 0.01).mean() < 0.02  # almost half-way between two levels


@pytest.mark.parametrize(
    "name", [name for name in SETTINGS if "border" not in name]
)  # timm can't pad tensors in colour
def test_floating_photos_are_prepared_as_tensors(name: str) -> None:
    settings = {"input_size": (3, 64, 64), **SETTINGS[name]}
    image, transform = photo(PORTRAIT).astype(np.float32) / 255, create_transform(settings)
    theirs = timms(torch.from_numpy(image).permute(2, 0, 1), settings)
    of_known_size = tf.function(transform, input_signature=[tf.TensorSpec((*PORTRAIT, 3))])
    for ours in (transform(image), of_known_size(image)):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_border_of_floating_photos_is_that_of_bytes() -> None:
    transform = create_transform(input_size=48, crop_mode="border", crop_pct=1.0)
    of_bytes, of_floats = transform(photo(SMALL)), transform(photo(SMALL) / 255.0)
    np.testing.assert_allclose(of_bytes[:, 0], of_floats[:, 0], atol=1e-5)
    assert np.abs(of_bytes - of_floats).max() < 1.5 / 255 / min(transform.std)


def test_grey_photos() -> None:
    settings = {"input_size": (1, 32, 32), "mean": (0.5,), "std": (0.25,)}
    image, transform = photo(LANDSCAPE, 1), create_transform(settings)
    off = grey_levels_off(transform, transform(image), timms(Image.fromarray(image[..., 0]), settings))
    assert off.max() < 1.01


@pytest.mark.parametrize("arch", ["vit_tiny_patch16_224", "resnet18", "convnext_atto", "swinv2_tiny_window8_256"])
@pytest.mark.parametrize("options", [{}, {"use_test_size": True}], ids=str)
def test_settings_are_timms(arch: str, options: dict[str, Any]) -> None:
    class Model:
        pretrained_cfg = timm.get_pretrained_cfg(arch).to_dict()

    expected = timm.data.resolve_data_config({}, model=Model(), **options)
    assert resolve_data_config(Model(), **options) == expected
    assert resolve_data_config({}, model=Model(), **options) == expected
    assert resolve_data_config(pretrained_cfg=Model.pretrained_cfg, **options) == expected
    asked = {"img_size": 96, "in_chans": 1, "mean": (0.1,), "std": (0.2,), "crop_mode": "border", "crop_pct": 0.7}
    assert resolve_data_config(asked, model=Model()) == timm.data.resolve_data_config(asked, model=Model())
    assert resolve_data_config({"img_size": (96, 64)}, model=Model())["input_size"] == (3, 96, 64)


def test_a_dataset_of_photos_of_many_sizes() -> None:
    transform = create_transform(input_size=32, interpolation="bicubic")
    sizes = [LANDSCAPE, SMALL, PORTRAIT]
    photos = tf.data.Dataset.from_generator(
        lambda: ((photo(size), number) for number, size in enumerate(sizes)),
        output_signature=(tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.int32)),
    )
    images, labels = next(iter(photos.map(lambda image, label: (transform(image), label)).batch(3)))
    assert photos.map(lambda image, _: transform(image)).batch(3).element_spec.shape == (None, 32, 32, 3)
    np.testing.assert_array_equal(labels, [0, 1, 2])
    for image, size in zip(images, sizes, strict=True):
        np.testing.assert_allclose(image, transform(photo(size)), atol=1e-6)


def test_files_decoded_in_a_dataset() -> None:
    """Decoders leave the number of channels open."""
    transform = create_transform(input_size=32)
    file = tf.io.encode_png(photo(SMALL))
    images = next(iter(tf.data.Dataset.from_tensors(file).map(tf.io.decode_png).map(transform)))
    np.testing.assert_allclose(images, transform(photo(SMALL)), atol=1e-6)
    grey = tf.data.Dataset.from_tensors(tf.io.encode_png(photo(SMALL, 1))).map(tf.io.decode_png).map(transform)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected photos of 3 channels.*channels=3.*\[\d+ \d+ 1\]"):
        next(iter(grey))


def test_floating_photos_from_0_to_255() -> None:
    """So Keras' loaders give them, and a Sequential model what it is given in bytes."""
    transform, bright = create_transform(input_size=32), photo(SMALL).astype(np.float32)
    with pytest.raises(ValueError, match="Expected floating photos from 0 to 1. Received brighter ones"):
        transform(bright)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected floating photos from 0 to 1"):
        next(iter(tf.data.Dataset.from_tensors(bright).map(transform)))
    with pytest.raises(ValueError, match="after keras.Input.*dtype='uint8'"):
        keras.Sequential([transform])(photo(SMALL)[None])
    of_bytes = keras.Sequential([keras.Input((None, None, 3), dtype="uint8"), transform])
    np.testing.assert_allclose(of_bytes(photo(SMALL)[None])[0], transform(photo(SMALL)), atol=1e-6)
    transform(1.5 * bright / 255)


def test_autograph_leaves_layers_alone() -> None:
    transform = create_transform(input_size=32)
    with pytest.raises(TypeError) as caught:
        tf.data.Dataset.from_tensors(np.zeros((8, 8, 3), np.int32)).map(transform)
    assert str(caught.value).startswith("Expected photos in uint8")


def with_model(size: tuple[int | None, int | None], dtype: str = "uint8") -> keras.Model:
    """A transform and a convolution behind it."""
    keras.utils.set_random_seed(0)
    transform = create_transform(input_size=32, interpolation="bicubic")
    photos = keras.Input((*size, 3), dtype=dtype)
    return keras.Model(photos, keras.layers.Conv2D(2, 3, strides=8)(transform(photos)))


def test_it_is_saved_with_the_model(tmp_path: Path) -> None:
    model = with_model((None, None))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    images = photo(LANDSCAPE)[None]
    np.testing.assert_array_equal(again(images), model(images))


def test_it_is_exported_with_the_model(tmp_path: Path) -> None:
    model = with_model((None, None))
    model.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved"))
    for size in (LANDSCAPE, PORTRAIT):
        images = np.stack([photo(size)] * 2)
        np.testing.assert_allclose(served.serve(images), model(images), atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_tflite_takes_photos_of_a_known_size(dtype: str) -> None:
    model = with_model(LANDSCAPE, dtype)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    images = np.stack([photo(LANDSCAPE)] * 2)
    images = images if dtype == "uint8" else (images / 255).astype(np.float32)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], images)
    interpreter.invoke()
    tolerance = 0.02 if dtype == "uint8" else 1e-4  # values half-way between two levels
    np.testing.assert_allclose(interpreter.get_tensor(made["index"]), model(images), atol=tolerance)


def test_photos_are_prepared_in_float32_whatever_the_policy() -> None:
    transform = create_transform(input_size=32)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        prepared = create_transform(input_size=32)(photo(SMALL))
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(prepared, transform(photo(SMALL)))


def test_refusals_within_keras_models() -> None:
    """Without the arguments of the call, which Keras writes around what a layer says."""
    transform = create_transform(input_size=32)
    grey = keras.Input((None, None, 1), dtype="uint8")
    for refused in (
        lambda: transform(grey),
        lambda: keras.Sequential([transform])(photo(SMALL, 1)[None]),
        lambda: keras.Sequential([keras.layers.Rescaling(1.0), transform])(photo(SMALL)[None]),
    ):
        with pytest.raises(ValueError, match="^Expected [^\n]*$"):
            refused()


def test_refusals() -> None:
    with pytest.raises(ValueError, match="interpolation to be among bilinear, bicubic"):
        create_transform(interpolation="lanczos")
    with pytest.raises(ValueError, match="crop_mode to be among"):
        create_transform(crop_mode="corner")
    with pytest.raises(NotImplementedError, match="only the transform for evaluation"):
        create_transform(is_training=True)
    with pytest.raises(TypeError, match="uint8, 0 to 255, or floating, 0 to 1. Received: int32"):
        create_transform()(np.zeros((8, 8, 3), np.int32))
    with pytest.raises(ValueError, match="Received: shape"):
        create_transform()(np.zeros((8, 8), np.uint8))
    with pytest.raises(ValueError, match=r"Expected photos of 3 channels, last. Received: shape \(8, 8, 4\)"):
        create_transform()(np.zeros((8, 8, 4), np.uint8))
    with pytest.raises(ValueError, match=r"Expected photos of 3 channels, last. Received: shape \(8, 8, 1\)"):
        create_transform()(np.zeros((8, 8, 1), np.uint8))
    with pytest.raises(TypeError, match="Expected what resolve_data_config gives. Received: Functional"):
        create_transform(with_model((None, None)))
    with pytest.raises(TypeError, match="Received: a list; Dataset.map takes any sizes"):
        create_transform()([np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)])
    with pytest.raises(TypeError, match="Expected a model of this package. Received: <Functional"):
        resolve_data_config(with_model((None, None)))
    with pytest.raises(ValueError, match="Expected a model, settings or a pretrained_cfg"):
        resolve_data_config()
    with pytest.raises(ValueError, match="Expected 3 values for mean"):
        resolve_data_config({"mean": (0.1, 0.2)})
