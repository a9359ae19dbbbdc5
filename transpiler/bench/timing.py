"""Fair timing of rivals on a machine that does other things too."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds for one call: the median, and the quartiles around it."""

    median: float
    lower: float
    upper: float
    repeats: int


def time_interleaved(
    rivals: Mapping[str, Callable[[], object]], repeats: int, warm_up: int = 3
) -> dict[str, list[float]]:
    """Seconds of each call by rival. Every round calls each rival once, and each round begins with another one,
    so that a slow spell of the machine, or running second, burdens no rival alone."""
    names = list(rivals)
    for _ in range(warm_up):
        for name in names:
            rivals[name]()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            began = time.perf_counter()
            rivals[name]()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def summarise(seconds: list[float]) -> Timing:
    if len(seconds) < 2:
        return Timing(seconds[0], seconds[0], seconds[0], len(seconds))
    lower, median, upper = statistics.quantiles(seconds, n=4, method="inclusive")
    return Timing(median, lower, upper, len(seconds))


def median_ratio(seconds: list[float], baseline: list[float]) -> float:
    """Median over the rounds of this rival's time divided by the baseline's in the same round."""
    return statistics.median(mine / theirs for mine, theirs in zip(seconds, baseline, strict=True))
