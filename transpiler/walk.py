"""Walks over a syntax tree for reading: fast, as it passes over whitespace, commas and parentheses.

libcst's own visitors visit every space; most of the transpiler's questions need a tenth of the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import libcst as cst

T = TypeVar("T")
NodeT = TypeVar("NodeT", bound=cst.CSTNode)

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
        "relative",
        "asynchronous",
        "leading_whitespace",
    }
)

_SEQUENCES = frozenset({tuple, list})

_put = object.__setattr__  # nodes are frozen

# Nodes that say how code is laid out, and that nothing asks for by identity.
_LAYOUT_NODES = frozenset(
    {
        *(cst.SimpleWhitespace, cst.Newline, cst.TrailingWhitespace, cst.EmptyLine),
        *(cst.Comma, cst.AssignEqual, cst.Dot),
        *(cst.LeftParen, cst.RightParen, cst.LeftSquareBracket, cst.RightSquareBracket, cst.Colon),
    }
)

# Where the fields of a node stand in another order than its parts do in the source.
_SOURCE_ORDER: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.Arg: ("keyword", "value"),
    cst.ClassDef: ("decorators", "name", "type_parameters", "bases", "keywords", "body"),
    cst.ExceptHandler: ("type", "name", "body"),
    cst.ExceptStarHandler: ("type", "name", "body"),
    cst.FunctionDef: ("decorators", "name", "type_parameters", "params", "returns", "body"),
    cst.IfExp: ("body", "test", "orelse"),
    cst.MatchCase: ("pattern", "guard", "body"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.TypeAlias: ("name", "type_parameters", "value"),
}


@cache
def meaningful_fields(cls: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node that may hold parts which mean something, in source order."""
    names = (f.name for f in fields(cls) if f.type is not str)
    return _SOURCE_ORDER.get(cls) or tuple(n for n in names if not n.startswith(_LAYOUT) and n not in _PUNCTUATION)


class _ByType(dict[type, T]):
    """What is worked out once for each type: quicker to ask than a cached function."""

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out

    def __missing__(self, cls: type) -> T:
        found = self[cls] = self._work_out(cls)
        return found


def _reader(cls: type[cst.CSTNode]) -> Callable[[cst.CSTNode], tuple[object, ...]]:
    names = meaningful_fields(cls)
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda node: (getattr(node, names[0]),)) if names else (lambda node: ())


_VALUES = _ByType(_reader)
# Whether values of a type are nodes; libcst's types make `isinstance` slow.
IS_NODE = _ByType(lambda cls: issubclass(cls, cst.CSTNode))


IS_EXPRESSION = _ByType(lambda cls: issubclass(cls, cst.BaseExpression))
# What no expression has in it: in most code that is a tenth of the nodes.
_NOT_IN_EXPRESSIONS = frozenset(
    {
        *(cst.Assign, cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.Return, cst.Global, cst.AsName),
        *(cst.FunctionDef, cst.ClassDef, cst.For, cst.Import, cst.ImportFrom),
    }
)


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The parts of a node that mean something, in source order."""
    found: list[Any] = []
    for value in _VALUES[type(node)](node):
        kind = type(value)
        if kind in _SEQUENCES:
            found += value  # type: ignore[arg-type]
        elif IS_NODE[kind]:
            found.append(value)
    return found


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and everything in it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending += children(current)


def with_shared_layout(tree: NodeT) -> NodeT:
    """The tree with like spaces, commas and brackets made one object each: it takes half the room.

    It is changed in place: nothing else may have seen it yet.
    """
    seen: dict[tuple[object, ...], cst.CSTNode] = {}

    def shared(node: cst.CSTNode) -> cst.CSTNode:
        key: list[object] = [type(node)]
        for name in all_fields(type(node)):
            value = getattr(node, name)
            if type(value) in _SEQUENCES:
                parts = [shared(part) for part in value]
                if parts:
                    _put(node, name, type(value)(parts))
                key += map(id, parts)
            elif IS_NODE[type(value)]:
                part = shared(value)
                if part is not value:
                    _put(node, name, part)
                key.append(id(part))
            else:
                key.append(value)
        return seen.setdefault(tuple(key), node) if type(node) in _LAYOUT_NODES else node

    return shared(tree)  # type: ignore[return-value]


@cache
def all_fields(cls: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node."""
    return tuple(field.name for field in fields(cls))


def find(node: cst.CSTNode, *types: type[NodeT]) -> Iterator[NodeT]:
    """Everything that is exactly of the given types in a node, in no particular order."""
    passes_over_expressions = _NOT_IN_EXPRESSIONS.issuperset(types)
    pending = [node]
    while pending:
        current = pending.pop()
        kind = type(current)
        if kind in types:
            yield current  # type: ignore[misc]
        if not (passes_over_expressions and IS_EXPRESSION[kind]):
            pending += children(current)
