"""Places that source is read from: a folder, a wheel, a source distribution. Archives are read where they are.

Nothing is unpacked to disk and nothing is executed; the version is what the metadata, or a literal
`__version__ = "..."` in the package, says.
"""

from __future__ import annotations

import ast
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import Parser
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from .diagnostics import Diagnostic, TranspileError

UNKNOWN_VERSION = "source"
LARGEST_FILE = 64 * 1024 * 1024  # bytes; no source file is that large, but an archive may claim anything
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz")
_METADATA = ("METADATA", "PKG-INFO")
_VERSION_FILES = ("version.py", "_version.py", "__version__.py", "__init__.py")


class SourceRoot(Protocol):
    """A tree of files that holds top-level packages; paths are posix and relative to it."""

    @property
    def shown(self) -> str: ...

    def is_file(self, path: str) -> bool: ...

    def is_dir(self, path: str) -> bool: ...

    def read(self, path: str) -> bytes: ...

    def files(self, under: str) -> Iterator[str]:
        """All files below a folder, sorted."""
        ...

    def leads_outside(self, path: str, package: str) -> bool:
        """Whether a link at `path` leads out of the package."""
        ...

    def metadata_files(self) -> Iterator[str]:
        """Files that may hold a distribution's name and version."""
        ...


@dataclass(frozen=True)
class FolderRoot:
    """A folder on disk."""

    folder: Path

    @property
    def shown(self) -> str:
        return str(self.folder)

    def is_file(self, path: str) -> bool:
        return (self.folder / path).is_file()

    def is_dir(self, path: str) -> bool:
        return (self.folder / path).is_dir()

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def files(self, under: str) -> Iterator[str]:
        for file in sorted((self.folder / under).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.relative_to(self.folder).as_posix()

    def leads_outside(self, path: str, package: str) -> bool:
        inside = self.folder / package
        inside = inside if inside.is_dir() else self.folder
        return not (self.folder / path).resolve().is_relative_to(inside.resolve())

    def metadata_files(self) -> Iterator[str]:
        for pattern in ("*.dist-info/METADATA", "*.egg-info/PKG-INFO", "PKG-INFO"):
            yield from (file.relative_to(self.folder).as_posix() for file in sorted(self.folder.glob(pattern)))


@dataclass(frozen=True)
class ArchiveRoot:
    """The regular files of a wheel or source distribution, each read when it is asked for."""

    archive: Path
    members: Mapping[str, Callable[[], bytes]] = field(repr=False)

    @property
    def shown(self) -> str:
        return str(self.archive)

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(str(parent) for path in self.members for parent in PurePosixPath(path).parents)

    def is_file(self, path: str) -> bool:
        return path in self.members

    def is_dir(self, path: str) -> bool:
        return path in self._folders

    def read(self, path: str) -> bytes:
        try:
            return self.members[path]()
        except (OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError) as error:
            raise _unreadable(self.archive, f"{path}: {error}") from error

    def files(self, under: str) -> Iterator[str]:
        return (path for path in sorted(self.members) if PurePosixPath(path).is_relative_to(under))

    def leads_outside(self, path: str, package: str) -> bool:
        return False  # links are not among the members

    def metadata_files(self) -> Iterator[str]:
        for path in sorted(self.members):
            parts = path.split("/")
            if parts[-1] in _METADATA and (len(parts) == 1 or parts[-2].endswith((".dist-info", ".egg-info"))):
                yield path


def open_source(path: Path) -> SourceRoot:
    """The source root at `path`.

    Raises:
        TranspileError: there is nothing, or an archive that can't be read, or one with a member that leads out of it.
    """
    if path.is_dir():
        return FolderRoot(path.resolve())
    if not path.exists():
        raise _unreadable(path, "no such folder or archive")
    if not path.name.endswith(_ARCHIVES):
        raise _unreadable(path, f"neither a folder nor an archive ({', '.join(_ARCHIVES)})")
    try:
        members = _zip_members(path) if zipfile.is_zipfile(path) else _tar_members(path)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise _unreadable(path, str(error).splitlines()[0].rstrip(" :")) from error
    return ArchiveRoot(path.resolve(), members)


def distribution_of(root: SourceRoot, top: str) -> tuple[str, str]:
    """Name and version of the distribution that a source root holds the top-level package `top` of."""
    for file in root.metadata_files():
        fields = Parser().parsestr(root.read(file).decode("utf-8", errors="replace"), headersonly=True)
        name, version = fields["Name"], fields["Version"]
        if name and version and _normal(name) == _normal(top):
            return str(name), str(version)
    for file in _VERSION_FILES:
        if root.is_file(f"{top}/{file}") and (found := _literal_version(root.read(f"{top}/{file}"))):
            return top, found
    return top, UNKNOWN_VERSION


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _literal_version(content: bytes) -> str | None:
    try:
        body = ast.parse(content).body
    except (SyntaxError, ValueError):
        return None
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = {target.id for target in statement.targets if isinstance(target, ast.Name)}
            if "__version__" in names and isinstance(statement.value.value, str):
                return statement.value.value
    return None


def _zip_members(path: Path) -> dict[str, Callable[[], bytes]]:
    archive = zipfile.ZipFile(path)
    members: dict[str, Callable[[], bytes]] = {}
    for info in archive.infolist():
        is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
        if not info.is_dir() and not is_link:
            _check_member(path, info.filename, info.file_size)
            members[info.filename] = lambda info=info: archive.read(info)  # type: ignore[misc]
    return members


def _tar_members(path: Path) -> dict[str, Callable[[], bytes]]:
    archive = tarfile.open(path)  # noqa: SIM115 (read as long as the run lasts)
    members: dict[str, Callable[[], bytes]] = {}
    for info in archive.getmembers():
        if info.isreg():
            _check_member(path, info.name, info.size)
            members[info.name] = lambda info=info: archive.extractfile(info).read()  # type: ignore[misc,union-attr]
    return _without_first_folder(members)


def _without_first_folder(members: dict[str, Callable[[], bytes]]) -> dict[str, Callable[[], bytes]]:
    """A source distribution holds one folder, NAME-VERSION; packages lie in it, or in its `src`."""
    inner = {path.partition("/")[2]: read for path, read in members.items() if "/" in path}
    return inner | {path.removeprefix("src/"): read for path, read in inner.items() if path.startswith("src/")}


def _check_member(archive: Path, name: str, size: int) -> None:
    if name.startswith("/") or ".." in name.split("/") or "\\" in name or ":" in name or "\0" in name:
        raise _unreadable(archive, f"its member {name!r} leads out of it")
    if size > LARGEST_FILE:
        raise _unreadable(archive, f"its member {name!r} is larger than {LARGEST_FILE >> 20} MiB")


def _unreadable(path: Path, why: str) -> TranspileError:
    hint = "name a folder that holds the package, a wheel, or a source distribution"
    return TranspileError(Diagnostic("S109", f"cannot read source from {path}: {why}", hint=hint))
