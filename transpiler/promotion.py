"""What torch makes of integers, floats and complex numbers that meet: TensorFlow wants them cast first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import libcst as cst

from .kinds import Kind, Tensor

_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)


def is_float_number(node: cst.BaseExpression, floats: Collection[cst.CSTNode] = ()) -> bool:
    """Whether a Python expression surely is a float: a literal, a quotient, or what is reckoned with one.

    `floats` are uses of names that hold one.
    """
    if isinstance(node, cst.Float) or node in floats:
        return True
    if isinstance(node, cst.UnaryOperation):
        return is_float_number(node.expression, floats)
    if isinstance(node, cst.BinaryOperation):
        return isinstance(node.operator, cst.Divide) or (
            isinstance(node.operator, _ARITHMETIC)
            and (is_float_number(node.left, floats) or is_float_number(node.right, floats))
        )
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
        if node.func.value == "float":
            return True
        return node.func.value in ("max", "min") and all(is_float_number(arg.value, floats) for arg in node.args)
    return False


def promoted_dtype(
    operation: cst.BinaryOperation,
    side: Kind,
    other: Kind,
    other_node: cst.BaseExpression,
    floats: Collection[cst.CSTNode],
) -> str | None:
    """What torch makes of the numbers in a tensor on one side of an operation: 'float', 'complex', or what they are.

    None: it leaves them alone.
    """
    if not isinstance(side, Tensor) or not isinstance(operation.operator, _ARITHMETIC):
        return None
    if isinstance(other, Tensor) and other.dtype == "complex" and side.dtype in ("int", "float"):
        return "complex"
    if side.dtype != "int":
        return None
    is_float = not isinstance(other, Tensor) and is_float_number(other_node, floats)
    return "float" if is_float or isinstance(operation.operator, cst.Divide) else None


def promoted_kind(
    operation: cst.BinaryOperation, left: Kind, right: Kind, found: Kind, floats: Collection[cst.CSTNode]
) -> Kind:
    """The result of an operation, `found` but for its dtype."""
    sides = ((left, right, operation.right), (right, left, operation.left))
    promoted = {promoted_dtype(operation, *side, floats) for side in sides} - {None}
    return replace(found, dtype=promoted.pop()) if isinstance(found, Tensor) and promoted else found
