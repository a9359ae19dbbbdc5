"""Where control goes: blocks that leave, conditions, and what names are where two paths meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import libcst as cst

from . import patterns as m
from .expressions import literal_value
from .kinds import Kind, join
from .promotion import is_float_number
from .registries import configured_name
from .rules.table import NOT_LITERAL
from .scopes import parameter_list
from .walk import find

_NONE = m.Name("None")
_BINDING = (
    *(cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For, cst.CompFor, cst.NamedExpr),
    *(cst.Param, cst.AsName),
)
T = TypeVar("T")


def constants_and_configurations(function: cst.FunctionDef) -> tuple[dict[str, object], dict[str, str]]:
    """The names that a function binds once: to a tuple of numbers, and what that is; to a configuration such as
    `dict(type="FPN")`, and what that names."""
    constants: dict[str, object] = {}
    configurations: dict[str, str] = {}
    for name, value in _assigned(function):
        if isinstance(value, cst.Tuple):
            literal = literal_value(value)
            if literal is not NOT_LITERAL:
                constants[name] = literal
        elif (named := configured_name(value)) is not None:
            configurations[name] = named
    return _bound_once(function, constants), _bound_once(function, configurations)


def names_of_floats(function: cst.FunctionDef) -> set[str]:
    """The names that a function binds once, to a Python float."""
    return set(_bound_once(function, {name: None for name, value in _assigned(function) if is_float_number(value)}))


def names_of_none(function: cst.FunctionDef) -> set[str]:
    """The names that a function may bind to None: parameters by default, variables somewhere."""
    parameters = {p.name.value for p in parameter_list(function.params) if p.default and m.matches(p.default, _NONE)}
    return parameters | {name for name, value in _assigned(function) if m.matches(value, _NONE)}


def _assigned(function: cst.FunctionDef) -> Iterator[tuple[str, cst.BaseExpression]]:
    for assign in find(function.body, cst.Assign):
        if len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name):
            yield assign.targets[0].target.value, assign.value


def _bound_once(function: cst.FunctionDef, found: dict[str, T]) -> dict[str, T]:
    bound = [name for node in find(function, *_BINDING) for name in _bound_by(node)] if found else []
    return {name: value for name, value in found.items() if bound.count(name) == 1}


def _bound_by(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Param):
        yield node.name.value
    else:
        target = node.name if isinstance(node, cst.AsName) else node.target  # type: ignore[attr-defined]
        yield from (name.value for name in find(target, cst.Name))


def leaves(body: cst.BaseSuite) -> bool:
    """Whether a block always ends by return, raise, continue or break."""
    if not isinstance(body, cst.IndentedBlock) or not body.body:
        return False
    last = body.body[-1]
    if isinstance(last, cst.SimpleStatementLine) and last.body:
        final = last.body[-1]
        if isinstance(final, cst.Assert):
            return literal_value(final.test) is False
        return isinstance(final, (cst.Return, cst.Raise, cst.Continue, cst.Break))
    return False


def are_lists(classes: cst.BaseExpression) -> bool:
    """`list`, `tuple`, or both."""
    names = [item.value for item in classes.elements] if isinstance(classes, cst.Tuple) else [classes]
    return all(m.matches(name, m.Name("list") | m.Name("tuple")) for name in names)


def joined_names(a: dict[str, Kind], b: dict[str, Kind]) -> dict[str, Kind]:
    merged = dict(a)
    for name, kind in b.items():
        merged[name] = kind if name not in a else join(a[name], kind)
    return merged
