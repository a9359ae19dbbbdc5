"""Which names are local: a local name never stands for an import of the module."""

from __future__ import annotations

import libcst as cst

from .names import target_names


class _Locals(cst.CSTVisitor):
    """Names that a function binds, not looking into functions and classes inside it."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.shared: set[str] = set()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.names.add(node.name.value)
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self.names.add(node.name.value)
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self.names |= target_names(node.target)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self.names |= target_names(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self.names |= target_names(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self.names |= target_names(node.target)

    def visit_For(self, node: cst.For) -> None:
        self.names |= target_names(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self.names |= target_names(node.name)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self.names |= target_names(node.target)

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Global(self, node: cst.Global) -> None:
        self.shared |= {item.name.value for item in node.names}


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
    collector = _Locals()
    function.body.visit(collector)
    names = collector.names | {parameter.name.value for parameter in parameter_list(function.params)}
    return frozenset(names - collector.shared)


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


class _NameUses(cst.CSTVisitor):
    """Names that a piece of code reads from outside of its own functions."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._scopes: list[frozenset[str]] = []

    def _add(self, name: str) -> None:
        if not any(name in scope for scope in self._scopes):
            self.names.add(name)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        for part in (*node.decorators, *parameter_list(node.params), *([node.returns] if node.returns else [])):
            if isinstance(part, cst.Param):
                self._visit_param(part)
            else:
                part.visit(self)
        self._scopes.append(local_names(node))
        node.body.visit(self)
        self._scopes.pop()
        return False

    def _visit_param(self, param: cst.Param) -> None:
        for part in (param.annotation, param.default):
            if part is not None:
                part.visit(self)

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        for param in parameter_list(node.params):
            self._visit_param(param)
        self._scopes.append(local_names(node))
        node.body.visit(self)
        self._scopes.pop()
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self._add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        return False


def names_used(node: cst.CSTNode) -> set[str]:
    """Names that `node` reads and does not bind in a function of its own."""
    collector = _NameUses()
    node.visit(collector)
    return collector.names
