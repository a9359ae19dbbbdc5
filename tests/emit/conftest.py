"""A pipeline that gives what a test tells it to, and the command line run in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from transpiler.cli import main
from transpiler.diagnostics import Diagnostic, Location
from transpiler.model import OutputFile, Result, Transpose, Upstream

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class FakePipeline:
    """Each root gives a file of its own and all share `layers.py`; records how it was called."""

    version: int = 1
    refused: tuple[str, ...] = ()
    extra_files: tuple[OutputFile, ...] = ()
    upstream: tuple[Upstream, ...] = ()
    definition_hashes: tuple[tuple[str, str], ...] = ()
    layers_upstream: Upstream = Upstream("pkg", "1", "pkg/layers.py", "0" * 64)
    before: Callable[[], None] | None = None
    calls: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)

    def __call__(self, modules: Sequence[str], *, previous_roots: Sequence[str], **_: Any) -> Result:
        self.calls.append((tuple(modules), tuple(previous_roots)))
        if self.before:
            self.before()
        roots = tuple(root for root in (*modules, *previous_roots) if root not in self.refused)
        refused = tuple(root for root in (*modules, *previous_roots) if root in self.refused)
        files = (
            OutputFile("__init__.py", '"""The package."""\n'),
            OutputFile("pkg/layers.py", f"VERSION = {self.version}\n", self.layers_upstream),
            *(self._model_file(root) for root in roots),
            *self.extra_files,
        )
        refusals = {root: (self._refusal(root),) for root in refused}
        found = tuple(map(self._refusal, refused))
        return Result(files, found, roots, refusals, ("pkg.layers.Mlp",), self.upstream, self.definition_hashes)

    def _model_file(self, root: str) -> OutputFile:
        path = root.replace(".", "/") + ".py"
        upstream = Upstream("pkg", "1", path, "1" * 64)
        return OutputFile(path, f"# {root}\n", upstream, ("b", "a"), ("net_b", "net_a"), (Transpose(3, "flip"),))

    def _refusal(self, root: str) -> Diagnostic:
        where = Location(f"{root}.py", 2, 5)
        return Diagnostic("T101", "no row for torch.fft.fft", where, "write an override", "error", "y = fft(x)")


@dataclass
class Run:
    code: int
    out: str
    err: str


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder; the output folder is `generated` in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(workplace: Path, pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    def run(*arguments: str) -> Run:
        code = main(arguments, transpile=pipeline, explain=lambda name, source_root: f"{name}: a rule")
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    return run


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file under `root` with its content."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def modification_times(root: Path) -> dict[str, int]:
    return {path.relative_to(root).as_posix(): path.stat().st_mtime_ns for path in sorted([root, *root.rglob("*")])}


def siblings(workplace: Path) -> list[str]:
    """What a run has left beside the output folder."""
    return [path.name for path in workplace.iterdir() if path.name.startswith(".generated.")]


@pytest.fixture
def tree_tools() -> Any:
    class Tools:
        snapshot = staticmethod(snapshot)
        times = staticmethod(modification_times)
        siblings = staticmethod(siblings)

    return Tools
