"""Remembers which original node a rebuilt one stands for, so that a finding about it has its place."""

from __future__ import annotations

import libcst as cst

from ..source import ModuleSource

_LOCATED = frozenset(
    {cst.Call, cst.Attribute, cst.Subscript, cst.Name, cst.BinaryOperation}
    | {cst.ImportFrom, cst.Import, cst.Assign, cst.AugAssign, cst.FunctionDef, cst.ClassDef}
)


class TrackingTransformer(cst.CSTTransformer):
    """A transformer whose new nodes are traced back to the nodes of the source as it was read."""

    source: ModuleSource

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode):  # type: ignore[no-untyped-def,override]
        new = super().on_leave(original_node, updated_node)  # type: ignore[type-var]
        if new is not original_node and type(new) in _LOCATED:
            origins = self.source.origins
            origins[new] = origins.get(original_node, original_node)  # type: ignore[index]
        return new
