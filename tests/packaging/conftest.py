"""The distribution as users install it, and a small torch module of our own for it to read."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked: what `pip install .` puts into site-packages."""
    return _unpacked(tmp_path_factory.mktemp("wheel"), "build_wheel")


@pytest.fixture(scope="session")
def editable_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install -e .` puts into site-packages."""
    return _unpacked(tmp_path_factory.mktemp("editable"), "build_editable")


def _unpacked(folder: Path, build: str) -> Path:
    code = f"from hatchling.build import {build}; {build}({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True, capture_output=True)
    (archive,) = folder.glob("*.whl")
    zipfile.ZipFile(archive).extractall(folder / "site-packages")
    return folder / "site-packages"


Python = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Run Python in an empty folder, with `site` at the front of what is installed."""

    def run(site: Path, *arguments: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    return run
