"""Between code as text and code as tree."""

from __future__ import annotations

import libcst as cst

_EMPTY = cst.Module(body=[])


def code_of(node: cst.CSTNode) -> str:
    """The source text of a node."""
    return _EMPTY.code_for_node(node)


def expression(code: str) -> cst.BaseExpression:
    """Parse an expression; one that spans lines is put in parentheses."""
    try:
        return cst.parse_expression(code)
    except cst.ParserSyntaxError:
        return cst.parse_expression(f"({code})")


def is_operator(node: cst.BaseExpression) -> bool:
    """Whether an expression needs parentheses before it can be part of another."""
    operators = (cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.Comparison, cst.IfExp, cst.Lambda)
    return isinstance(node, operators) and not node.lpar


def in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    """The expression in parentheses, if it needs them."""
    if not is_operator(node):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
