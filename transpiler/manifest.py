"""The manifest: what stands in the output folder, what it was made from, and what it was made for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from .model import OutputFile, Transpose, Upstream
from .output_error import OutputError

MANIFEST_NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class FileRecord:
    """What the manifest says about one generated file. `sha256` is the file's own; `upstream` is None for our own."""

    sha256: str
    upstream: Upstream | None = None
    overrides: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    transposes: tuple[Transpose, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """The requested modules and the record of every file, by posix path relative to the output folder.

    `overrides` are the hash of the upstream definition that each override in use stands for; `refused` the errors of
    each module that was asked for and can't be written; `parity` how each architecture compared with timm's when it
    was verified last.
    """

    roots: tuple[str, ...] = ()
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parity: Mapping[str, str] = field(default_factory=dict)

    @property
    def transposes(self) -> int:
        return sum(len(record.transposes) for record in self.files.values())

    def to_text(self) -> str:
        """JSON with sorted keys: the same tree gives the same text on every machine."""
        document = {
            "format": FORMAT,
            "roots": sorted(self.roots),
            "transposes": self.transposes,
            "files": {path: asdict(record) for path, record in self.files.items()},
            "overrides": dict(self.overrides),
            "refused": dict(self.refused),
            "parity": dict(self.parity),
        }
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def record_of(file: OutputFile) -> FileRecord:
    """The manifest's record of a generated file."""
    return FileRecord(
        sha256=sha256(file.text.encode()),
        upstream=file.upstream,
        overrides=tuple(sorted(file.overrides)),
        architectures=tuple(sorted(file.architectures)),
        transposes=tuple(sorted(file.transposes, key=lambda each: (each.line, each.reason))),
    )


def parse_manifest(text: str) -> Manifest:
    """Read a manifest back.

    Raises:
        OutputError: it is not one that this version writes.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise OutputError(f"{MANIFEST_NAME} has format {document['format']!r}, this version reads {FORMAT}")
        files = {path: _parse_record(entry) for path, entry in document["files"].items()}
        roots = tuple(str(root) for root in document["roots"])
        overrides = {str(symbol): str(digest) for symbol, digest in document.get("overrides", {}).items()}
        refused = {str(module): tuple(map(str, lines)) for module, lines in document.get("refused", {}).items()}
        parity = {str(arch): str(state) for arch, state in document.get("parity", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"{MANIFEST_NAME} is damaged or not ours") from error
    check_paths(files)
    return Manifest(roots, files, overrides, refused, parity)


def _parse_record(entry: dict[str, Any]) -> FileRecord:
    upstream = entry["upstream"]
    return FileRecord(
        sha256=str(entry["sha256"]),
        upstream=Upstream(**upstream) if upstream else None,
        overrides=tuple(entry["overrides"]),
        architectures=tuple(entry["architectures"]),
        transposes=tuple(Transpose(**each) for each in entry["transposes"]),
    )


def check_paths(paths: Iterable[str]) -> None:
    """Let only plain relative posix paths through, no two of which collide.

    Raises:
        OutputError: a path leads outside of the output folder, is not in plain form, or collides with another.
    """
    seen: dict[str, str] = {}
    for path in paths:
        _check_path(path)
        # Two names that differ in case only are one file on macOS and Windows.
        if path.casefold() in seen:
            raise OutputError(f"output paths {seen[path.casefold()]!r} and {path!r} are the same file")
        seen[path.casefold()] = path
    for path in seen:
        for parent in PurePosixPath(path).parents:
            if str(parent) in seen:
                raise OutputError(f"output path {seen[str(parent)]!r} is a file, and a folder of {seen[path]!r}")


def _check_path(path: str) -> None:
    if path.startswith("/") or ".." in path.split("/") or "\\" in path or ":" in path or "\0" in path:
        raise OutputError(f"output path {path!r} leads outside of the output folder")
    if not path or str(PurePosixPath(path)) != path or path == ".":
        raise OutputError(f"output path {path!r} is not a plain relative path")
    if path == MANIFEST_NAME:
        raise OutputError(f"output path {path!r} is the manifest's own")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
