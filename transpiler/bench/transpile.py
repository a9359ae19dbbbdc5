"""How long transpiling takes: into an empty folder, and again with nothing changed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .errors import BenchError
from .timing import summarise

MODULES = ("timm.models.swin_transformer", "timm.models.vision_transformer")
REPOSITORY = Path(__file__).resolve().parents[2]


def bench_transpile(repeats: int) -> list[dict[str, Any]]:
    """One record for each module and state: seconds a run of the command, process start included."""
    records = []
    for module in MODULES:
        seconds: dict[str, list[float]] = {"cold": [], "warm": []}
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                for state in ("cold", "warm"):
                    seconds[state].append(_run(module, Path(folder) / "generated"))
        for state, values in seconds.items():
            records.append({"module": module, "state": state, **dataclasses.asdict(summarise(values))})
    return records


def _run(module: str, folder: Path) -> float:
    command = [sys.executable, "-m", "transpiler", module, "--out", str(folder)]
    began = time.perf_counter()
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if result.returncode:
        output = (result.stderr or result.stdout).strip().splitlines()
        raise BenchError(
            f"transpiling {module} fails with {result.returncode}: {output[-1] if output else 'no message'}"
        )
    return seconds
