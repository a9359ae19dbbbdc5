"""A progress bar on a terminal, and nothing anywhere else."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm  # type: ignore[import-untyped]


class _Bar(tqdm):  # type: ignore[misc]
    monitor_interval = 0  # no thread: a process with one can't be copied (see parallel.py)


class ProgressBar:
    """Shows `progress(label, done, total)` on stderr; silent when stderr is not a terminal."""

    def __init__(self) -> None:
        self._bar = _Bar(file=sys.stderr, disable=not sys.stderr.isatty(), leave=False, unit="file")

    def __call__(self, label: str, done: int, total: int) -> None:
        if done < self._bar.n:
            self._bar.reset(total)
        self._bar.total = total
        self._bar.set_description_str(label, refresh=False)
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.close()
