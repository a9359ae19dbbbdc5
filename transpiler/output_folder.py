"""The output folder and the names beside it that a run uses."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .output_error import OutputError


@dataclass(frozen=True)
class OutputFolder:
    """Where the generated package stands. `path` is absolute with links followed; `shown` is what the user wrote.

    The siblings are hidden, on the same file system, and there only while a run writes or after one was killed.
    """

    path: Path
    shown: str

    @property
    def lock(self) -> Path:
        return self._sibling("lock")

    @property
    def staging(self) -> Path:
        """The new tree while it is written; after the exchange, the old one while it is deleted."""
        return self._sibling("staging")

    @property
    def retired(self) -> Path:
        """The old tree, where the two can't be exchanged in one step."""
        return self._sibling("retired")

    @property
    def successor(self) -> Path:
        """The complete new tree, where the old one can't even be renamed but must be deleted first."""
        return self._sibling("successor")

    def _sibling(self, role: str) -> Path:
        return self.path.with_name(f".{self.path.name}.transpiler-{role}")


def open_output_folder(path: Path, protected: Iterable[Path]) -> OutputFolder:
    """Find the real folder behind `path`; it need not exist yet.

    Args:
        path: the folder as the user named it.
        protected: folders that the output must neither be nor contain, since the whole output folder is replaced.

    Raises:
        OutputError: it is a file, or is or holds a protected folder.
    """
    try:
        real = path.resolve()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot use {path} as the output folder: {error}") from error
    if real.exists() and not real.is_dir():
        raise OutputError(f"cannot use {path} as the output folder: it is a file")
    for folder in protected:
        if folder.resolve().is_relative_to(real):
            raise OutputError(f"cannot use {path} as the output folder: it holds {folder}; name a folder of its own")
    return OutputFolder(real, str(path))


def require_writable(folder: OutputFolder) -> None:
    """Find out before any work whether the folder can be replaced.

    Raises:
        OutputError: it is read-only, or a mount point, or the folder around it is read-only.
    """
    if folder.path.is_dir():
        # No write bit at all is a wish, also where root could write regardless.
        if not folder.path.stat().st_mode & 0o222 or not os.access(folder.path, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write {folder.shown}: the folder is read-only")
        if os.path.ismount(folder.path) or folder.path.stat().st_dev != folder.path.parent.stat().st_dev:
            raise OutputError(f"cannot write {folder.shown}: it is a mount point; name a folder inside of it")
    parent = _nearest_existing(folder.path.parent)
    if not parent.is_dir():
        raise OutputError(f"cannot write {folder.shown}: {parent} is a file")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {folder.shown}: the folder around it, {parent}, is read-only")


def _nearest_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
