"""What each part of the rewriter needs: kinds by node, diagnostics, transposes where layouts meet, new code."""

from __future__ import annotations

import libcst as cst

from . import rules
from .code import code_of, expression, in_parentheses, is_operator, undone_transpose
from .findings import Findings
from .inference import Typing
from .kinds import UNKNOWN, Kind, Layout, Tensor
from .layout import met_by_image, to_stored, to_torch
from .model import Transpose
from .names import dotted_name
from .program import Program
from .scopes import ScopedTransformer
from .source import ModuleSource


class LayoutTransformer(ScopedTransformer):
    """Base of the transformers that rewrite one top-level statement of a module at a time."""

    def __init__(
        self, source: ModuleSource, program: Program, typing: Typing, model_classes: frozenset[str], findings: Findings
    ) -> None:
        super().__init__()
        self.source = source
        self.program = program
        self.typing = typing
        self.model_classes = model_classes
        self.findings = findings
        self._called: set[cst.CSTNode] = set()
        self._not_names: set[cst.CSTNode] = set()
        self._wrapped: set[cst.CSTNode] = set()
        self._class: list[str] = []
        self._names: list[str] = [source.name]
        self._functions: list[cst.FunctionDef] = []

    def kind(self, node: cst.CSTNode) -> Kind:
        return self.typing.kinds.get(node, UNKNOWN)

    def report(self, code: str, message: str, node: cst.CSTNode, hint: str = "") -> None:
        self.findings.diagnostics.append(self.source.diagnostic(code, message, node, hint))

    def transposed(self, code: str, tensor: Tensor, want: Layout, node: cst.CSTNode, reason: str) -> str:
        """The code of a tensor with a transpose to the layout that is wanted of it."""
        rank = tensor.rank or 4
        axes = to_stored(rank) if want is Layout.IMAGE else to_torch(rank)
        before = undone_transpose(code, axes)
        if before is not None:
            return before
        self.findings.transposes.append(Transpose(self.source.locate(node).line, reason))
        return f"tf.transpose({code}, {axes})"

    def meeting(self, code: str, tensor: Tensor, other: Tensor, node: cst.CSTNode) -> str:
        """The code of an operand of an elementwise operation, with the axes of the image that it meets there."""
        may_be_image = other.layout is Layout.OPAQUE and _may_have_four_axes(other)
        if may_be_image and tensor.variable and _may_have_four_axes(tensor):
            self.undecided(f"that {code} meets here", node)
        if tensor.layout is not Layout.PLAIN or other.layout is not Layout.IMAGE:
            return code
        if tensor.rank is None:
            hint = "reshape it first, or add a hint for this function to overrides/index.toml"
            self.report("L206", f"{code} meets an image here, and nothing says how many axes it has", node, hint)
            return code
        new = met_by_image(code, tensor.rank, other.rank or 4)
        if new != code:
            self.findings.transposes.append(
                Transpose(self.source.locate(node).line, "two layouts meet in one operation")
            )
        return new

    def external(self, node: cst.BaseExpression) -> str | None:
        """The qualified name of something outside the source that a dotted expression stands for."""
        dotted = dotted_name(node)
        if dotted is None or self.is_local(dotted.partition(".")[0]):
            return None
        origin = self.program.resolver.qualify(self.source.name, node)
        if origin is None:
            return None
        if origin.is_symbol or origin.module is not None:
            return origin.dotted if rules.find(origin.dotted) is not None else None
        return origin.dotted

    def replaced(self, code: str, updated: cst.BaseExpression) -> cst.BaseExpression:
        """New code in the place of an expression, in parentheses where it might need them."""
        new = expression(code)
        if getattr(updated, "lpar", ()) and not getattr(new, "lpar", ()):
            return new.with_changes(lpar=updated.lpar, rpar=updated.rpar)  # type: ignore[attr-defined]
        if is_operator(new):
            new = in_parentheses(new)
            self._wrapped.add(new)
        return new

    def bare(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Without the parentheses that were put around it for safety."""
        return node.with_changes(lpar=[], rpar=[]) if node in self._wrapped and "\n" not in code_of(node) else node

    def undecided(self, which: str, node: cst.CSTNode) -> None:
        message = f"nothing decides how the tensor is stored {which}"
        self.report("L201", message, node, "add a hint for this function to overrides/index.toml")


def _may_have_four_axes(tensor: Tensor) -> bool:
    return tensor.rank in (None, 4) and not tensor.is_flat
