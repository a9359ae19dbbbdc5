"""Between code as text and code as tree."""

from __future__ import annotations

import ast

import libcst as cst

from . import patterns as m

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


def undone_transpose(code: str, axes: tuple[int, ...]) -> str | None:
    """The x of `tf.transpose(x, order)` where transposing that by `axes` gives x back."""
    if not code.startswith("tf.transpose("):
        return None
    call = expression(code)
    if not m.matches(call, m.Call(func=m.Attribute(m.Name("tf"), m.Name("transpose")), args=[m.Arg(), m.Arg()])):
        return None
    inner, order = (arg.value for arg in cst.ensure_type(call, cst.Call).args)
    if not m.matches(order, m.Tuple(elements=[m.AtLeastN(m.Element(m.Integer()), n=1)])):
        return None
    literal = ast.literal_eval(code_of(order))
    if len(literal) == len(axes) and all(literal[a] == i for i, a in enumerate(axes)):
        return code_of(inner)
    return None


def unwrapped(node: cst.BaseExpression) -> cst.BaseExpression:
    """An expression on one line without parentheses around it: the rule puts them back where they are needed."""
    bare = node.with_changes(lpar=[], rpar=[])
    return bare if is_operator(bare) and "\n" not in code_of(node) else node


def index_code(subscript: cst.Subscript) -> str:
    """The text between the brackets, on one line."""
    return ", ".join(code_of(element.slice) for element in subscript.slice)


def with_index(subscript: cst.Subscript, index: str) -> cst.BaseExpression:
    """A subscript with another index."""
    return expression(f"{code_of(subscript.value)}[{index}]")
