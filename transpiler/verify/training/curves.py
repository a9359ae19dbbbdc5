"""The same few training steps in torch and through Keras' `fit`, from the same weights, on the same batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from ..compare import Array
from ..frameworks import keras, tf, timm, torch
from ..pair import as_torch

CLASSES = 11
STEPS, BATCH = 10, 4
SEED = 0

# torch adds epsilon to the root of the corrected second moment, Keras to that of the uncorrected one: in step t Keras'
# counts 1 / sqrt(1 - 0.999^t) times as much. It is kept so small that this is lost beside any gradient that matters.
# Both decay the weights apart from the gradient, by learning rate x decay, biases and norms included.
SGD = {"lr": 0.01, "momentum": 0.9}
ADAMW = {"lr": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "eps": 1e-8, "weight_decay": 0.05}


@dataclass(frozen=True)
class Trained:
    """An architecture, narrowed by its arguments; images have `size` (height, width). Every drop rate is 0."""

    arch: str
    size: tuple[int, int]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.arch


_WINDOWS = {"depths": (2, 2, 1, 1), "embed_dim": 24, "img_size": (64, 96)}
MODELS = (
    Trained("vit_tiny_patch16_224", (64, 64), {"depth": 3, "img_size": 64}),
    Trained("swin_tiny_patch4_window7_224", (64, 96), _WINDOWS),
    Trained("swinv2_tiny_window8_256", (64, 96), {**_WINDOWS, "window_size": 4}),
    Trained(
        "samvit_base_patch16",
        (64, 96),
        {
            "depth": 2,
            "embed_dim": 32,
            "num_heads": 2,
            "window_size": 3,
            "global_attn_indexes": (1,),
            "img_size": (64, 96),
        },
    ),
    Trained(
        "sam2_hiera_tiny",
        (64, 96),
        {"embed_dim": 16, "stages": (1, 1, 2, 1), "global_att_blocks": (3,), "global_pos_size": (5, 7)},
    ),
    Trained("resnet18", (64, 96), {"channels": (16, 32, 48, 64)}),
    Trained("convnext_atto", (64, 96), {"depths": (1, 1, 1, 1), "dims": (8, 16, 24, 32)}),
)


@dataclass(frozen=True)
class Curves:
    """The loss before each step, and how far the states are apart after the last one, by torch's names."""

    torch: list[float]
    tensorflow: list[float]
    state_errors: dict[str, float]

    @property
    def loss_error(self) -> float:
        """The largest difference, relative to torch's loss."""
        return max(abs(ours - theirs) / abs(theirs) for ours, theirs in zip(self.tensorflow, self.torch, strict=True))


def training_curves(package: ModuleType, model: Trained, optimizer: str, steps: int = STEPS) -> Curves:
    """Train timm's model and the generated one from timm's initial weights.

    Args:
        optimizer: sgd or adamw, configured as above.
    """
    torch.manual_seed(SEED)
    kwargs = {**model.kwargs, "num_classes": CLASSES, "drop_path_rate": 0.0}
    upstream = timm.create_model(model.arch, **kwargs)
    generated = package.create_model(model.arch, **kwargs)
    generated.load_state_dict(upstream.state_dict())
    images, labels = _batches(steps, *model.size)
    losses = _train_torch(upstream, optimizer, images, labels)
    return Curves(losses, _fit(generated, optimizer, images, labels), _state_errors(upstream, generated))


def _batches(steps: int, height: int, width: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(SEED)
    images = generator.standard_normal((steps, BATCH, height, width, 3), dtype=np.float32)
    return images, generator.integers(0, CLASSES, (steps, BATCH))


def _train_torch(model: torch.nn.Module, optimizer: str, images: Array, labels: Array) -> list[float]:
    stepper = _TORCH[optimizer](model.parameters())
    model.train()
    losses = []
    for batch, classes in zip(images, labels, strict=True):
        loss = torch.nn.functional.cross_entropy(model(as_torch(batch)), torch.from_numpy(classes))
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return losses


def _fit(model: Any, optimizer: str, images: Array, labels: Array) -> list[float]:
    kept = _Losses()
    model.compile(_KERAS[optimizer](), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    model.fit(tf.data.Dataset.from_tensor_slices((images, labels)), callbacks=[kept], verbose=0)
    return kept.losses


class _Losses(keras.callbacks.Callback):
    """The loss of each batch alone: Keras logs their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float(logs["loss"]))


def _torch_sgd(parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=SGD["lr"], momentum=SGD["momentum"])


def _torch_adamw(parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    betas = ADAMW["beta_1"], ADAMW["beta_2"]
    return torch.optim.AdamW(
        parameters, lr=ADAMW["lr"], betas=betas, eps=ADAMW["eps"], weight_decay=ADAMW["weight_decay"]
    )


def _keras_sgd() -> Any:
    return keras.optimizers.SGD(SGD["lr"], momentum=SGD["momentum"])


def _keras_adamw() -> Any:
    return keras.optimizers.AdamW(
        ADAMW["lr"],
        weight_decay=ADAMW["weight_decay"],
        beta_1=ADAMW["beta_1"],
        beta_2=ADAMW["beta_2"],
        epsilon=ADAMW["eps"],
    )


_TORCH: dict[str, Callable[..., Any]] = {"sgd": _torch_sgd, "adamw": _torch_adamw}
_KERAS: dict[str, Callable[..., Any]] = {"sgd": _keras_sgd, "adamw": _keras_adamw}
OPTIMIZERS = tuple(_KERAS)


def _state_errors(upstream: torch.nn.Module, generated: Any) -> dict[str, float]:
    """max |ours - torch's| of each parameter and buffer."""
    ours = generated.state_dict()
    return {
        name: float(np.abs(ours[name].astype(np.float64) - theirs.numpy()).max())
        for name, theirs in upstream.state_dict().items()
    }
