"""How long transpiling takes: the first time, after an edit, with nothing changed, one more module, all of timm.

timm is copied and read from the copy, where a file can be edited. What the transpiler keeps in the user's cache it
keeps in a folder of the benchmark's, which is empty at first.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cli import ExitCode
from .errors import BenchError
from .timing import summarise

MODULES = tuple(
    f"timm.models.{name}" for name in ("swin_transformer", "vision_transformer", "resnet", "convnext", "efficientnet")
)
ANOTHER = "timm.models.swin_transformer_v2"
EDITED = "timm/layers/drop.py"  # every one of these modules has it
REPOSITORY = Path(__file__).resolve().parents[2]
OUTSIDE = "start and end"
_PHASE = re.compile(r"^(\S.*?) +(\d+\.\d+) s$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One run of the command: seconds by the clock, process start included, seconds of the CPU, seconds by phase."""

    seconds: float
    cpu: float
    phases: dict[str, float]


@dataclass(frozen=True)
class _Place:
    """Where a run reads, keeps and writes."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def output(self, module: str) -> Path:
        return self.root / "out" / module


def bench_transpile(repeats: int) -> list[dict[str, Any]]:
    """One record for each module and state of the output folder; all of timm once, as it takes longest."""
    runs: dict[tuple[str, str], list[Run]] = {}
    for _ in range(repeats):
        for module in MODULES:
            with _place() as place:
                for state, run in _one_module(module, place):
                    runs.setdefault((module, state), []).append(run)
    with _place() as place:
        for state in ("first run", "again"):
            runs["--all", state] = [_run(["--all"], place, (ExitCode.OK, ExitCode.REFUSED))]
            shutil.rmtree(place.output("--all"))
    return [_record(module, state, each) for (module, state), each in runs.items()]


@contextmanager
def _place() -> Iterator[_Place]:
    with tempfile.TemporaryDirectory() as folder:
        place = _Place(Path(folder))
        timm = importlib.metadata.distribution("timm")
        for part in {file.parts[0] for file in timm.files or ()}:
            shutil.copytree(Path(str(timm.locate_file(part))), place.source / part)
        yield place


def _one_module(module: str, place: _Place) -> Iterator[tuple[str, Run]]:
    yield "first run", _run([module], place)
    with (place.source / EDITED).open("a") as file:
        file.write("\n# edited\n")
    yield "one file edited", _run([module], place)
    yield "nothing changed", _run([module], place)
    if module == MODULES[0]:
        yield f"{ANOTHER.rpartition('.')[2]} asked for too", _run([module, ANOTHER], place)


def _record(module: str, state: str, runs: list[Run]) -> dict[str, Any]:
    seconds = summarise([run.seconds for run in runs])
    cpu = statistics.median(run.cpu for run in runs)
    phases = {name: statistics.median(run.phases[name] for run in runs) for name in runs[0].phases}
    return {"module": module, "state": state, **dataclasses.asdict(seconds), "cpu": cpu, "phases": phases}


def _run(arguments: list[str], place: _Place, fine: tuple[int, ...] = (ExitCode.OK,)) -> Run:
    folders = ["--out", str(place.output(arguments[0])), "--source", str(place.source)]
    command = [sys.executable, "-m", "transpiler", *arguments, *folders, "--timings"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(place.cache)}
    began, cpu = time.perf_counter(), _children_cpu()
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    seconds, cpu = time.perf_counter() - began, _children_cpu() - cpu
    if result.returncode not in fine:
        output = (result.stderr or result.stdout).strip().splitlines()
        last = output[-1] if output else "no message"
        raise BenchError(f"transpiling {' '.join(arguments)} fails with {result.returncode}: {last}")
    phases = {name: float(value) for name, value in _PHASE.findall(result.stdout)}
    return Run(seconds, cpu, {OUTSIDE: round(seconds - phases["all"], 3), **phases})


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
