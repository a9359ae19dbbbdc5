"""Which names are local: a local name never stands for an import of the module."""

from __future__ import annotations

from typing import Any

import libcst as cst

from .names import imported_names, target_names
from .walk import children

# Types are looked up in sets, since `isinstance` is slow for libcst's, and this file asks a hundred thousand times.
_DEFINES = frozenset({cst.FunctionDef, cst.ClassDef})
_HAS_TARGET = frozenset({cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For, cst.CompFor, cst.NamedExpr})
_IMPORTS = frozenset({cst.Import, cst.ImportFrom})
_BINDING = _DEFINES | _HAS_TARGET | _IMPORTS | {cst.AsName}
_CLOSED = _DEFINES | _IMPORTS | {cst.Lambda}  # what they bind inside is theirs
_LEAVES = frozenset({cst.Name, cst.SimpleString, cst.Integer, cst.Float})
_NAMELESS = _IMPORTS | {cst.SimpleString}


def _bound_by(node: Any) -> set[str]:
    """Plain names that a node binds by itself."""
    kind = type(node)
    if kind in _DEFINES:
        return {node.name.value}
    if kind in _HAS_TARGET:
        return target_names(node.target)
    if kind in _IMPORTS:
        return {name for name, _ in imported_names(node, "")}
    return target_names(node.name) if kind is cst.AsName else set()


def parameter_list(parameters: cst.Parameters) -> list[cst.Param]:
    """All parameters in order, with `*args` and `**kwargs` where they stand."""
    found = [*parameters.posonly_params, *parameters.params]
    if isinstance(parameters.star_arg, cst.Param):
        found.append(parameters.star_arg)
    found += parameters.kwonly_params
    if parameters.star_kwarg is not None:
        found.append(parameters.star_kwarg)
    return found


def local_names(function: cst.FunctionDef | cst.Lambda) -> frozenset[str]:
    """Names that are local in a function: its parameters and what it assigns."""
    names = {parameter.name.value for parameter in parameter_list(function.params)}
    shared: set[str] = set()
    pending: list[cst.CSTNode] = [function.body]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is cst.Global:
            shared |= {item.name.value for item in cst.ensure_type(node, cst.Global).names}
        elif kind in _BINDING:
            names |= _bound_by(node)
        if kind not in _CLOSED and kind not in _LEAVES:
            pending += children(node)
    return frozenset(names - shared)


class ScopedTransformer(cst.CSTTransformer):
    """A transformer that knows, at every node, which names are local there."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes: list[frozenset[str]] = []

    def is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    @property
    def in_function(self) -> bool:
        return bool(self._scopes)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool | None:
        self._scopes.append(local_names(node))
        return None

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef):  # type: ignore[no-untyped-def]
        self._scopes.pop()
        return updated_node

    def visit_Lambda(self, node: cst.Lambda) -> bool | None:
        self._scopes.append(local_names(node))
        return None

    def leave_Lambda(self, original_node: cst.Lambda, updated_node: cst.Lambda) -> cst.BaseExpression:
        self._scopes.pop()
        return updated_node


def names_used(node: cst.CSTNode) -> set[str]:
    """Names that `node` reads and does not bind in a function of its own."""
    found: set[str] = set()
    _collect(node, frozenset(), found)
    return found


def _collect(node: Any, local: frozenset[str], found: set[str]) -> None:
    kind = type(node)
    if kind is cst.Name:
        if node.value not in local:
            found.add(node.value)
    elif kind is cst.Attribute or kind is cst.Arg:
        _collect(node.value, local, found)
    elif kind is cst.FunctionDef or kind is cst.Lambda:
        _collect_function(node, local, found)
    elif kind not in _NAMELESS:
        for child in children(node):
            _collect(child, local, found)


def _collect_function(node: cst.FunctionDef | cst.Lambda, local: frozenset[str], found: set[str]) -> None:
    outside: list[cst.CSTNode | None] = []
    for param in parameter_list(node.params):
        outside += [param.annotation, param.default]
    if isinstance(node, cst.FunctionDef):
        outside += [*node.decorators, node.returns]
        if node.name.value not in local:
            found.add(node.name.value)
    for part in outside:
        if part is not None:
            _collect(part, local, found)
    _collect(node.body, local | local_names(node), found)
