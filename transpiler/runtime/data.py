"""What timm does to a photo before the model sees it, as a Keras layer.

After timm.data.config, timm.data.transforms and timm.data.transforms_factory, which are made of Pillow and torchvision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from .directly_called import with_plain_refusals
from .functional.photo_resize import INTERPOLATIONS, photo_resize
from .module import Module

__all__ = ["EvalTransform", "create_transform", "resolve_data_config"]

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
_BRIGHTEST = 2.0  # which a change of brightness or contrast may lead to; of 255 it would be black
_CROP_PCT, _CROP_MODES = 0.875, ("center", "squash", "border")


def resolve_data_config(
    args: Any = None, pretrained_cfg: Mapping[str, Any] | None = None, model: Any = None, use_test_size: bool = False
) -> dict[str, Any]:
    """What a model's photos are prepared with: `timm.data.resolve_data_config`.

    Args:
        args: a model, or a mapping of settings that come before those of the model: in_chans, input_size
            (channels, height, width), img_size, interpolation, mean, std, crop_pct, crop_mode.
        pretrained_cfg: instead of the model's own.
        model: a model of this package, not one that it is wrapped in; without a pretrained_cfg it gets timm's defaults.
        use_test_size: take the size and crop that the model is tested with, where they differ from training.

    Returns:
        input_size (channels, height, width), interpolation, mean, std, crop_pct and crop_mode.

    Raises:
        ValueError: nothing is given, or a setting doesn't fit the number of channels.
        TypeError: the model is none of this package.
    """
    if args is not None and not isinstance(args, Mapping):
        args, model = None, args
    if model is None and not args and not pretrained_cfg:
        raise ValueError("Expected a model, settings or a pretrained_cfg")
    if model is not None and not hasattr(model, "pretrained_cfg") and not isinstance(model, Module):
        raise TypeError(f"Expected a model of this package. Received: {model!r}")
    asked = {name: value for name, value in (args or {}).items() if value is not None}
    known = dict(pretrained_cfg or getattr(model, "pretrained_cfg", None) or {})
    if use_test_size:
        known.update({name: known[f"test_{name}"] for name in ("input_size", "crop_pct") if known.get(f"test_{name}")})
    channels = asked.get("in_chans", asked.get("chans", 3))
    if "input_size" in asked:
        input_size = tuple(asked["input_size"])
        channels = input_size[0]
    elif "img_size" in asked:
        input_size = (channels, *_pair(asked["img_size"]))
    else:
        input_size = tuple(known.get("input_size") or (channels, 224, 224))
    return {
        "input_size": input_size,
        "interpolation": asked.get("interpolation") or known.get("interpolation") or "bicubic",
        "mean": _for_channels("mean", asked, channels) or known.get("mean") or _MEAN,
        "std": _for_channels("std", asked, channels) or known.get("std") or _STD,
        "crop_pct": asked.get("crop_pct") or known.get("crop_pct") or _CROP_PCT,
        "crop_mode": asked.get("crop_mode") or known.get("crop_mode") or "center",
    }


def _for_channels(name: str, asked: Mapping[str, Any], channels: int) -> tuple[float, ...] | None:
    if name not in asked:
        return None
    values = tuple(asked[name])
    if len(values) not in (1, channels):
        raise ValueError(f"Expected {channels} values for {name}, or one. Received: {values}")
    return values if len(values) == channels else values * channels


def create_transform(
    config: Mapping[str, Any] | None = None, is_training: bool = False, **settings: Any
) -> EvalTransform:
    """The layer that prepares photos as timm does for evaluation: `timm.data.create_transform`.

    Args:
        config: what `resolve_data_config` gives.
        is_training: refused; augment with `keras.layers.Random…`.
        **settings: arguments of `EvalTransform`, which come before those of `config`.

    Raises:
        NotImplementedError: is_training is True.
        TypeError: the config is no mapping.
    """
    if config is not None and not isinstance(config, Mapping):
        raise TypeError(f"Expected what resolve_data_config gives. Received: {type(config).__name__}")
    if is_training:
        raise NotImplementedError("only the transform for evaluation is here; augment with keras.layers.Random…")
    return EvalTransform(**{**(config or {}), **settings})


class EvalTransform(Module):
    """Resize, crop and normalise photos: timm's `transforms_imagenet_eval`.

    Takes uint8 photos, 0 to 255, or floating ones, 0 to 1: one (H, W, C) or a batch (B, H, W, C), of any size, known
    or not. Gives float32, normalised, of `input_size`. It works in `Dataset.map`, alone, and as the first layer of a
    model that is exported; for TFLite the size of the photos must be known.

    Photos in bytes are rounded where Pillow rounds them, see `photo_resize`: most values are timm's to float32
    rounding, the rest is one grey level off, in rare cases two; a level is 1 / 255 / std. On photos with noise that
    was 1 value in 1000 or fewer for most sizes, and 4 in 100 where a simple ratio of the sizes puts many values
    half-way between two levels. Floating photos are not rounded, as torchvision does not round floating tensors.

    Args:
        input_size: size of the result: one number, (height, width) or (channels, height, width).
        interpolation: bilinear or bicubic, with antialiasing.
        mean: of each channel, for photos from 0 to 1.
        std: of each channel, for photos from 0 to 1.
        crop_pct: how much of the resized photo is kept.
        crop_mode: center, the shorter edge is fitted and what juts out is cut off; squash, both edges are; border, the
            longer edge is, and the rest is filled with the mean.
        crop_border_pixels: pixels that are cut off at each edge beforehand.
        normalize: without it, what the crop gives, in the dtype of the photos.

    Raises:
        ValueError: a setting is none of these; the photos have no height, width and channels, or other channels than
            the mean; floating photos are brighter than 2. What a graph sees only as it runs is TensorFlow's
            InvalidArgumentError.
        TypeError: the photos are neither uint8 nor floating.
    """

    def __init__(
        self,
        input_size: int | Sequence[int] = 224,
        interpolation: str = "bilinear",
        mean: Sequence[float] = _MEAN,
        std: Sequence[float] = _STD,
        crop_pct: float | None = None,
        crop_mode: str | None = None,
        crop_border_pixels: int | None = None,
        normalize: bool = True,
        **kwargs: Any,
    ):
        # Whatever the model computes in: the photos are prepared in float32.
        super().__init__(**{**kwargs, "dtype": "float32"})
        for name, value, known in (
            ("interpolation", interpolation, INTERPOLATIONS),
            ("crop_mode", crop_mode or "center", _CROP_MODES),
        ):
            if value not in known:
                raise ValueError(f"Expected {name} to be among {', '.join(known)}. Received: {value}")
        self.size = _pair(input_size)
        self.interpolation = interpolation
        self.mean = tuple(float(value) for value in mean)
        self.std = tuple(float(value) for value in std)
        self.crop_pct = crop_pct or _CROP_PCT
        self.crop_mode = crop_mode or "center"
        self.crop_border_pixels = crop_border_pixels or 0
        self.normalize = normalize
        self.trainable = False

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]
        names = ("interpolation", "mean", "std", "crop_pct", "crop_mode", "crop_border_pixels", "normalize")
        return {**config, "input_size": self.size, **{name: getattr(self, name) for name in names}}

    @with_plain_refusals
    def call(self, images: Any) -> tf.Tensor:
        if isinstance(images, (list, tuple)):
            raise TypeError("Expected one photo, or a batch of one size. Received: a list; Dataset.map takes any sizes")
        images = tf.convert_to_tensor(images)
        if images.dtype != tf.uint8 and not images.dtype.is_floating:
            raise TypeError(f"Expected photos in uint8, 0 to 255, or floating, 0 to 1. Received: {images.dtype.name}")
        if images.shape.rank not in (3, 4):
            raise ValueError(f"Expected photos (H, W, C) or (B, H, W, C). Received: shape {images.shape}")
        if images.shape[-1] is None:  # as decoders leave it
            images = _with_channels(images, len(self.mean))
        if self.normalize and len(self.mean) not in (1, images.shape[-1]):
            raise ValueError(f"Expected photos of {len(self.mean)} channels, last. Received: shape {images.shape}")
        if images.dtype.is_floating:
            _check_brightness(images)
        return self._prepared(images[None])[0] if images.shape.rank == 3 else self._prepared(images)

    def _prepared(self, images: tf.Tensor) -> tf.Tensor:
        dtype, white = images.dtype, 255.0 if images.dtype == tf.uint8 else 1.0
        height, width = ops.shape(images)[1:3]
        border = self.crop_border_pixels
        if border:
            images = images[:, border : height - border, border : width - border]
            height, width = height - 2 * border, width - 2 * border
        images = photo_resize(images, self._resized(height, width), self.interpolation)
        fill = [round(255 * value) * white / 255.0 for value in self.mean] if self.crop_mode == "border" else None
        images = _centre(images, self.size, fill)
        if not self.normalize:
            return tf.cast(images, dtype)
        return (images / white - tf.constant(self.mean)) / tf.constant(self.std)

    def _resized(self, height: Any, width: Any) -> tuple[Any, Any]:
        """Height and width before the crop."""
        target = math.floor(self.size[0] / self.crop_pct), math.floor(self.size[1] / self.crop_pct)
        if self.crop_mode == "squash":
            return target
        if self.crop_mode == "center" and target[0] == target[1]:
            shorter = _either(min, tf.minimum, height, width)
            return target[0] * height // shorter, target[0] * width // shorter
        ratios = _as_float(height) / target[0], _as_float(width) / target[1]
        ratio = _either(max, tf.maximum, *ratios) if self.crop_mode == "border" else _either(min, tf.minimum, *ratios)
        return _rounded(_as_float(height) / ratio), _rounded(_as_float(width) / ratio)


def _with_channels(images: tf.Tensor, count: int) -> tf.Tensor:
    """The photos, which have `count` channels or end the graph's run."""
    expected = f"Expected photos of {count} channels, last; a decoder gives them with channels={count}. Received: shape"
    with tf.control_dependencies([tf.debugging.Assert(tf.shape(images)[-1] == count, [expected, tf.shape(images)])]):
        return tf.ensure_shape(tf.identity(images), (*images.shape[:-1], count))


