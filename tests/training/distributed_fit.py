"""Trains a small model in a process of its own, on one device, on two of it, or as one of two workers.

python distributed_fit.py PACKAGE OUT MODEL one|mirrored|worker [--functional OUT] [--synchronized]
    [--policy mixed_float16]

A worker finds its place in TF_CONFIG. Writes the losses of all steps and the trained state to OUT (npz).
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "vit": ("vit_tiny_patch16_224", {"depth": 2, "embed_dim": 48, "img_size": 32}),
    "resnet": ("resnet18", {"layers": (1, 1, 1, 1), "channels": (8, 8, 8, 8)}),
}
CLASSES, BATCH, STEPS = 7, 8, 3


def strategy_of(devices: str) -> tf.distribute.Strategy | None:
    if devices == "worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if devices == "mirrored":
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    return None


def train(
    package: Any, model_name: str, strategy: tf.distribute.Strategy | None, functional: bool, synchronized: bool
) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    images = generator.standard_normal((BATCH * STEPS, 32, 32, 3), dtype=np.float32)
    labels = generator.integers(0, CLASSES, BATCH * STEPS)
    arch, kwargs = MODELS[model_name]
    with strategy.scope() if strategy else nullcontext():
        keras.utils.set_random_seed(0)
        network = model = package.create_model(arch, num_classes=CLASSES, **kwargs)
        if functional:
            inputs = keras.Input(images.shape[1:])
            model = package.FunctionalModel(inputs, network(inputs))
        for module in network.modules():
            if isinstance(module, keras.layers.BatchNormalization):
                module.synchronized = synchronized
        model.compile(
            keras.optimizers.SGD(0.05, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
    before = network.state_dict()
    data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH)
    losses = []
    for step in range(STEPS):  # an epoch each, for the loss of each
        losses += model.fit(data.skip(step).take(1), verbose=0).history["loss"]
    scale = getattr(model.optimizer, "dynamic_scale", None)
    return {
        **{f"before:{name}": value for name, value in before.items()},
        **{f"after:{name}": value for name, value in network.state_dict().items()},
        "losses": np.array(losses),
        "replica_difference": np.array(largest_difference_of_replicas(model)),
        "loss_scale": np.array(-1.0 if scale is None else float(tf.convert_to_tensor(scale.value))),
        "replicas": np.array(strategy.num_replicas_in_sync if strategy else 1),
    }


def largest_difference_of_replicas(model: Any) -> float:
    """Between the copies of any one variable."""
    copies = [getattr(variable.value, "values", (variable.value,)) for variable in model.variables]
    return max(float(np.abs(each[0].numpy() - other.numpy()).max()) for each in copies for other in each)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("devices", choices=("one", "mirrored", "worker"))
    parser.add_argument("--functional", type=Path, help="train a Functional model around another one too")
    parser.add_argument("--synchronized", action="store_true")
    parser.add_argument("--policy")
    options = parser.parse_args()
    strategy = strategy_of(options.devices)
    if options.policy:
        keras.config.set_dtype_policy(options.policy)
    sys.path.insert(0, str(options.package.parent))
    package = __import__(options.package.name)
    for out, functional in ((options.out, False), (options.functional, True)):
        if out:
            np.savez(out, **train(package, options.model, strategy, functional, options.synchronized))


if __name__ == "__main__":
    main()
