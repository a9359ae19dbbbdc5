"""Generated ViT-B/16 against a hand-written one, same weights, same images, under tf.function."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ..verify.package import import_package
from .errors import BenchError
from .plain_vit import PlainViT
from .timing import median_ratio, summarise, time_interleaved

ARCH = "vit_base_patch16_224"
BASELINE = "hand-written"
BATCHES = (1, 8)


def bench_vit(package_folder: Path, repeats: int, jit_compile: bool = False) -> list[dict[str, Any]]:
    """One record for each batch size and rival: seconds a call, and the ratio to the hand-written model's."""
    rivals = _rivals(package_folder, jit_compile)
    records: list[dict[str, Any]] = []
    for batch in BATCHES:
        images = tf.constant(np.random.default_rng(batch).standard_normal((batch, 224, 224, 3), dtype=np.float32))
        _check_agreement(rivals, images)
        seconds = time_interleaved({name: _call(model, images) for name, model in rivals.items()}, repeats)
        for name, values in seconds.items():
            ratio = median_ratio(values, seconds[BASELINE])
            records.append({"model": name, "batch": batch, "ratio": ratio, **dataclasses.asdict(summarise(values))})
    return records


def _rivals(package_folder: Path, jit_compile: bool) -> dict[str, Callable[[tf.Tensor], Any]]:
    generated = import_package(package_folder).create_model(ARCH)
    rivals: dict[str, Callable[..., Any]] = {BASELINE: PlainViT(generated.state_dict()), "generated": generated}
    keras_hub = _keras_hub_vit()
    if keras_hub is not None:
        rivals["keras_hub"] = keras_hub
    signature = [tf.TensorSpec((None, 224, 224, 3), tf.float32)]
    return {
        name: tf.function(_plainly(model), input_signature=signature, jit_compile=jit_compile)
        for name, model in rivals.items()
    }


def _plainly(model: Callable[..., Any]) -> Callable[[tf.Tensor], Any]:
    return lambda images: model(images)


def _keras_hub_vit() -> Callable[..., Any] | None:
    """keras_hub's ViT-B/16 where installed: other weights, so only its time is comparable."""
    try:
        import keras_hub
    except ImportError:
        return None
    backbone = keras_hub.models.ViTBackbone(
        image_shape=(224, 224, 3), patch_size=16, num_layers=12, num_heads=12, hidden_dim=768, mlp_dim=3072
    )
    return keras_hub.models.ViTImageClassifier(backbone=backbone, preprocessor=None, num_classes=1000, pooling="token")


def _call(model: Callable[[tf.Tensor], Any], images: tf.Tensor) -> Callable[[], object]:
    return lambda: model(images).numpy()  # numpy() waits for the result


def _check_agreement(rivals: dict[str, Callable[[tf.Tensor], Any]], images: tf.Tensor) -> None:
    expected, actual = rivals[BASELINE](images).numpy(), rivals["generated"](images).numpy()
    error = np.abs(expected - actual).max() / np.abs(expected).max()
    if not error <= 1e-4:
        raise BenchError(f"the two models differ by {error:.1e}: they do not compute the same, so no time is compared")
