"""One run at a time for an output folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .output_error import OutputError
from .output_folder import OutputFolder


@contextmanager
def exclusive(folder: OutputFolder) -> Iterator[None]:
    """Hold the lock file beside the output folder; missing parent folders are made, and go again if they stay empty.

    The kernel frees the lock when its holder dies, so a lock file left by a killed run stops nobody.

    Raises:
        OutputError: another run holds the lock, or the lock file can't be made.
    """
    made: list[Path] = []
    try:
        try:
            _make_folders(folder.lock.parent, made)
            descriptor = _acquire(folder)
        except OSError as error:
            raise OutputError.from_os(f"cannot write beside {folder.shown}", error) from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                folder.lock.unlink()
            os.close(descriptor)
    finally:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()


def _make_folders(path: Path, made: list[Path]) -> None:
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        made.append(each)


def _acquire(folder: OutputFolder) -> int:
    while True:
        descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise OutputError(f"another run is writing {folder.shown} (it holds the lock {folder.lock})") from error
        except OSError:
            os.close(descriptor)
            raise
        if _is_still_at(descriptor, folder.lock):
            return descriptor
        os.close(descriptor)  # its holder deleted the file between our open and our lock


def _is_still_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