def _check_brightness(images: tf.Tensor) -> None:
    """Keras' loaders give floating photos from 0 to 255, and a Sequential model makes such of bytes."""
    expected = (
        "Expected floating photos from 0 to 1. Received brighter ones, as if from 0 to 255: divide by 255, or give "
        "uint8, in a Sequential model after keras.Input((None, None, 3), dtype='uint8')"
    )
    brightest = tf.reduce_max(images)
    if not tf.executing_eagerly():
        tf.debugging.assert_less_equal(brightest, tf.cast(_BRIGHTEST, images.dtype), expected)
    elif brightest > _BRIGHTEST:
        raise ValueError(expected)


def _centre(images: tf.Tensor, size: tuple[int, int], fill: Sequence[float] | None) -> tf.Tensor:
    """The middle of the images, with a border where they are smaller; black unless it has a colour of its own."""
    own = ops.shape(images)[1:3]
    missing = [_either(max, tf.maximum, wanted - have, 0) for wanted, have in zip(size, own, strict=True)]
    if any(tf.is_tensor(count) or count > 0 for count in missing):
        colour = tf.constant(fill or [0.0] * images.shape[-1])
        margins = [(0, 0), *((count // 2, (count + 1) // 2) for count in missing), (0, 0)]
        # Around zero, so that the fill may differ between channels.
        images = tf.pad(images - colour, margins) + colour
        own = [have + count for have, count in zip(own, missing, strict=True)]
    top, left = (_rounded(_as_float(have - wanted) / 2) for wanted, have in zip(size, own, strict=True))
    cropped = images[:, top : top + size[0], left : left + size[1]]
    return tf.ensure_shape(cropped, (None, *size, images.shape[-1]))


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width out of one number, of both, or of channels, height and width."""
    if isinstance(size, int):
        return size, size
    if len(size) not in (2, 3):
        raise ValueError(f"Expected a size, (height, width) or (channels, height, width). Received: {size}")
    return int(size[-2]), int(size[-1])


# Sizes are numbers where they are known, and tensors elsewhere; both are rounded as Python rounds, half to even.


def _either(of_numbers: Any, of_tensors: Any, left: Any, right: Any) -> Any:
    return of_tensors(left, right) if tf.is_tensor(left) or tf.is_tensor(right) else of_numbers(left, right)


def _as_float(size: Any) -> Any:
    return tf.cast(size, tf.float64) if tf.is_tensor(size) else float(size)


def _rounded(value: Any) -> Any:
    return tf.cast(tf.round(value), tf.int32) if tf.is_tensor(value) else round(value)
