"""Rewrites a syntax tree, several times faster than libcst does.

libcst visits every space and builds every node anew. Here layout is passed over, and what a transformer
doesn't change stays the very node that it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import TypeVar

import libcst as cst

from .walk import IS_EXPRESSION, IS_NODE, meaningful_fields

NodeT = TypeVar("NodeT", bound=cst.CSTNode)
Replacement = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel


def transformed(node: cst.CSTNode, transformer: cst.CSTTransformer):  # type: ignore[no-untyped-def]
    """What `node.visit(transformer)` gives, for a transformer that has nothing to do with layout."""
    if IS_EXPRESSION[type(node)] and _is_for_statements(type(transformer)):
        return node
    visits, leaves = _handles(type(transformer), type(node))
    updated = _with_transformed_parts(node, transformer) if not visits or transformer.on_visit(node) else node
    return transformer.on_leave(node, updated) if leaves or updated is not node else node


@cache
def _handles(transformer: type[cst.CSTTransformer], kind: type[cst.CSTNode]) -> tuple[bool, bool]:
    """Whether a transformer has something to do when it comes to a node of a kind, and when it leaves it."""
    names = (f"visit_{kind.__name__}", f"leave_{kind.__name__}")
    visits, leaves = (getattr(transformer, name, None) is not getattr(cst.CSTTransformer, name, None) for name in names)
    return visits, leaves


@cache
def _is_for_statements(transformer: type[cst.CSTTransformer]) -> bool:
    """Whether a transformer has nothing to do with what may be in an expression."""
    kinds = {kind for kind in vars(cst).values() if isinstance(kind, type) and issubclass(kind, cst.CSTNode)}
    handled = [kind for kind in kinds if any(_handles(transformer, kind))]
    return all(issubclass(kind, (cst.BaseStatement, cst.BaseSmallStatement, cst.BaseSuite)) for kind in handled)


def _with_transformed_parts(node: NodeT, transformer: cst.CSTTransformer) -> NodeT:
    changes: dict[str, object] = {}
    for name in meaningful_fields(type(node)):
        old = getattr(node, name)
        if isinstance(old, (tuple, list)):
            items = [transformed(item, transformer) for item in old]
            if items != list(old):  # nodes are equal when they are the same
                changes[name] = _sequence(old, items)
        elif IS_NODE[type(old)]:
            new = transformed(old, transformer)
            if new is not old:
                changes[name] = _single(node, name, new)
    return node.with_changes(**changes) if changes else node


def _sequence(old: Sequence[cst.CSTNode], new: Sequence[Replacement]) -> list[cst.CSTNode]:
    """The new parts in a row, without those removed and without lines of which nothing is left."""
    kept: list[cst.CSTNode] = []
    for before, after in zip(old, new, strict=True):
        kept += [part for part in replacing_nodes(after) if _is_empty_line(before) or not _is_empty_line(part)]
    return kept


def replacing_nodes(replacement: Replacement) -> Sequence[cst.CSTNode]:
    """The nodes that a transformer puts in the place of one: none, one, or several."""
    if isinstance(replacement, cst.RemovalSentinel):
        return ()
    return tuple(replacement.nodes) if isinstance(replacement, cst.FlattenSentinel) else (replacement,)


def _is_empty_line(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and not node.body


def _single(parent: cst.CSTNode, name: str, new: Replacement) -> object:
    """The new value of a field that holds one node; what is removed gives way to the field's default."""
    if isinstance(new, cst.CSTNode):
        return new
    default = next(field.default for field in fields(parent) if field.name == name)
    if isinstance(new, cst.RemovalSentinel) and (default is None or isinstance(default, cst.MaybeSentinel)):
        return default
    raise TypeError(f"{name} of a {type(parent).__name__} takes one node, not {type(new).__name__}")
