"""One architecture's rivals, called in turns: wall and CPU seconds, and the share of the machine's matmul peak."""

from __future__ import annotations

import dataclasses
import resource
import time
from pathlib import Path
from typing import Any

from .rivals import make_rivals

import tensorflow as tf  # isort: skip

from .profile import profile  # isort: skip
from .timing import median_ratio, summarise, time_interleaved  # isort: skip

PEAK_SIZE = 2048


def compare(
    package: Path, arch: str, batch: int, mode: str, against: list[str], repeats: int
) -> tuple[list[dict[str, Any]], float]:
    """A record for each rival, ours first, and the matmul peak in GFLOP a second, measured among the calls.

    `ratio` is how many times as long as ours a call takes: above 1, ours is faster.
    """
    rivals = make_rivals(package, arch, against, batch, mode)
    matrix = tf.random.normal((PEAK_SIZE, PEAK_SIZE))
    calls = {rival.name: rival.call for rival in rivals}
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    timed = {name: _with_cpu_time(call, cpu[name]) for name, call in calls.items()}
    seconds = time_interleaved({**timed, "matmul": lambda: tf.matmul(matrix, matrix).numpy()}, repeats, warm_up=2)
    peak = 2 * PEAK_SIZE**3 / min(seconds["matmul"]) / 1e9
    ours = seconds[rivals[0].name]
    records = [
        {
            **{"arch": arch, "batch": batch, "mode": mode, "model": rival.name},
            **dataclasses.asdict(summarise(seconds[rival.name])),
            **{"cpu": summarise(cpu[rival.name][-repeats:]).median, "ratio": median_ratio(seconds[rival.name], ours)},
            **rival.facts,
        }
        for rival in rivals
    ]
    records[0]["profile ms"] = profile(rivals[0].call)
    records[0]["process peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return records, peak


def _with_cpu_time(call: Any, into: list[float]) -> Any:
    def timed() -> None:
        began = time.process_time()
        call()
        into.append(time.process_time() - began)

    return timed
