"""Shares work among processes: copies of this one, so that nothing but the results has to be sent."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST_PROCESSES = 4
_BYTES = 4


def in_parallel(
    work: Callable[[T], R],
    items: Sequence[T],
    weight: Callable[[T], float],
    begun: Callable[[T, int], None] = lambda item, number: None,
    processes: int = 0,
) -> list[R]:
    """What `work` gives for each item, in the order of the items.

    Args:
        work: gives what can be pickled; what else it changes is lost where another process does it.
        weight: how long an item takes, about, in any unit: the heaviest are begun first.
        begun: told of each item that this process begins, with the number of those begun before.
        processes: how many do the work; 0: as many as there are processors, where processes can be copied.
    """
    order = sorted(range(len(items)), key=lambda index: -weight(items[index]))
    with _Queue(len(items)) as queue:

        def share() -> Iterator[tuple[int, int]]:
            return ((number, order[number]) for number in queue)

        copies = [
            _Copy(lambda: [(index, work(items[index])) for _, index in share()])
            for _ in range(min(processes or _processes(), len(items)) - 1)
        ]
        found: dict[int, R] = {}
        try:
            for number, index in share():
                begun(items[index], number)
                found[index] = work(items[index])
            for copy in copies:
                found.update(copy.result() or ())
        finally:
            for copy in copies:
                copy.end()
    return [found[index] if index in found else work(items[index]) for index in range(len(items))]


def _processes() -> int:
    """One where a process can't be copied safely: elsewhere than on Linux, and where threads run."""
    if sys.platform != "linux" or len(list(Path("/proc/self/task").iterdir())) > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)


class _Queue:
    """The numbers from 0 on, each of which goes to one of the processes that iterate."""

    def __init__(self, length: int) -> None:
        self._reading, writing = os.pipe()
        # A pipe holds 64 KiB, far more numbers than any run has items; what is written at once is never torn apart.
        with open(writing, "wb") as pipe:
            pipe.write(b"".join(number.to_bytes(_BYTES, "little") for number in range(length)))

    def __iter__(self) -> Iterator[int]:
        while number := os.read(self._reading, _BYTES):
            yield int.from_bytes(number, "little")

    def __enter__(self) -> _Queue:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._reading)


class _Copy(Generic[R]):
    """A copy of this process that does some work."""

    def __init__(self, work: Callable[[], R]) -> None:
        self._reading, writing = os.pipe()
        self._process = os.fork()
        if self._process:
            os.close(writing)
        else:
            self._run(work, writing)

    def _run(self, work: Callable[[], R], writing: int) -> None:
        try:
            os.close(self._reading)
            content = pickle.dumps(work(), protocol=5)
            with open(writing, "wb") as pipe:
                pipe.write(content)
        finally:
            os._exit(0)  # nothing of this process is its own: no output to flush, nothing to clean up

    def result(self) -> R | None:
        """What the work gave; None when it failed."""
        with open(self._reading, "rb", closefd=False) as pipe:
            content = pipe.read()
        try:
            return pickle.loads(content)  # type: ignore[no-any-return]
        except (EOFError, pickle.UnpicklingError):
            return None

    def end(self) -> None:
        """Wait for the process, or stop it when its results are wanted no more."""
        os.close(self._reading)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
