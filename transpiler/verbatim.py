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
        body = getattr(node, "body", None)
        if isinstance(body, cst.IndentedBlock) and not _goes_on(node):
            yield from _spans(body.body, getattr(statement, "body", ()), after - len(body.footer))


def _goes_on(node: cst.CSTNode) -> bool:
    """Whether more stands below the body of a statement: an `else`, or what catches exceptions."""
    return isinstance(node, (cst.Try, cst.TryStar)) or getattr(node, "orelse", None) is not None
