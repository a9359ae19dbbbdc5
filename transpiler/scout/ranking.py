"""Accuracy against throughput: what no other architecture beats in both, and how far the others are from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .results import Speed


@dataclass(frozen=True)
class Candidate:
    """An architecture at one image size. `top1` is None without a result; `gap` is the accuracy that it lacks.

    The gap is in per cent, to the most accurate of those at least as fast; 0 is the Pareto front.
    """

    arch: str
    img_size: int
    throughput: float
    parameters: float
    top1: float | None = None
    gap: float | None = None

    @property
    def on_front(self) -> bool:
        return self.gap == 0


def rank(speeds: Iterable[Speed], accuracies: Mapping[tuple[str, int], float]) -> list[Candidate]:
    """One candidate an architecture, at its best image size: the front first, those without a result last."""
    best_so_far = float("-inf")
    best: dict[str, Candidate] = {}
    for speed in sorted(speeds, key=lambda each: (-each.throughput, -accuracies.get((each.arch, each.img_size), 0))):
        top1 = accuracies.get((speed.arch, speed.img_size))
        gap = None
        if top1 is not None:
            best_so_far = max(best_so_far, top1)
            gap = best_so_far - top1
        found = Candidate(speed.arch, speed.img_size, speed.throughput, speed.parameters, top1, gap)
        if speed.arch not in best or _order(found) < _order(best[speed.arch]):
            best[speed.arch] = found
    return sorted(best.values(), key=_order)


def new_since(speeds: Iterable[Speed], older: Iterable[Speed]) -> set[str]:
    """The architectures that an older benchmark has not."""
    return {each.arch for each in speeds} - {each.arch for each in older}


def _order(candidate: Candidate) -> tuple[bool, float, float]:
    return candidate.gap is None, candidate.gap or 0.0, -candidate.throughput
