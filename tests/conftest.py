"""What the tests share: the order of the frameworks' imports, and one generated package a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

MODULES = (
    "timm.models.swin_transformer",
    "timm.models.swin_transformer_v2",
    "timm.models.swin_transformer_v2_cr",
    "timm.models.vision_transformer",
    "timm.models.vision_transformer_sam",
    "timm.models.hieradet_sam2",
    "timm.models.convnext",
    "timm.models.densenet",
    "timm.models.efficientnet",
    "timm.models.mobilenetv3",
    "timm.models.regnet",
    "timm.models.resnet",
    "timm.models.resnetv2",
    "timm.models.vgg",
    "timm.models.beit",
    "timm.models.cait",
    "timm.models.deit",
    "timm.models.eva",
    "timm.models.fastvit",
    "timm.models.hiera",
    "timm.models.mambaout",
    "timm.models.maxxvit",
    "timm.models.metaformer",
    "timm.models.mlp_mixer",
    "timm.models.vision_transformer_hybrid",
    "timm.models.vision_transformer_relpos",
)


class _TimmBeforeTensorflow:
    """Both carry LLVM, and the other order aborts the process; tests that need neither don't wait for them."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "tensorflow":
            sys.meta_path.remove(self)
            import timm  # noqa: F401


sys.meta_path.insert(0, _TimmBeforeTensorflow())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--generated", type=Path, metavar="DIR", help="test this package instead of transpiling anew")


@pytest.fixture(scope="session")
def generated_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with the modules above, written from the timm that is installed."""
    given = request.config.getoption("--generated")
    if given:
        return given.resolve()
    folder = tmp_path_factory.mktemp("package") / "generated_by_the_tests"
    command = [sys.executable, "-m", "transpiler", *MODULES, "--out", str(folder)]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="session")
def generated_package(generated_folder: Path) -> ModuleType:
    """That package, imported."""
    from transpiler.verify.package import import_package

    return import_package(generated_folder)
