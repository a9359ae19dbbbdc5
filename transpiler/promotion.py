"""What torch makes of integers and floats that meet: TensorFlow wants them cast first."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from .kinds import Kind, Tensor

_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)


def is_float_number(node: cst.BaseExpression) -> bool:
    """Whether a Python expression surely is a float: a literal, a quotient, or what is reckoned with one."""
    if isinstance(node, cst.Float):
        return True
    if isinstance(node, cst.UnaryOperation):
        return is_float_number(node.expression)
    if isinstance(node, cst.BinaryOperation):
        return isinstance(node.operator, cst.Divide) or (
            isinstance(node.operator, _ARITHMETIC) and (is_float_number(node.left) or is_float_number(node.right))
        )
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
        if node.func.value == "float":
            return True
        return node.func.value in ("max", "min") and all(is_float_number(arg.value) for arg in node.args)
    return False


def is_promoted(operation: cst.BinaryOperation, side: Kind, other: Kind, other_node: cst.BaseExpression) -> bool:
    """Whether torch makes floats of the integer tensor on one side of an operation."""
    if not (isinstance(side, Tensor) and side.dtype == "int" and isinstance(operation.operator, _ARITHMETIC)):
        return False
    if isinstance(operation.operator, cst.Divide):
        return True
    return not isinstance(other, Tensor) and is_float_number(other_node)


def promoted_kind(operation: cst.BinaryOperation, left: Kind, right: Kind, found: Kind) -> Kind:
    """The result of an operation, `found` but for its dtype."""
    if isinstance(found, Tensor) and (
        is_promoted(operation, left, right, operation.right) or is_promoted(operation, right, left, operation.left)
    ):
        return replace(found, dtype="float")
    return found
