"""What stands in the output folder, held against what its manifest says."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .fingerprint import FINGERPRINT_NAME
from .manifest import MANIFEST_NAME, Manifest, parse_manifest, sha256
from .output_error import OutputError
from .output_folder import OutputFolder
from .written import WRITTEN_NAME, parse_written

# A user's own files that nobody minds in an output folder.
TOLERATED = frozenset({".gitignore", ".gitattributes", ".gitkeep", ".DS_Store", "README", "README.md"})
_CACHES = frozenset({"__pycache__"})
_BOOKKEEPING = frozenset({MANIFEST_NAME, FINGERPRINT_NAME, WRITTEN_NAME})


@dataclass(frozen=True)
class StandingTree:
    """The output folder as a run finds it; all paths are posix and relative to it.

    Args:
        manifest: None when there is none, or none that can be read.
        hashes: sha256 of each file that stands and that the manifest lists, or the last run wrote.
        written: sha256 of each file that the last run wrote here.
        foreign: every other file and symbolic link, caches and our own bookkeeping apart.
        foreign_folders: folders that hold none of our files.
        problem: why the manifest can't be read, or nothing.
    """

    root: Path
    manifest: Manifest | None
    hashes: dict[str, str]
    foreign: tuple[str, ...]
    foreign_folders: tuple[str, ...]
    links: tuple[str, ...]
    problem: str = ""
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def roots(self) -> tuple[str, ...]:
        return self.manifest.roots if self.manifest else ()

    @property
    def outdated(self) -> tuple[str, ...]:
        """The files whose text is not what the manifest says."""
        files = self.manifest.files if self.manifest else {}
        return tuple(p for p in sorted(self.hashes) if p not in files or self.hashes[p] != files[p].sha256)

    @property
    def edited(self) -> tuple[str, ...]:
        """The generated files whose text is neither what the manifest says nor what the last run wrote."""
        return tuple(path for path in self.outdated if self.hashes[path] != self.written.get(path))

    @property
    def missing(self) -> tuple[str, ...]:
        files = self.manifest.files if self.manifest else {}
        return tuple(path for path in sorted(files) if path not in self.hashes)

    @property
    def strangers(self) -> tuple[str, ...]:
        """The foreign files that are not of the tolerated kind."""
        return tuple(path for path in self.foreign if PurePosixPath(path).name not in TOLERATED)

    def read(self, path: str) -> bytes | None:
        """The content of a file; None when no file stands there. A link is not followed."""
        try:
            with open(self.root / path, "rb", opener=_open_without_following) as file:
                return file.read()
        except OSError:
            return None


def _open_without_following(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def read_standing_tree(folder: OutputFolder) -> StandingTree:
    """Look at the output folder; changes nothing.

    Raises:
        OutputError: a file can't be read, or a link stands in the way of one of our files and leads outside.
    """
    try:
        return _read(folder)
    except OSError as error:
        raise OutputError.from_os(f"cannot read {error.filename or folder.shown}", error) from error


def _read(folder: OutputFolder) -> StandingTree:
    files, folders, links = _walk(folder.path)
    manifest, problem = _read_manifest(folder) if MANIFEST_NAME in files else (None, "")
    listed = set(manifest.files) if manifest else set()
    written = _read_written(folder) if manifest and WRITTEN_NAME in files else {}
    hashes = {path: sha256((folder.path / path).read_bytes()) for path in files if path in listed or path in written}
    hashes = {path: hash_ for path, hash_ in hashes.items() if path in listed or hash_ == written[path]}
    ours = listed | set(hashes)
    tree = StandingTree(
        root=folder.path,
        manifest=manifest,
        hashes=hashes,
        foreign=tuple(sorted({*files, *links} - ours - _BOOKKEEPING)),
        foreign_folders=tuple(sorted(set(folders) - _ancestors(ours))),
        links=tuple(sorted(links)),
        problem=problem,
        written=written,
    )
    require_no_escape(folder, tree, [*ours, *_BOOKKEEPING])
    return tree


def _walk(root: Path) -> tuple[list[str], list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    links: list[str] = []
    for entry in _entries(root) if root.exists() else ():
        path = Path(entry.path).relative_to(root).as_posix()
        kind = links if entry.is_symlink() else folders if entry.is_dir() else files
        kind.append(path)
    return files, folders, links


def _entries(root: Path) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(root):
        if entry.name in _CACHES:
            continue
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))


def _read_manifest(folder: OutputFolder) -> tuple[Manifest | None, str]:
    try:
        return parse_manifest((folder.path / MANIFEST_NAME).read_text(encoding="utf-8")), ""
    except UnicodeDecodeError:
        return None, f"{MANIFEST_NAME} is damaged or not ours"
    except OutputError as error:
        return None, str(error)


def _read_written(folder: OutputFolder) -> dict[str, str]:
    return parse_written((folder.path / WRITTEN_NAME).read_text(encoding="utf-8", errors="replace"))


def require_no_escape(folder: OutputFolder, tree: StandingTree, paths: Collection[str]) -> None:
    """Make sure that no symbolic link leads any of `paths` out of the output folder.

    Raises:
        OutputError: one does.
    """
    in_the_way = with_ancestors(paths)
    for link in tree.links:
        if link in in_the_way and not (folder.path / link).resolve().is_relative_to(folder.path):
            raise OutputError(f"{folder.shown}/{link} is a link that leads outside of the output folder; remove it")


def require_unedited(folder: OutputFolder, tree: StandingTree) -> None:
    """Refuse to overwrite anything but our own work.

    Raises:
        OutputError: generated files were edited by hand, or the folder holds files and no manifest of ours.
    """
    if tree.problem:
        raise OutputError(f"{folder.shown}: {tree.problem}; nothing was written (--force regenerates the folder)")
    if tree.edited:
        raise OutputError(
            f"{folder.shown}: edited by hand: {_names(tree.edited)}; nothing was written (--force discards the edits)"
        )
    if tree.manifest is None and tree.strangers:
        raise OutputError(
            f"{folder.shown} holds files that are not ours ({_names(tree.strangers)}) and no {MANIFEST_NAME};"
            " nothing was written (name an empty folder, or use --force: files in the way are replaced, others kept)"
        )


def collisions(tree: StandingTree, paths: Collection[str]) -> tuple[str, ...]:
    """The foreign files that stand where one of `paths`, or a folder of it, is to be."""
    folders = _ancestors(paths)
    files = set(paths)
    return tuple(each for each in tree.foreign if each in folders or with_ancestors([each]) & files)


def with_ancestors(paths: Collection[str]) -> set[str]:
    """The paths and all folders that they lie in."""
    return {*paths, *_ancestors(paths)}


def _ancestors(paths: Iterable[str]) -> set[str]:
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents}


def _names(paths: Collection[str]) -> str:
    first = sorted(paths)[:3]
    return ", ".join(first) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
