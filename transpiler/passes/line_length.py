"""Wraps the statements that rewriting made too long, as black would, and leaves every other line alone."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from ..transform import replacing_nodes, transformed

LIMIT = 120


class _Wrapper(cst.CSTTransformer):
    def __init__(self, upstream: str) -> None:
        super().__init__()
        self.upstream = upstream
        self.depth = 0

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self.depth += 1

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        self.depth -= 1
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        indent = 4 * self.depth
        bare = updated_node.with_changes(leading_lines=[])
        code = " " * indent + cst.Module(body=[bare]).code
        if all(len(line) <= LIMIT for line in code.splitlines()) or self._is_upstream(code):
            return updated_node
        import black

        mode = black.Mode(line_length=LIMIT - indent, string_normalization=False, magic_trailing_comma=False)
        try:
            wrapped = black.format_str(code.lstrip(), mode=mode)
        except black.InvalidInput:
            return updated_node
        new = cst.parse_module(wrapped).body
        if len(new) != 1 or not isinstance(new[0], cst.SimpleStatementLine):
            return updated_node
        return new[0].with_changes(leading_lines=updated_node.leading_lines)

    def _is_upstream(self, code: str) -> bool:
        """Whether every line stands in the upstream file as it is: its layout is not ours to change."""
        return all(line.strip() in self.upstream for line in code.splitlines())


def wrap_long_lines(tree: cst.Module, upstream: str, upstream_codes: Mapping[cst.CSTNode, str]) -> str:
    """The module's text with over-long rewritten statements wrapped.

    Args:
        upstream: the text it comes from.
        upstream_codes: the text of statements that stand there as they do in the module.
    """
    wrapper = _Wrapper(upstream)
    codes = [tree.code_for_node(line) for line in tree.header]
    for statement in tree.body:
        if statement in upstream_codes:
            codes.append(upstream_codes[statement])
            continue
        code = tree.code_for_node(statement)
        if any(len(line) > LIMIT for line in code.splitlines()):
            code = "".join(map(tree.code_for_node, replacing_nodes(transformed(statement, wrapper))))
        codes.append(code)
    codes += [tree.code_for_node(line) for line in tree.footer]
    text = "".join(codes)
    return text if tree.has_trailing_newline else text.removesuffix("\n")
