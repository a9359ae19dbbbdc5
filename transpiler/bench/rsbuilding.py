"""RSBuilding's networks (https://github.com/Meize0729/RSBuilding) from a checkout: two images in, three masks out."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from .errors import BenchError

NETWORKS = {"rsbuilding_vit_b": "ViT_B"}
INPUT_SIZE = (6, 512, 512)
NEEDED = ("mmseg", "mmdet", "mmpretrain")


def configuration(checkout: Path, name: str) -> dict[str, Any]:
    """A network as RSBuilding configures it, without the preprocessing of images.

    Raises:
        BenchError: a package of OpenMMLab is not installed, or the checkout has no such configuration.
    """
    missing = [package for package in NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        raise BenchError(f"RSBuilding needs {', '.join(missing)}: docs/rsbuilding.md says which versions")
    file = checkout / "configs_pretrain" / "_base_" / "models" / f"{name}.py"
    if not file.exists():
        raise BenchError(f"there is no {file}: RSBUILDING_ROOT must name a checkout of RSBuilding")
    model = importlib.import_module("mmengine.config").Config.fromfile(file).model.to_dict()
    return {key: value for key, value in model.items() if key != "data_preprocessor"}


def upstream(checkout: Path, configured: Mapping[str, Any]) -> torch.nn.Module:
    """The network in torch, in eval mode; called with pairs (B, 6, H, W) it gives logits of their size."""
    registry = _registry(checkout)
    with importlib.import_module("mmengine.registry").DefaultScope.overwrite_default_scope("opencd"):
        network = registry.build(copy.deepcopy(configured))
    sample = importlib.import_module("mmseg.structures").SegDataSample

    def logits(images: torch.Tensor) -> torch.Tensor:
        return network.encode_decode(images, [sample(metainfo={"img_shape": tuple(images.shape[2:])})])

    network.forward = logits  # its own wants metadata of each image, and its `_forward` lacks an argument
    return network.eval()


def generated(package: ModuleType, configured: Mapping[str, Any]) -> Any:
    """The network in TensorFlow, which takes pairs (B, H, W, 6)."""
    registry = importlib.import_module(f"{package.__name__}.opencd.registry").MODELS
    return registry.build(copy.deepcopy(configured))


def _registry(checkout: Path) -> Any:
    """All that RSBuilding registers; mmcv's compiled operators, which aren't there, are never called."""
    sys.modules.setdefault("mmcv._ext", _NoOperators("mmcv._ext"))
    if str(checkout) not in sys.path:
        sys.path.append(str(checkout))
    importlib.import_module("opencd.models")
    return importlib.import_module("opencd.registry").MODELS


class _NoOperators(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> None:
            raise NotImplementedError(f"{name} is one of mmcv's compiled operators")

        return missing
