"""Where control goes: blocks that leave, conditions, and what names are where two paths meet."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import libcst.matchers as m

from .expressions import literal_value
from .kinds import Kind, join
from .rules.table import NOT_LITERAL
from .walk import find, walk


def constants(function: cst.FunctionDef) -> dict[str, object]:
    """The names that a function binds once, to a tuple of numbers, and what that is."""
    found: dict[str, object] = {}
    for assign in find(function.body, cst.Assign):
        if len(assign.targets) == 1 and isinstance(assign.value, cst.Tuple):
            target, value = assign.targets[0].target, literal_value(assign.value)
            if isinstance(target, cst.Name) and value is not NOT_LITERAL:
                found[target.value] = value
    if not found:
        return found
    bound = [name for node in walk(function) for name in _bound_by(node)]
    return {name: value for name, value in found.items() if bound.count(name) == 1}


def _bound_by(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For, cst.CompFor, cst.NamedExpr)):
        yield from (name.value for name in find(node.target, cst.Name))
    elif isinstance(node, cst.Param):
        yield node.name.value
    elif isinstance(node, cst.AsName):
        yield from (name.value for name in find(node.name, cst.Name))


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
