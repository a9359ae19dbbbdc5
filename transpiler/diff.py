"""Unified diffs between what stands and what would be written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from .emit import Plan
from .standing import StandingTree


def diff_lines(standing: StandingTree, plan: Plan) -> Iterator[str]:
    """The diff of the whole tree, file by file in path order, without line ends."""
    for path in sorted({*plan.added, *plan.changed, *plan.removed}):
        old, new = standing.read(path), plan.contents.get(path)
        yield from difflib.unified_diff(
            _lines(old),
            _lines(new),
            "/dev/null" if old is None else f"a/{path}",
            "/dev/null" if new is None else f"b/{path}",
            lineterm="",
        )


def capped(lines: Iterator[str], limit: int) -> Iterator[str]:
    """The first `limit` lines, and a line that says so if there are more."""
    for count, line in enumerate(lines):
        if count == limit:
            yield f"... the diff is longer than {limit} lines; --diff shows all of it"
            return
        yield line


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", errors="replace").splitlines()
