"""Modules of OpenMMLab's packages, and of RSBuilding where it is at hand, beside what is generated of them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from transpiler.verify.pair import Pair
from transpiler.verify.randomise import randomise

RSBUILDING = Path(os.environ["RSBUILDING_ROOT"]) if "RSBUILDING_ROOT" in os.environ else None
WITH_RSBUILDING = pytest.mark.skipif(RSBUILDING is None, reason="RSBUILDING_ROOT names no checkout of RSBuilding")


@dataclass(frozen=True)
class Backbone:
    """A class of a module, which RSBuilding's checkout holds unless it is one of mmpretrain's."""

    module: str
    name: str

    def __str__(self) -> str:
        return self.name

    def upstream(self, **kwargs: Any) -> torch.nn.Module:
        """The original, its weights random; in eval mode."""
        model = getattr(_upstream_module(self.module), self.name)(**kwargs)
        model.eval()  # mmpretrain's gives back None
        randomise(model, seed=1)
        return model

    def generated(self, package: ModuleType, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(f"{package.__name__}.{self.module}"), self.name)(**kwargs)

    def pair(self, package: ModuleType, **kwargs: Any) -> Pair:
        """Both, with the same weights. `kwargs` may be changed by their constructors, so each gets its own."""
        upstream, generated = self.upstream(**_copied(kwargs)), self.generated(package, **_copied(kwargs))
        state = {name: value.detach().numpy() for name, value in upstream.state_dict().items()}
        generated.load_state_dict(state, strict=True)
        return Pair(upstream, generated, state)


VIT_SAM = Backbone("mmpretrain.models.backbones.vit_sam", "ViTSAM")
RSBUILDING_VIT_SAM = Backbone("opencd.models.backbones.vit_sam_normal", "ViTSAM_Normal")


def transpiled(modules: list[str], folder: Path) -> Path:
    """A package with `modules`, from what is installed and from RSBuilding's checkout."""
    command = [sys.executable, "-m", "transpiler", *modules, "--out", str(folder)]
    source = ["--source", str(RSBUILDING)] if RSBUILDING else []
    run = subprocess.run([*command, *source], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return folder


def _copied(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, list) else value for name, value in kwargs.items()}


def _upstream_module(name: str) -> ModuleType:
    """A module of mmpretrain as usual; one of opencd without its package, which wants mmcv's compiled operators."""
    if not name.startswith("opencd."):
        return importlib.import_module(name)
    if name not in sys.modules:
        assert RSBUILDING is not None
        if str(RSBUILDING) not in sys.path:
            sys.path.append(str(RSBUILDING))
        spec = importlib.util.spec_from_file_location(name, RSBUILDING / f"{name.replace('.', '/')}.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
