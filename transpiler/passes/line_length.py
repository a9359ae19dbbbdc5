"""Writes a module's text: what rewriting made too long is wrapped as black would, and every other line left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from ..transform import replacing_nodes, transformed
from ..wrapped_lines import WrappedLines

LIMIT = 120


@dataclass(frozen=True)
class _Written(cst.BaseStatement):
    """A statement in its place in the text, of which nothing else is asked any more."""

    text: str

    def _codegen_impl(self, state) -> None:  # type: ignore[no-untyped-def]
        state.add_token(self.text)

    def _visit_and_replace_children(self, visitor: cst.CSTVisitorT) -> _Written:
        return self


_Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


class _Writer(cst.CSTTransformer):
    """Writes each simple statement once, and not at all what upstream has already written.

    One that is too long gives way to one that is wrapped.
    """

    def __init__(self, tree: cst.Module, upstream: str, upstream_texts: Mapping[cst.CSTNode, str]) -> None:
        super().__init__()
        self.tree = tree
        self.upstream = upstream
        self.upstream_texts = upstream_texts
        self.lines = WrappedLines(upstream)
        self._indents: list[str] = []

    def visit_statement(self, node: _Statement) -> bool:
        return not self._is_there(node)

    def leave_statement(self, original_node: _Statement, updated_node: _Statement) -> cst.BaseStatement:
        return _Written(self.upstream_texts[original_node]) if self._is_there(original_node) else updated_node

    visit_FunctionDef = visit_ClassDef = visit_If = visit_For = visit_While = visit_With = visit_Try = visit_statement
    leave_FunctionDef = leave_ClassDef = leave_If = leave_For = leave_While = leave_With = leave_Try = leave_statement
    visit_SimpleStatementLine = visit_statement

    def _is_there(self, node: _Statement) -> bool:
        """Whether upstream has a statement as it is and with the indentation that it has here."""
        text = self.upstream_texts.get(node)
        if text is None:
            return False
        first = text.split("\n", len(node.leading_lines) + 1)[len(node.leading_lines)]
        return first.removesuffix(first.lstrip()) == "".join(self._indents)

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._indents.append(self.tree.default_indent if node.indent is None else node.indent)

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        self._indents.pop()
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement:
        if self._is_there(original_node):
            return _Written(self.upstream_texts[original_node])
        bare = updated_node.with_changes(leading_lines=[])
        code = self.tree.code_for_node(bare)
        indent = "".join(self._indents)
        if all(len(line) <= LIMIT for line in f"{indent}{code}".splitlines()) or self._is_upstream(code):
            return _Written(self._above(updated_node) + indent + code) if code.count("\n") == 1 else updated_node
        new = cst.parse_module(self.lines.wrapped(code, LIMIT - len(indent))).body
        if len(new) != 1 or not isinstance(new[0], cst.SimpleStatementLine):
            return updated_node
        return new[0].with_changes(leading_lines=updated_node.leading_lines)

    def _above(self, node: cst.SimpleStatementLine) -> str:
        indent = "".join(self._indents)
        lines = ((indent if line.indent else "") + self.tree.code_for_node(line) for line in node.leading_lines)
        return "".join(lines)

    def _is_upstream(self, code: str) -> bool:
        """Whether every line stands in the upstream file as it is: its layout is not ours to change."""
        return all(line.strip() in self.upstream for line in code.splitlines())


def wrap_long_lines(tree: cst.Module, upstream: str, upstream_texts: Mapping[cst.CSTNode, str]) -> str:
    """The module's text with over-long rewritten statements wrapped.

    Args:
        upstream: the text it comes from.
        upstream_texts: the text of its statements.
    """
    writer = _Writer(tree, upstream, upstream_texts)
    codes = [tree.code_for_node(line) for line in tree.header]
    for statement in tree.body:
        codes += map(tree.code_for_node, replacing_nodes(transformed(statement, writer)))
    writer.lines.keep()
    codes += [tree.code_for_node(line) for line in tree.footer]
    text = "".join(codes)
    return text if tree.has_trailing_newline else text.removesuffix("\n")
