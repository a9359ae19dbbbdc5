"""The text of statements as it stands in their file: taking it from there is quicker than writing it anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

import libcst as cst

from .positions import first_line

_OTHER_NEWLINES = "\r\f"


def statement_texts(text: str, tree: cst.Module, statements: Sequence[ast.stmt]) -> dict[cst.CSTNode, str]:
    """The lines of statements, with the comments and empty lines above them and all that is in them.

    Statements in the bodies of others have their indentation. None where lines and statements don't go together,
    as where two statements share a line.
    """
    if any(character in text for character in _OTHER_NEWLINES):
        return {}
    lines = text.removesuffix("\n").split("\n")
    spans = _spans(tree.body, statements, len(lines) - len(tree.footer))
    return {node: "\n".join(lines[begin:end]) + "\n" for node, begin, end in spans}


def _spans(
    nodes: Sequence[Any], statements: Sequence[ast.stmt], end: int
) -> Iterator[tuple[cst.CSTNode, int, int]]:
    """First line of each statement, from 0, and the line after its last; `end` is that of the last statement."""
    if len(nodes) != len(statements):
        return
    begins = [first_line(s) - 1 - len(node.leading_lines) for node, s in zip(nodes, statements, strict=True)]
    for node, statement, begin, after in zip(nodes, statements, begins, [*begins[1:], end], strict=True):
        yield node, begin, after
        yield from _inner_spans(node, statement, after)


def _inner_spans(node: Any, statement: Any, end: int) -> Iterator[tuple[cst.CSTNode, int, int]]:
    """The spans of what is in the blocks of a statement; not where it catches exceptions."""
    body, other = getattr(node, "body", None), getattr(node, "orelse", None)
    if not isinstance(body, cst.IndentedBlock) or isinstance(node, (cst.Try, cst.TryStar)):
        return
    if isinstance(other, cst.If):
        (below,) = statement.orelse
        yield from _inner_spans(other, below, end)
        end = below.lineno - 1 - len(other.leading_lines)
    elif other is not None:
        if not isinstance(other.body, cst.IndentedBlock):
            return
        yield from _spans(other.body.body, statement.orelse, end - len(other.body.footer))
        first: Any = other.body.body[0]
        end = first_line(statement.orelse[0]) - 1 - len(first.leading_lines)
        end -= 1 + len(other.leading_lines)  # `else:` has a line of its own
    yield from _spans(body.body, getattr(statement, "body", ()), end - len(body.footer))
