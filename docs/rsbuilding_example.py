"""Two images in, three masks out: trains a small network of RSBuilding on made-up images, and draws rsbuilding.png.

    python docs/rsbuilding_example.py --package generated

Roofs are rectangles on grass with roads; some of them are built or torn down between the two images. The network starts
from random weights. What is drawn, and the overlap that is printed, is of images that it was not trained on.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

SIZE, PATCH, BATCH = 64, 16, 8
MASKS = ("building A", "building B", "change")


def network(package: Path) -> Any:
    """A ViT of three blocks with RSBuilding's decoder, built by its registry."""
    sys.path.insert(0, str(package.resolve().parent))
    models = importlib.import_module(f"{package.name}.opencd.registry").MODELS
    arch = {"embed_dims": 192, "num_layers": 3, "num_heads": 3, "feedforward_channels": 384, "global_attn_indexes": [1]}
    backbone = {"type": "ViTSAM_Normal", "arch": arch, "img_size": SIZE, "patch_size": PATCH, "window_size": 3}
    head = {"type": "Foundation_Decoder_v1", "in_channels": arch["embed_dims"], "out_channels": 256}
    backbone["out_channels"] = -1
    return models.build({"type": "FoundationEncoderDecoder", "backbone": backbone, "decode_head": head})


def scenes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of images (count, SIZE, SIZE, 6), from 0 to 1, and their masks (count, SIZE, SIZE, 3)."""
    rng = np.random.default_rng(seed)
    images = np.empty((count, SIZE, SIZE, 6), np.float32)
    masks = np.empty((count, SIZE, SIZE, 3), np.float32)
    for image, mask in zip(images, masks, strict=True):
        ground = rng.uniform((0.2, 0.35, 0.1), (0.4, 0.55, 0.25)) + np.zeros((SIZE, SIZE, 3))
        road = rng.integers(4, SIZE - 8)
        ground[:, road : road + 5] = rng.uniform(0.3, 0.5)
        pictures, roofs = [ground.copy(), ground.copy()], np.zeros((2, SIZE, SIZE), bool)
        for _ in range(rng.integers(3, 7)):
            (top, left), (height, width) = rng.integers(0, SIZE - 12, 2), rng.integers(8, 18, 2)
            colour = rng.uniform((0.5, 0.2, 0.2), (0.95, 0.5, 0.6))
            stands = [(True, True), (True, True), (True, False), (False, True)][rng.integers(4)]
            for time in np.flatnonzero(stands):
                pictures[time][top : top + height, left : left + width] = colour
                roofs[time, top : top + height, left : left + width] = True
        light = rng.uniform(0.85, 1.15, (2, 3))
        for time in range(2):
            noisy = pictures[time] * light[time] + rng.normal(0, 0.03, (SIZE, SIZE, 3))
            image[..., 3 * time : 3 * time + 3] = noisy.clip(0, 1)
        mask[...] = np.stack([*roofs, roofs[0] != roofs[1]], axis=-1)
    return images, masks


def overlap(masks: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    """Intersection over union of each mask."""
    both, either = (masks & expected).sum((0, 1, 2)), (masks | expected).sum((0, 1, 2))
    return {name: round(float(value), 3) for name, value in zip(MASKS, both / either, strict=True)}


def draw(images: np.ndarray, masks: np.ndarray, expected: np.ndarray, title: str, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(images), 8, figsize=(12, 1.75 * len(images)), layout="constrained")
    names = ["image A", "image B", *MASKS, *(f"true {name}" for name in MASKS)]
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title(name, fontsize=9)
    for row, image, mask, truth in zip(axes, images, masks, expected, strict=True):
        pictures = [image[..., :3], image[..., 3:], *np.moveaxis(mask, -1, 0), *np.moveaxis(truth, -1, 0)]
        for axis, picture in zip(row, pictures, strict=True):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
            axis.set_xticks([], [])
            axis.set_yticks([], [])
    figure.suptitle(title, fontsize=9)
    figure.savefig(path, dpi=80, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=Path("generated"))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("rsbuilding.png"))
    parser.add_argument("--pairs", type=int, default=512, help="of images to train on: %(default)s")
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()
    import keras

    keras.utils.set_random_seed(0)
    model = network(arguments.package)
    images, masks = scenes(arguments.pairs, seed=1)
    steps = arguments.epochs * arguments.pairs // BATCH
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=4e-4, warmup_steps=steps // 10)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(rate, clipnorm=1.0), loss, jit_compile=False)
    model.fit(2 * images - 1, masks, batch_size=BATCH, epochs=arguments.epochs)
    images, expected = scenes(64, seed=2)
    found = model.predict(2 * images - 1, batch_size=BATCH, verbose=0) > 0
    overlaps = overlap(found, expected > 0)
    title = f"Masks of a small network of RSBuilding's after {steps} steps on made-up images, from random weights"
    draw(images[:4], found[:4], expected[:4], title, arguments.out)
    print(json.dumps({"parameters": model.count_params(), "steps": steps, "intersection over union": overlaps}))


if __name__ == "__main__":
    main()
