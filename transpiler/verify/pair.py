"""The two models under comparison, with the same random weights, and the images they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import timm
import torch

from .compare import Array, channels_last, flatten_outputs
from .randomise import randomise
from .record import DType
from .statistics import follow_statistics
from .uninitialised import uninitialised

BATCH = 2


@dataclass(frozen=True)
class Pair:
    """timm's model in eval mode, the generated one, and the state (torch names and layouts) both hold."""

    upstream: Any
    generated: Any
    state: dict[str, Array]

    @property
    def layout(self) -> str:
        """How timm's model lays out the rank-4 features it returns: NCHW unless it says otherwise."""
        declared = getattr(self.upstream, "output_fmt", "NCHW")
        return str(getattr(declared, "value", declared))


def build_pair(
    package: ModuleType, arch: str, seed: int, images: Array | None = None, dtype: DType = "float32", **kwargs: Any
) -> Pair:
    """Build both models in `dtype`, randomise timm's and move every tensor over, strictly.

    BatchNorm statistics follow those of timm's model on `images`, (batch, height, width, channels); without, they
    are random too.
    """
    with uninitialised(package):
        upstream = timm.create_model(arch, pretrained=False, **kwargs).eval()
        generated = package.create_model(arch, pretrained=False, **kwargs, **_other_policy(dtype))
    randomise(upstream, seed)
    upstream.to(getattr(torch, dtype))
    if images is not None:
        follow_statistics(upstream, as_torch(images), seed)
    state = {name: value.detach().numpy() for name, value in upstream.state_dict().items()}
    generated.load_state_dict(state, strict=True)
    return Pair(upstream, generated, state)


def _other_policy(dtype: DType) -> dict[str, str]:
    return {} if dtype == "float32" else {"dtype": dtype}


def random_images(seed: int, channels: int, height: int, width: int, dtype: DType = "float32") -> Array:
    """(BATCH, height, width, channels) of `dtype`, standard normal; the same numbers in both."""
    shape = (BATCH, height, width, channels)
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32).astype(dtype, copy=False)


def as_torch(images: Array) -> torch.Tensor:
    """Channels-last images as torch takes them."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))


def from_torch(output: Any, layout: str) -> dict[str, Array]:
    """Torch outputs as the generated model should give them: images channels-last."""
    arrays = {label: _in_numpy(value) for label, value in flatten_outputs(output).items()}
    return arrays if layout == "NHWC" else {label: channels_last(array) for label, array in arrays.items()}


def _in_numpy(value: torch.Tensor) -> Array:
    value = value.detach()
    return np.asarray(value.numpy() if value.dtype == torch.float64 else value.float().numpy())


def from_tensorflow(output: Any) -> dict[str, Array]:
    return {label: np.asarray(value) for label, value in flatten_outputs(output).items()}
