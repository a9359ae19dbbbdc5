"""Runs a transformer over the top-level statements that need it: a visit of a large module takes seconds."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from ..transform import replacing_nodes, transformed


def visit_statements(
    tree: cst.Module, transformer: cst.CSTTransformer, wanted: Callable[[cst.CSTNode], bool]
) -> cst.Module:
    """The module with its wanted statements transformed; the others are the very nodes they were."""
    body: list[cst.CSTNode] = []
    for statement in tree.body:
        if not wanted(statement):
            body.append(statement)
            continue
        body.extend(replacing_nodes(transformed(statement, transformer)))
    return tree if body == list(tree.body) else tree.with_changes(body=body)
