"""BatchNorm statistics that suit the random weights, so that no signal dies or grows on its way through the depth."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

SMALLEST_SHARE = 0.1  # of the channels' mean power: dividing by less would only enlarge rounding errors
MEAN_STD = 0.2  # of the running mean, in root mean squares of the channel


@torch.no_grad()
def follow_statistics(model: nn.Module, images: torch.Tensor, seed: int) -> None:
    """Set the running statistics of every BatchNorm that a forward pass in eval mode goes through.

    The variance becomes the mean square of the norm's own input, disturbed by up to half, and the mean a small random
    part of its root. The input's own mean is not taken off: what remains would hold the rounding errors of the whole,
    and through the depth of a RegNet float32 alone would miss float64 by 1e-4. `images` is (batch, channels, height,
    width).
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
    """Before a BatchNorm runs for the first time: its running statistics are made to suit its input."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._done = False

    def __call__(self, norm: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        if self._done:
            return  # shared between places: the first one counts
        self._done = True
        power = inputs[0].transpose(0, 1).flatten(1).square().mean(1)
        usual = power.mean()
        if not (torch.isfinite(usual) and usual > 0):
            return
        power = power.clamp(min=SMALLEST_SHARE * usual)
        factor = torch.empty_like(power).uniform_(0.5, 1.5, generator=self._generator)
        shift = torch.empty_like(power).normal_(0.0, MEAN_STD, generator=self._generator)
        norm.running_var.copy_(power * factor)
        norm.running_mean.copy_(shift * power.sqrt())
