"""What both releases give when they are transpiled, and which architectures that touches."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ..diagnostics import errors
from ..model import OutputFile, Result
from ..reach import ReachedDefinitions

_HEADER = "# Changed from "  # names the release, so that it differs in every file


@dataclass(frozen=True)
class FileDiff:
    """A generated file that differs; `status` is "changed", "new" or "removed"."""

    path: str
    status: str
    lines: tuple[str, ...]
    added: int
    removed: int


def file_diffs(old: Result, new: Result) -> tuple[FileDiff, ...]:
    """The generated files that differ in more than the release they name."""
    before, after = _texts(old), _texts(new)
    found = []
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path, ""), after.get(path, "")
        if one != other or (path in before) != (path in after):
            status = "changed" if path in before and path in after else "new" if path in after else "removed"
            found.append(_diff(path, status, one, other))
    return tuple(found)


def _diff(path: str, status: str, old: str, new: str) -> FileDiff:
    lines = tuple(difflib.unified_diff(old.splitlines(), new.splitlines(), f"a/{path}", f"b/{path}", lineterm=""))
    body = lines[2:]
    return FileDiff(path, status, lines, sum(x.startswith("+") for x in body), sum(x.startswith("-") for x in body))


def refusals(old: Result, new: Result) -> tuple[str, ...]:
    """The errors of the new release, those that the old one has too apart."""
    known = {(d.code, d.message) for d in errors(old.diagnostics)}
    return tuple(d.render() for d in errors(new.diagnostics) if (d.code, d.message) not in known)


def touched_architectures(old: Result, new: Result) -> dict[str, tuple[str, ...]]:
    """By module: the architectures both releases give whose code, all that it reaches included, is another one."""
    before, after = _architecture_hashes(old), _architecture_hashes(new)
    touched: dict[str, list[str]] = {}
    for (path, arch), digest in sorted(after.items()):
        if before.get((path, arch), digest) != digest:
            touched.setdefault(path, []).append(arch)
    return {path: tuple(archs) for path, archs in touched.items()}


def _texts(result: Result) -> dict[str, str]:
    return {file.path: _without_header(file) for file in result.files if file.upstream is not None}


def _without_header(file: OutputFile) -> str:
    return "".join(line for line in file.text.splitlines(keepends=True) if not line.startswith(_HEADER))


def _architecture_hashes(result: Result) -> dict[tuple[str, str], str]:
    with TemporaryDirectory() as temporary:
        root = Path(temporary)
        for file in result.files:
            target = root / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.text, encoding="utf-8")
        reached = ReachedDefinitions()
        return {
            (file.path, arch): _hash(root, reached, root / file.path, arch)
            for file in result.files
            for arch in file.architectures
        }


def _hash(root: Path, reached: ReachedDefinitions, path: Path, arch: str) -> str:
    return hashlib.sha256("\n".join(sorted(_dumps(root, reached, path, arch))).encode()).hexdigest()


def _dumps(root: Path, reached: ReachedDefinitions, path: Path, arch: str) -> Iterator[str]:
    for (file, name), statements in reached.from_name(path, arch).items():
        yield f"{file.relative_to(root).as_posix()} {name} {''.join(map(ast.dump, statements))}"
