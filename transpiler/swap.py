"""Put a new tree in place of the old one: what stands is always the old tree or the new one, never a mixture.

The new tree is written whole beside the old one and then exchanged with it. A run can be killed at any point;
`recover`, at the next start, can tell from the names that stand which step it was at.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .exchange import exchange
from .output_folder import OutputFolder


@dataclass(frozen=True)
class NewTree:
    """Everything the new tree holds, by posix path: new content, and what is taken over from the old tree as it is."""

    contents: Mapping[str, bytes]
    taken_over: Collection[str] = ()
    folders: Collection[str] = field(default=())


def replace_tree(folder: OutputFolder, tree: NewTree) -> None:
    """Make `folder` hold exactly `tree`.

    Raises:
        OSError: it could not be written; the old tree stands as it was.
    """
    recover(folder)
    try:
        _stage(folder, tree)
        _commit(folder)
    finally:
        recover(folder)


def recover(folder: OutputFolder) -> None:
    """Finish or undo what a killed run left beside the output folder, and tidy up."""
    if folder.successor.exists():
        _remove(folder.path)
        os.rename(folder.successor, folder.path)
    elif folder.retired.exists() and not folder.path.exists():
        # The old tree is moved away only when the staged one is complete.
        os.rename(folder.staging if folder.staging.exists() else folder.retired, folder.path)
    for leftover in (folder.staging, folder.retired):
        with contextlib.suppress(OSError):  # the next run tries again
            _remove(leftover)


def _stage(folder: OutputFolder, tree: NewTree) -> None:
    root = folder.staging
    root.mkdir()
    if folder.path.exists():
        root.chmod(stat.S_IMODE(folder.path.stat().st_mode))
    for path in sorted(tree.folders):
        (root / path).mkdir(parents=True, exist_ok=True)
    for path in sorted(tree.taken_over):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        _take_over(folder.path / path, root / path)
    for path, content in sorted(tree.contents.items()):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        _write(root / path, content)
    for directory, _, _ in os.walk(root, topdown=False):
        _sync(Path(directory))


def _take_over(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        shutil.copy2(source, target, follow_symlinks=False)  # a file system without hard links


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _commit(folder: OutputFolder) -> None:
    if not folder.path.exists():
        os.rename(folder.staging, folder.path)
    elif not exchange(folder.staging, folder.path):
        _replace_stepwise(folder)
    with contextlib.suppress(OSError):  # it is in place; there is nothing to undo any more
        _sync(folder.path.parent)


def _replace_stepwise(folder: OutputFolder) -> None:
    try:
        os.rename(folder.path, folder.retired)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # overlayfs: a folder of a lower layer can be deleted, but not renamed.
        os.rename(folder.staging, folder.successor)
        return
    try:
        os.rename(folder.staging, folder.path)
    except OSError:
        os.rename(folder.retired, folder.path)
        raise


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for directory, _, _ in os.walk(path):
        if not os.access(directory, os.W_OK | os.X_OK):
            os.chmod(directory, 0o700)
    shutil.rmtree(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
