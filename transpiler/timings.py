"""How long the phases of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timings:
    """Seconds by phase, in the order in which the phases were first entered. A phase entered again adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts the time spent in the `with` block under `name`; time in a phase inside of it counts in both."""
        self.seconds.setdefault(name, 0.0)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def lines(self) -> list[str]:
        """One line a phase, in seconds."""
        width = max((len(name) for name in self.seconds), default=0)
        return [f"{name:<{width}}  {seconds:8.3f} s" for name, seconds in self.seconds.items()]
