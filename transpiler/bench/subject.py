"""What is measured: an architecture of timm, or a network of RSBuilding, in torch and as it is generated."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm  # before tensorflow: both carry LLVM
import torch
from torch.utils.flop_counter import FlopCounterMode

from ..verify.cost import build_on_meta, measure_cost
from ..verify.package import import_package
from . import rsbuilding
from .errors import BenchError


@dataclass(frozen=True)
class Subject:
    """One network. `create` makes ours; `size` is that of an image (channels, height, width)."""

    upstream: torch.nn.Module
    create: Callable[[], Any]
    size: tuple[int, int, int]
    parameters: int
    tflop: float


def subject_of(package: Path, arch: str) -> Subject:
    """With the initial weights of torch's side.

    Raises:
        BenchError: what a network of RSBuilding needs is not there.
    """
    return _of_rsbuilding(package, arch) if arch in rsbuilding.NETWORKS else _of_timm(package, arch)


def _of_timm(package: Path, arch: str) -> Subject:
    upstream: Any = timm.create_model(arch)
    create = import_package(package).create_model
    size = upstream.pretrained_cfg["input_size"]
    cost = measure_cost(build_on_meta(arch), size)
    return Subject(upstream, lambda: create(arch), size, cost.parameters, cost.tflop)


def _of_rsbuilding(package: Path, arch: str) -> Subject:
    if "RSBUILDING_ROOT" not in os.environ:
        raise BenchError("RSBUILDING_ROOT must name a checkout of RSBuilding")
    checkout = Path(os.environ["RSBUILDING_ROOT"])
    configured = rsbuilding.configuration(checkout, rsbuilding.NETWORKS[arch])
    upstream, ours = rsbuilding.upstream(checkout, configured), import_package(package)
    parameters = sum(parameter.numel() for parameter in upstream.parameters())
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        upstream(torch.zeros(1, *rsbuilding.INPUT_SIZE))
    tflop = flops.get_total_flops() / 1e12
    return Subject(upstream, lambda: rsbuilding.generated(ours, configured), rsbuilding.INPUT_SIZE, parameters, tflop)
