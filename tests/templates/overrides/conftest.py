"""Loads override files as modules of their own, beside the real timm that they are compared with."""

import timm  # before tensorflow: the other order aborts  # noqa: F401, I001
import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "overrides"


@pytest.fixture
def override():
    """Import an override by its upstream module's name; what it imports from timm is then timm itself."""

    def load(module: str):
        path = FOLDER / (module.replace(".", "/") + ".py")
        spec = importlib.util.spec_from_file_location(f"override_{path.stem}", path)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded

    return load
