"""BatchNorm statistics that suit the random weights, so that no signal dies or grows on its way through the depth."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

SMALLEST_SHARE = 0.1  # of the mean variance of the channels: dividing by less would only enlarge rounding errors
MEAN_SHIFT = 0.2  # in standard deviations


@torch.no_grad()
def follow_statistics(model: nn.Module, images: torch.Tensor, seed: int) -> None:
    """Set the running statistics of every BatchNorm that a forward pass in eval mode goes through.

    Each gets the mean and variance of its own input, disturbed: by half the variance at most, and MEAN_SHIFT of the
    standard deviation. `images` is (batch, channels, height, width).
    """
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    generator = torch.Generator().manual_seed(seed)
    hooks = [norm.register_forward_pre_hook(_Follow(generator)) for norm in norms if norm.running_var is not None]
    if not hooks:
        return
    try:
        model(images)
    finally:
        for hook in hooks:
            hook.remove()


class _Follow:
    """Before a BatchNorm runs for the first time: its running statistics become those of its input."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._done = False

    def __call__(self, norm: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        if self._done:
            return  # shared between places: the first one counts
        self._done = True
        values = inputs[0].transpose(0, 1).flatten(1)
        variance = values.var(1, unbiased=False)
        usual = variance.mean()
        if not (torch.isfinite(usual) and usual > 0):
            return
        variance = variance.clamp(min=SMALLEST_SHARE * usual)
        factor = torch.empty_like(variance).uniform_(0.5, 1.5, generator=self._generator)
        shift = torch.empty_like(variance).normal_(0.0, MEAN_SHIFT, generator=self._generator)
        norm.running_var.copy_(variance * factor)
        norm.running_mean.copy_(values.mean(1) + shift * variance.sqrt())
