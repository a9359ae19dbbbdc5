"""The transpiler run on sources that a test writes: no framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from core_sources import TORCH, Run, run, write


@pytest.fixture
def transpile(tmp_path: Path) -> Callable[..., Run]:
    """Transpiles modules given by name, the first of them unless roots are named; a text alone is a module `net`
    with the usual torch imports above it."""

    def transpile(modules: str | Mapping[str, str], *roots: str) -> Run:
        if isinstance(modules, str):
            modules = {"net": TORCH + modules}
        write(tmp_path, modules)
        return run(tmp_path, roots or tuple(modules)[:1])

    return transpile


@pytest.fixture(autouse=True)
def own_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the pipeline takes its overrides from: these tests don't hang on the project's own."""
    folder = tmp_path / "overrides"
    folder.mkdir()
    monkeypatch.setattr("transpiler.pipeline.folder", lambda name: folder)
    return folder
