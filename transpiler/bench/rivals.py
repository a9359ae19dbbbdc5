"""The models of one architecture side by side in this process: ours, timm's in torch, and the peers'."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .subject import subject_of  # timm before tensorflow: both carry LLVM

import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip
import torch  # isort: skip
from safetensors.numpy import save_file

from .errors import BenchError
from .peers import COMPILED, OURS, TORCH, Peer, peers_of, resolve


@dataclass(frozen=True)
class Rival:
    """A model to call with images (B, H, W, C); `facts` are its graph's size and its distance from ours."""

    name: str
    call: Callable[[], Any]
    facts: dict[str, Any] = field(default_factory=dict)


def make_rivals(package: Path, arch: str, against: list[str], batch: int, mode: str) -> list[Rival]:
    """Ours first. Weights are torch's initial ones, the same in all that can take them.

    Raises:
        BenchError: a name in `against` that is no rival for this architecture, or is not installed.
    """
    subject = subject_of(package, arch)
    state = {name: value.numpy() for name, value in subject.upstream.state_dict().items()}
    ours, seconds = _create_and_load(subject.create, state)
    channels, height, width = subject.size
    images = np.random.default_rng(0).standard_normal((batch, height, width, channels), dtype=np.float32)
    rivals = [_tf_rival(OURS, ours, images, mode)]
    rivals[0].facts.update(seconds, parameters=subject.parameters, **{"GFLOP an image": round(subject.tflop * 1e3, 2)})
    expected = None if mode == "train" else _array(rivals[0].call())
    for name in against:
        if name in (TORCH, COMPILED):
            rival = _torch_rival(name, subject.upstream, images, mode)
        else:
            rival = _peer_rival(_peer(name, arch), state, images, mode)
        if expected is not None and rival.facts.pop("same weights", name in (TORCH, COMPILED)):
            rival.facts["error"] = _error(rival.call(), expected)
        rivals.append(rival)
    return rivals


def _create_and_load(create: Callable[[], Any], state: dict[str, Any]) -> tuple[Any, dict[str, float]]:
    """Our model with torch's weights, and the seconds it took; the second of two models, as imports count once."""
    create()
    began = time.perf_counter()
    model = create()
    created = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.safetensors"
        save_file({name: value.copy(order="C") for name, value in state.items()}, file)
        saved = time.perf_counter()
        model.load_weights(str(file))
        loaded = time.perf_counter()
    return model, {"create seconds": round(created - began, 3), "load seconds": round(loaded - saved, 3)}


def installed_peers(arch: str) -> tuple[list[str], list[str]]:
    """Names of the peers that have this architecture: those installed, those absent."""
    peers = peers_of(arch)
    return [peer.name for peer in peers if peer.is_installed], [peer.name for peer in peers if not peer.is_installed]


def _peer(name: str, arch: str) -> Peer:
    for peer in peers_of(arch):
        if peer.name == name:
            if not peer.is_installed:
                raise BenchError(f"{name} is not installed: pip install -e '.[bench]'")
            return peer
    raise BenchError(f"no peer {name} for {arch}; there are {[peer.name for peer in peers_of(arch)]}")


def _peer_rival(peer: Peer, state: dict[str, Any], images: Any, mode: str) -> Rival:
    model = peer.build()
    if peer.take_weights:
        resolve(peer.take_weights)(model, state)
    rival = _tf_rival(peer.name, model, images, mode)
    rival.facts["same weights"] = peer.take_weights is not None
    if peer.differs:
        rival.facts["differs"] = peer.differs
    return rival


def _tf_rival(name: str, model: Any, images: Any, mode: str) -> Rival:
    inputs = tf.constant(images)
    signature = [tf.TensorSpec((None, *images.shape[1:]), tf.float32)]
    step = tf.function(_tf_step(model, mode), input_signature=signature, autograph=False)
    operations = Counter(operation.type for operation in step.get_concrete_function().graph.get_operations())
    facts = {"graph operations": sum(operations.values()), "transposes": operations["Transpose"]}

    def call() -> Any:
        return tf.nest.map_structure(lambda output: output.numpy(), step(inputs))  # numpy() waits for the result

    return Rival(name, call, facts)


def _tf_step(model: Any, mode: str) -> Callable[[tf.Tensor], Any]:
    if mode == "infer":
        return lambda images: model(images, training=False)

    def step(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(images, training=True)))
        weights = [getattr(weight, "value", weight) for weight in model.trainable_variables]
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            if gradient is not None:
                weight.assign_sub(1e-6 * tf.convert_to_tensor(gradient))  # of a table, it is sparse
        return loss

    return step


def _torch_rival(name: str, model: Any, images: Any, mode: str) -> Rival:
    inputs = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    model = model.train(mode == "train").to(memory_format=torch.channels_last)
    forward = torch.compile(model) if name == COMPILED else model

    def infer() -> Any:
        with torch.inference_mode():
            return forward(inputs).numpy()

    def train() -> Any:
        loss = forward(inputs).square().mean()
        loss.backward()
        with torch.no_grad():
            for weight in model.parameters():
                if weight.grad is not None:
                    weight -= 1e-6 * weight.grad
                    weight.grad = None
        return loss.detach().numpy()

    return Rival(name, infer if mode == "infer" else train)


def _array(output: Any) -> Any:
    return np.asarray(tf.nest.flatten(output)[0])


def _error(output: Any, expected: Any) -> float | None:
    """max|a - b| / max|b|, where both are of one shape; torch's images are (B, C, H, W)."""
    output = _array(output)
    if output.shape != expected.shape and output.ndim == 4:
        output = output.transpose(0, 2, 3, 1)
    if output.shape != expected.shape:
        return None
    return float(np.abs(output - expected).max() / np.abs(expected).max())
