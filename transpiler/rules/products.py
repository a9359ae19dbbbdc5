"""Matrix products: a transposed right operand becomes `transpose_b`, which moves no data."""

from __future__ import annotations

import libcst as cst

from .. import patterns as m
from ..code import code_of, expression

_MATRIX_TRANSPOSE = m.Attribute(m.Attribute(m.Name("tf"), m.Name("linalg")), m.Name("matrix_transpose"))
_TRANSPOSED = m.Call(func=_MATRIX_TRANSPOSE, args=[m.Arg(keyword=None)])


def matrix_product(left: str, right: str) -> str:
    """The code of `left @ right` as a call."""
    node = expression(right)
    if not m.matches(node, _TRANSPOSED):
        return f"tf.matmul({left}, {right})"
    (turned,) = cst.ensure_type(node, cst.Call).args
    return f"tf.matmul({left}, {code_of(turned.value)}, transpose_b=True)"


def with_transposed_operand(node: cst.BaseExpression) -> cst.BaseExpression:
    """`a @ tf.linalg.matrix_transpose(b)` as one product; anything else, and what comments stand in, as it is."""
    if not m.matches(node, m.BinaryOperation(operator=m.MatrixMultiply(), right=_TRANSPOSED)) or "#" in code_of(node):
        return node
    product = cst.ensure_type(node, cst.BinaryOperation)
    return expression(matrix_product(code_of(product.left), code_of(product.right)))
