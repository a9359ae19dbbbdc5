"""Random weights that hide nothing: no zero, no one, and activations that stay of order one through the depth."""

from __future__ import annotations

import math
import zlib

import torch
from torch import nn

TABLE_STD = 0.5  # position embeddings, tokens, relative position bias tables
BIAS_STD = 0.2


def seed_of(arch: str) -> int:
    """The same seed for an architecture in every run and on every machine."""
    return zlib.crc32(arch.encode())


@torch.no_grad()
def randomise(model: nn.Module, seed: int) -> None:
    """Overwrite every parameter and every persistent buffer of `model` in place.

    Non-persistent buffers are computed from the configuration and are not part of a state dict: they stay.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            _randomise_parameter(module, name, parameter, generator)
        for name, buffer in module.named_buffers(recurse=False):
            if name not in module._non_persistent_buffers_set:
                _randomise_buffer(name, buffer, generator)


def _randomise_parameter(module: nn.Module, name: str, value: torch.Tensor, generator: torch.Generator) -> None:
    if not value.is_floating_point():
        return
    if value.ndim < 2:
        if "bias" in name:
            value.normal_(0.0, BIAS_STD, generator=generator)
        else:  # norm weights, layer scales, temperatures
            value.uniform_(0.5, 1.5, generator=generator)
    else:
        value.normal_(0.0, _weight_std(module, name, value), generator=generator)


def _weight_std(module: nn.Module, name: str, value: torch.Tensor) -> float:
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        return 1.0 / math.sqrt(value.shape[0] * value[0, 0].numel() / math.prod(module.stride))
    if name.endswith("weight") and not isinstance(module, nn.Embedding):
        return 1.0 / math.sqrt(value[0].numel())
    return TABLE_STD


def _randomise_buffer(name: str, value: torch.Tensor, generator: torch.Generator) -> None:
    if name == "num_batches_tracked":
        value.random_(1, 1000, generator=generator)
    elif not value.is_floating_point():
        return  # an index: any other value would be out of range
    elif name == "running_var":
        value.uniform_(0.5, 1.5, generator=generator)
    elif name == "running_mean":
        value.normal_(0.0, BIAS_STD, generator=generator)
    else:
        value.add_(torch.empty_like(value).normal_(0.0, 0.1, generator=generator))
