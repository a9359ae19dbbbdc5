"""Walks over a syntax tree for reading: fast, as it passes over whitespace, commas and parentheses.

libcst's own visitors visit every space; most of the transpiler's questions need a tenth of the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import TypeVar

import libcst as cst

T = TypeVar("T", bound=cst.CSTNode)

_LAYOUT = (
    "whitespace",
    "leading_lines",
    "lines_after",
    "lpar",
    "rpar",
    "lbracket",
    "rbracket",
    "lbrace",
    "rbrace",
    "comma",
    "header",
    "footer",
)
_PUNCTUATION = frozenset(
    {
        "newline",
        "indent",
        "trailing_whitespace",
        "semicolon",
        "equal",
        "colon",
        "dot",
        "first_colon",
        "second_colon",
        "star",
        "posonly_ind",
    }
)


@cache
def _meaningful_fields(cls: type[cst.CSTNode]) -> tuple[str, ...]:
    names = (f.name for f in fields(cls))
    return tuple(n for n in names if not n.startswith(_LAYOUT) and n not in _PUNCTUATION)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The parts of a node that mean something, in source order."""
    for name in _meaningful_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (tuple, list)):
            for item in value:
                if isinstance(item, cst.CSTNode):
                    yield item


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and everything in it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(children(current))


def find(node: cst.CSTNode, *types: type[T]) -> Iterator[T]:
    """Everything of the given types in a node, in no particular order."""
    return (n for n in walk(node) if isinstance(n, types))
