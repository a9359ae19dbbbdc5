"""The support table: every torch name that has a row, and what it becomes."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .. import rules
from ..rules import arithmetic, creation, functional, layers, reductions, reshaping, selection, values
from ..templating import render
from .rendered_example import rendered_example

COMMAND = "python -m transpiler.scout support"
SECTIONS: tuple[tuple[str, tuple[rules.Row, ...]], ...] = (
    ("Shapes and axes", reshaping.ROWS),
    ("Mathematics and casts", arithmetic.ROWS),
    ("Reductions and sorting", reductions.ROWS),
    ("Distinct values and windows", selection.ROWS),
    ("Making tensors", creation.ROWS),
    ("torch.nn.functional and the like", functional.ROWS),
    ("Layers", layers.ROWS),
    ("Dtypes, constants and initialisers", values.VALUES),
    ("Without effect, left out", values.ERASED),
)


@dataclass(frozen=True)
class SupportedName:
    """A line of the table."""

    name: str
    outcome: str
    result: str
    limits: str


@dataclass(frozen=True)
class Group:
    """A section of the table."""

    title: str
    rows: tuple[SupportedName, ...]


@dataclass(frozen=True)
class RefusedName:
    """A name that is declared missing."""

    name: str
    reason: str
    instead: str


@dataclass(frozen=True)
class SupportPage:
    """The template's fields."""

    command: str
    torch_version: str
    groups: tuple[Group, ...]
    missing: tuple[RefusedName, ...]
    template: str = "support_table.md.j2"


def support_page() -> str:
    """The page as Markdown."""
    version = importlib.metadata.version("torch").partition("+")[0]
    groups = tuple(Group(title, tuple(_lines(rows))) for title, rows in SECTIONS)
    missing = tuple(RefusedName(row.torch, row.why, row.hint) for row in values.MISSING)
    return render(SupportPage(COMMAND, version, groups, missing))


def is_same_page(one: str, other: str) -> bool:
    """Whether two pages say the same of the rows; the version of torch they were written with doesn't count."""
    return _without_version(one) == _without_version(other)


def _without_version(page: str) -> str:
    return re.sub(r"those of torch [\w.]+\.\n", "", page)


def _lines(rows: Iterable[rules.Row]) -> Iterator[SupportedName]:
    for row in rows:
        for name in (row.torch, *getattr(row, "also", ())):
            yield SupportedName(name, type(row).__name__, _result(row), _limits(row))


def _result(row: rules.Row) -> str:
    if isinstance(row, rules.Op):
        return _readable(row.tf) if isinstance(row.tf, str) else rendered_example(row)
    if isinstance(row, rules.Layer):
        return row.runtime
    return row.tf if isinstance(row, rules.Value) else ""


def _readable(template: str) -> str:
    """A template without its marks: `tf.reduce_sum({input}<, axis={dim:axis}>)` as a call."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", r"\1", template).replace("<", "").replace(">", "")


def _limits(row: rules.Row) -> str:
    """The arguments that are covered, and what else is to be known."""
    covered = f"takes {row.params}" if isinstance(row, rules.Op) and "," in row.params else ""
    note = row.why if isinstance(row, (rules.Erase, rules.Missing)) else row.note
    return "; ".join(part.replace("*", "\\*") for part in (covered, note) if part)
