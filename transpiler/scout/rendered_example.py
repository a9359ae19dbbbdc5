"""A row's first example call and the expression that the row writes for it."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from ..calls import bound_call
from ..code import code_of, expression
from ..kinds import PYTHON, Kind, Tuple, plain
from ..names import dotted_name
from ..rules import Op
from ..rules.table import Case
from ..rules.template import render
from ..walk import find


def rendered_example(row: Op) -> str:
    """The TensorFlow expression of the first example, such as `tf.reshape(x, (2, -1))`."""
    for case in row.cases:
        for call, name, receiver in _calls_of(row, case):
            arguments = [(argument, _kind(argument.value, case)) for argument in call.args]
            bound = bound_call(row, name, arguments, (receiver, _kind(receiver, case)) if receiver else None, code_of)
            return render(row, bound)
    return ""


def _calls_of(row: Op, case: Case) -> Iterator[tuple[cst.Call, str, cst.BaseExpression | None]]:
    """Calls of the row's function or method in an example: the call, its torch name, and a method's receiver."""
    for call in find(expression(case.code), cst.Call):
        assert isinstance(call, cst.Call)
        dotted = dotted_name(call.func)
        if dotted in (row.torch, *row.also):
            yield call, dotted, None
        elif isinstance(call.func, cst.Attribute):
            method = f"torch.Tensor.{call.func.attr.value}"
            if method in (row.torch, *row.also):
                yield call, method, call.func.value


def _kind(node: cst.BaseExpression, case: Case) -> Kind:
    """What an argument is: an input of the example, a sequence, or a plain value."""
    if isinstance(node, (cst.Tuple, cst.List)):
        return Tuple(tuple(_kind(element.value, case) for element in node.elements))
    if not isinstance(node, cst.Name) or node.value not in case.inputs:
        return PYTHON
    shape = case.inputs[node.value]
    assert isinstance(shape, tuple)
    return plain(len(shape[0] if isinstance(shape[0], tuple) else shape))
