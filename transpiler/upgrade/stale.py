"""Overrides that the new release makes stale, with upstream's old and new text side by side."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from ..diagnostics import TranspileError
from ..overrides import Override, OverrideIndex
from .inventory import Inventory

_WIDTH = 78


@dataclass(frozen=True)
class StaleOverride:
    """An override to be read again: what is wrong, the command that accepts, and the two texts side by side."""

    symbol: str
    problem: str
    hint: str
    lines: tuple[str, ...]


def stale_overrides(
    old: Inventory, new: Inventory, before: OverrideIndex, after: OverrideIndex
) -> Iterator[StaleOverride]:
    """The overrides in the package that are not good for the new release, or whose symbol is gone from it."""
    package = f"{new.package}."
    good = {entry.symbol for entry in before.entries() if _is_good(before, entry.symbol)}
    for entry in after.entries():
        if not entry.symbol.startswith(package):
            continue
        if entry.symbol in good and not after.has(entry.symbol):
            if not after.is_not_needed(entry.symbol):
                yield _stale(old, new, entry, "upstream no longer defines it", "remove its entry")
        elif after.has(entry.symbol):
            found = _problem(after, entry.symbol)
            if found is not None:
                yield _stale(old, new, entry, found[0], found[1])


def _is_good(index: OverrideIndex, symbol: str) -> bool:
    return index.has(symbol) and _problem(index, symbol) is None


def _problem(index: OverrideIndex, symbol: str) -> tuple[str, str] | None:
    try:
        diagnostic = index.check(symbol)
    except TranspileError as error:
        return error.diagnostics[0].message, error.diagnostics[0].hint
    if diagnostic is None:
        return None
    where = f"{diagnostic.where.path}:{diagnostic.where.line}: " if diagnostic.where else ""
    return f"{where}{diagnostic.code}: {diagnostic.message}", diagnostic.hint


def _stale(old: Inventory, new: Inventory, entry: Override, problem: str, hint: str) -> StaleOverride:
    return StaleOverride(entry.symbol, problem, hint, tuple(side_by_side(_text(old, entry), _text(new, entry))))


def _text(inventory: Inventory, entry: Override) -> list[str]:
    """Of a method, that of its class."""
    content = inventory.modules.get(entry.module)
    found = content.symbols.get(entry.name.partition(".")[0]) if content else None
    return found.text.expandtabs(4).splitlines() if found else []


def side_by_side(old: list[str], new: list[str]) -> Iterator[str]:
    """Two texts in columns; `|`, `<` and `>` between them mark lines that differ, are gone, or are new."""
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = old[a:b], new[c:d]
        for number in range(max(len(left), len(right))):
            one = left[number] if number < len(left) else None
            other = right[number] if number < len(right) else None
            mark = " " if tag == "equal" else "|" if None not in (one, other) else "<" if other is None else ">"
            yield f"{_cut(one or ''):<{_WIDTH}} {mark} {_cut(other or '')}".rstrip()


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
