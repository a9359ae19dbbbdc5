"""The images that a model takes: their size and channels, and what a user may give by mistake."""

from __future__ import annotations

from typing import Any

import keras

from .conv import Conv2d
from .directly_called import with_plain_refusals


def image_size(model: Any) -> tuple[int, int] | None:
    """Height and width: the size the model was made for, else that of its pretrained weights."""
    own = getattr(getattr(model, "patch_embed", None), "img_size", None)
    if own is not None:
        return tuple(own)
    size = _pretrained_input_size(model)
    return None if size is None else (size[1], size[2])


def image_channels(model: Any) -> int | None:
    """Channels that the first convolution takes, else those of the pretrained weights."""
    taken = (getattr(module, "in_channels", None) for module in model.modules())
    size = _pretrained_input_size(model)
    return next((channels for channels in taken if channels), None if size is None else size[0])


@with_plain_refusals
def check_images(model: Any, images: Any) -> None:
    """Refuse what an architecture that timm has weights for can't take.

    Raises:
        TypeError: the images are no array or tensor, or integers.
        ValueError: there is no batch axis, or the channels come first.
    """
    size = _pretrained_input_size(model)
    shape = None if size is None else _known_shape(images)
    if size is None or shape is None:
        return
    expected = "(batch, height, width, channels)"
    # An architecture that first folds pixels into channels has a first convolution of more than the images have.
    possible = {size[0], next((module.in_channels for module in model.modules() if isinstance(module, Conv2d)), None)}
    if len(shape) == 3 and shape[-1] in possible:
        raise ValueError(
            f"Expected a batch of images {expected}. Received: shape {shape}; images[None] is a batch of one"
        )
    if len(shape) != 4:
        raise ValueError(f"Expected images {expected}. Received: shape {shape}")
    if shape[-1] not in {None, *possible} and shape[1] in possible:
        raise ValueError(
            f"Expected channels-last images (batch, height, width, {shape[1]}). Received: shape {shape}, with "
            "the channels first; np.moveaxis(images, 1, -1) puts them last"
        )
    dtype = keras.backend.standardize_dtype(images.dtype)
    if not keras.backend.is_float_dtype(dtype):
        raise TypeError(
            f"Expected floating images, normalised. Received: {dtype}; "
            "data.create_transform(data.resolve_data_config(model)) prepares photos in bytes"
        )


def _known_shape(images: Any) -> tuple[int | None, ...] | None:
    """The shape of an array or tensor of whatever kind; None where its rank is not known."""
    shape = getattr(images, "shape", None)
    if shape is None:
        raise TypeError(f"Expected images as an array or tensor. Received: {type(images).__name__}")
    return None if getattr(shape, "rank", 0) is None else tuple(shape)


def _pretrained_input_size(model: Any) -> tuple[int, int, int] | None:
    config = getattr(model, "pretrained_cfg", None)
    return config.get("input_size") if isinstance(config, dict) else getattr(config, "input_size", None)
