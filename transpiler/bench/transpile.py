"""How long transpiling takes: into an empty folder, with nothing changed, with one more module, and all of timm."""

from __future__ import annotations

import dataclasses
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cli import ExitCode
from .errors import BenchError
from .timing import summarise

MODULES = ("timm.models.swin_transformer", "timm.models.vision_transformer")
ANOTHER = "timm.models.swin_transformer_v2"
REPOSITORY = Path(__file__).resolve().parents[2]
_PHASE = re.compile(r"^(\S.*?) +(\d+\.\d+) s$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One run of the command: seconds by the clock, process start included, seconds of the CPU, seconds by phase."""

    seconds: float
    cpu: float
    phases: dict[str, float]


def bench_transpile(repeats: int) -> list[dict[str, Any]]:
    """One record for each module and state of the output folder; all of timm once, as it takes longest."""
    runs: dict[tuple[str, str], list[Run]] = {}
    for _ in range(repeats):
        for module in MODULES:
            for state, run in _one_module(module):
                runs.setdefault((module, state), []).append(run)
    with tempfile.TemporaryDirectory() as folder:
        runs["--all", "empty"] = [_run(["--all"], Path(folder) / "generated", (ExitCode.OK, ExitCode.REFUSED))]
    return [_record(module, state, each) for (module, state), each in runs.items()]


def _one_module(module: str) -> Iterator[tuple[str, Run]]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "generated"
        yield "empty", _run([module], out)
        yield "nothing changed", _run([module], out)
        yield f"{ANOTHER.rpartition('.')[2]} asked for too", _run([ANOTHER], out)


def _record(module: str, state: str, runs: list[Run]) -> dict[str, Any]:
    seconds = summarise([run.seconds for run in runs])
    cpu = statistics.median(run.cpu for run in runs)
    return {"module": module, "state": state, **dataclasses.asdict(seconds), "cpu": cpu, "phases": runs[-1].phases}


def _run(arguments: list[str], folder: Path, fine: tuple[int, ...] = (ExitCode.OK,)) -> Run:
    command = [sys.executable, "-m", "transpiler", *arguments, "--out", str(folder), "--timings"]
    began, cpu = time.perf_counter(), _children_cpu()
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    seconds, cpu = time.perf_counter() - began, _children_cpu() - cpu
    if result.returncode not in fine:
        output = (result.stderr or result.stdout).strip().splitlines()
        last = output[-1] if output else "no message"
        raise BenchError(f"transpiling {' '.join(arguments)} fails with {result.returncode}: {last}")
    return Run(seconds, cpu, {name: float(value) for name, value in _PHASE.findall(result.stdout)})


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
