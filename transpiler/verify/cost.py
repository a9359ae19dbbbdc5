"""What running an architecture would take, measured on torch's meta device: shapes only, no memory, no arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from .uninitialised import ParametersStayUnset

GIB = 2**30
# Both models, transposed copies while loading, and what XLA keeps beside TensorFlow's variables.
PARAMETER_COPIES = 4
# A softmax and its neighbours alive at once, in a batch of two.
ACTIVATION_COPIES = 6


@dataclass(frozen=True)
class Cost:
    """`tflop` is for one image; `largest_activation` counts the elements of the biggest tensor of its forward pass."""

    parameters: int
    tflop: float
    largest_activation: int

    @property
    def memory_gib(self) -> float:
        elements = self.parameters * PARAMETER_COPIES + self.largest_activation * ACTIVATION_COPIES
        return 4 * elements / GIB


def build_on_meta(arch: str, **kwargs: Any) -> nn.Module:
    with torch.device("meta"), ParametersStayUnset():
        model = timm.create_model(arch, **kwargs)
    return model.eval().requires_grad_(False)  # the FLOP counter trips over parameters used as inputs


@torch.no_grad()
def run_on_meta(model: nn.Module, size: tuple[int, int, int], batch: int = 1) -> Any:
    return model(torch.empty(batch, *size, device="meta"))


def measure_cost(model: nn.Module, size: tuple[int, int, int]) -> Cost:
    """Cost of a model that lives on the meta device, for one image of `size` (channels, height, width)."""
    flops, largest = FlopCounterMode(display=False), _LargestTensor()
    with flops, largest:
        run_on_meta(model, size)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Cost(parameters, flops.get_total_flops() / 1e12, largest.elements)


class _LargestTensor(TorchFunctionMode):
    """Watches torch functions for the biggest tensor, the scores inside fused attention included."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.elements = max(self.elements, result.numel())
        if func is nn.functional.scaled_dot_product_attention:
            query, key = args[:2]
            self.elements = max(self.elements, math.prod(query.shape[:-1]) * key.shape[-2])
        return result
