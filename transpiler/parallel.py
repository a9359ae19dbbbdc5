"""Shares work among processes: copies of this one, so that nothing but the results has to be sent."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST_PROCESSES = 4


def in_parallel(
    work: Callable[[T], R],
    items: Sequence[T],
    weight: Callable[[T], float],
    watched: Callable[[Sequence[T]], Iterable[T]] = iter,
    processes: int = 0,
) -> list[R]:
    """What `work` gives for each item, in the order of the items.

    Args:
        work: gives what can be pickled; what else it changes is lost where another process does it.
        weight: how long an item takes, in any unit.
        watched: passes this process's own share on, and may say how far it is.
        processes: how many do the work; 0: as many as there are processors, where processes can be copied.
    """
    first, *others = _shares([weight(item) for item in items], processes or _processes())
    copies = [_Copy(work, [items[index] for index in share]) for share in others]
    try:
        found = dict(zip(first, map(work, watched([items[index] for index in first])), strict=True))
        for share, copy in zip(others, copies, strict=True):
            found.update(zip(share, copy.results(), strict=True))
    finally:
        for copy in copies:
            copy.end()
    return [found[index] for index in range(len(items))]


def _processes() -> int:
    """One where a process can't be copied safely: elsewhere than on Linux, and where threads run."""
    if sys.platform != "linux" or len(list(Path("/proc/self/task").iterdir())) > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)


def _shares(weights: Sequence[float], count: int) -> list[list[int]]:
    """Indices in groups of about the same weight; the heaviest, which is this process's own, first."""
    shares: list[list[int]] = [[] for _ in range(count)]
    totals = [0.0] * count
    for index in sorted(range(len(weights)), key=lambda index: -weights[index]):
        least = totals.index(min(totals))
        shares[least].append(index)
        totals[least] += weights[index]
    order = sorted(range(count), key=lambda share: -totals[share])
    first, *others = (sorted(shares[share]) for share in order)
    return [first, *filter(None, others)]


class _Copy(Generic[T, R]):
    """A copy of this process that works on some items; where it fails, the work is done here."""

    def __init__(self, work: Callable[[T], R], items: Sequence[T]) -> None:
        self._work = work
        self._items = items
        self._reading, writing = os.pipe()
        self._process = os.fork()
        if self._process:
            os.close(writing)
        else:
            self._run(writing)

    def _run(self, writing: int) -> None:
        try:
            os.close(self._reading)
            content = pickle.dumps([self._work(item) for item in self._items], protocol=5)
            with open(writing, "wb") as pipe:
                pipe.write(content)
        finally:
            os._exit(0)  # nothing of this process is its own: no output to flush, nothing to clean up

    def results(self) -> list[R]:
        with open(self._reading, "rb", closefd=False) as pipe:
            content = pipe.read()
        try:
            return pickle.loads(content)  # type: ignore[no-any-return]
        except (EOFError, pickle.UnpicklingError):
            return [self._work(item) for item in self._items]

    def end(self) -> None:
        """Wait for the process, or stop it when its results are wanted no more."""
        os.close(self._reading)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
