"""The runtime is copied into generated packages: it must import under any name, with torch absent."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

RUNTIME = Path(__file__).parents[2] / "transpiler" / "runtime"

PROGRAM = """
import sys
for name in ("torch", "timm", "torchvision", "libcst", "safetensors", "huggingface_hub", "transpiler"):
    sys.modules[name] = None
from relocated.runtime import checkpoints, functional, hub, init, nn
import numpy as np
print(nn.Linear(2, 3)(np.ones((1, 2), np.float32)).shape)
try:
    hub.download_from_hub("a/b")
except ImportError as error:
    print(error)
"""


def test_runtime_runs_elsewhere_without_torch(tmp_path):
    package = tmp_path / "relocated"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copytree(RUNTIME, package / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    result = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "(1, 3)" in result.stdout and "huggingface_hub" in result.stdout


NETWORK = '''
from .runtime import nn


class Network(nn.Model):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Linear(2, width)

    def call(self, x):
        return self.fc(x)
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes a package with the runtime and a model, under any name, and imports it."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("from .network import Network\n")
        (folder / "network.py").write_text(NETWORK)
        shutil.copytree(RUNTIME, folder / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
        return importlib.import_module(name)

    return make


def test_two_packages_in_one_process(package, tmp_path):
    first, second = package("first_of_two"), package("second_of_two")
    for each in (first, second):
        each.Network(3).save(tmp_path / f"{each.__name__}.keras")
    for each in (first, second):
        assert type(keras.models.load_model(tmp_path / f"{each.__name__}.keras")) is each.Network
    assert type(keras.models.clone_model(first.Network(2))) is first.Network


def test_a_file_is_read_after_the_package_has_moved(package, tmp_path):
    package("before_the_move").Network(3).save(tmp_path / "model.keras")
    moved = package("after_the_move")
    for name in [name for name in sys.modules if name.startswith("before_the_move")]:
        del sys.modules[name]
    assert type(keras.models.load_model(tmp_path / "model.keras")) is moved.Network
