"""What each top-level statement of the source needs of the rest; worked out once, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from . import patterns as m
from . import rules
from .names import NameResolver, dotted_name, import_target, imported_names, target_names
from .registries import Registries, configured_names
from .scopes import names_used
from .walk import find

Symbol = tuple[str, str]  # the module that defines it, and its name there


@dataclass(frozen=True)
class SoftImport:
    """A function-level import of a module of models: it is not followed."""

    module: str
    target: str
    node: cst.CSTNode


@dataclass(frozen=True)
class Need:
    """The symbols that a statement needs, and the modules of models that it imports only when it runs."""

    symbols: tuple[Symbol, ...]
    soft_imports: tuple[SoftImport, ...]


def is_import(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and len(statement.body) == 1
        and type(statement.body[0]) in (cst.Import, cst.ImportFrom)
    )


def is_overload(statement: cst.CSTNode) -> bool:
    """Whether a def only declares types: `typing.overload` stands above it, and the real one comes later."""
    return isinstance(statement, cst.FunctionDef) and any(
        (dotted_name(decorator.decorator) or "").rpartition(".")[2] == "overload" for decorator in statement.decorators
    )


def bound_names(statement: cst.CSTNode) -> set[str]:
    """The names that a top-level statement defines (imports apart)."""
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
        return {statement.name.value}
    if is_import(statement):
        return set()
    found: set[str] = set()
    for node in find(statement, cst.AssignTarget, cst.AnnAssign, cst.FunctionDef, cst.ClassDef, cst.For):
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            found.add(node.name.value)
        elif isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.For)):
            found |= target_names(node.target)
    if isinstance(statement, cst.Try):
        for imported in find(statement, cst.Import, cst.ImportFrom):
            found |= {name for name, _ in imported_names(imported, "")}  # type: ignore[arg-type]
    return found


_EFFECT = m.SimpleStatementLine(
    body=[
        m.Expr(value=m.Call())
        | m.AugAssign()
        | m.Del()
        | m.Assign(targets=[m.AssignTarget(target=m.Subscript() | m.Attribute())])
    ]
)


def _has_effect(statement: cst.CSTNode) -> bool:
    """Whether a statement changes something it doesn't bind: a call, a loop, an assignment to a part."""
    if isinstance(statement, (cst.For, cst.While, cst.With, cst.If, cst.Try)):
        return True
    return m.matches(statement, _EFFECT)


_ALL = m.SimpleStatementLine(body=[m.Assign(targets=[m.AssignTarget(target=m.Name("__all__"))])])


def is_all(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and m.matches(statement, _ALL)


class Needs:
    """Answers for all modules of a run."""

    def __init__(self, resolver: NameResolver, registries: Registries) -> None:
        self.resolver = resolver
        self.registries = registries
        self._binders: dict[str, dict[str, list[int]]] = {}
        self._uses: dict[tuple[str, int], set[str]] = {}
        self._needs: dict[tuple[str, int], Need] = {}
        self._effects: dict[str, list[tuple[int, frozenset[str]]]] = {}

    def statements(self, module: str) -> list[cst.BaseStatement]:
        """The top level of a module; functions and classes as they were read."""
        return list(self.resolver.tree(module).body)  # type: ignore[arg-type]

    def binders(self, module: str) -> dict[str, list[int]]:
        """The top-level statements of a module that define each name."""
        if module not in self._binders:
            table: dict[str, list[int]] = {}
            for index, statement in enumerate(self.statements(module)):
                for name in () if is_overload(statement) else bound_names(statement):
                    table.setdefault(name, []).append(index)
            self._binders[module] = table
        return self._binders[module]

    def of(self, module: str, index: int) -> Need:
        """What a statement needs.

        Raises:
            TranspileError: a module that it names can't be read.
        """
        key = (module, index)
        if key not in self._needs:
            statement = self.resolver.statement(module, index)
            symbols = [symbol for name in sorted(self._used(module, index)) for symbol in self._behind(module, name)]
            symbols += self._through_modules(module, statement)
            symbols += self._configured(module, statement)
            soft: list[SoftImport] = []
            for inner in self._inner_imports(module, statement):
                if isinstance(inner, SoftImport):
                    soft.append(inner)
                else:
                    symbols.append(inner)
            self._needs[key] = Need(tuple(symbols), tuple(soft))
        return self._needs[key]

    def _used(self, module: str, index: int) -> set[str]:
        key = (module, index)
        if key not in self._uses:
            statement = self.resolver.statement(module, index)
            self._uses[key] = set() if is_all(statement) else names_used(statement)
        return self._uses[key]

    def _behind(self, module: str, name: str) -> Iterator[Symbol]:
        """The symbol of the source that a name stands for."""
        origin = self.resolver.resolve(module, name)
        if origin is not None and origin.is_symbol and origin.module is not None and origin.symbol is not None:
            if rules.find(origin.dotted) is None:
                yield origin.module, origin.symbol
        elif name in self.binders(module):  # imported by a `try`, say
            yield module, name

    def _through_modules(self, module: str, statement: cst.CSTNode) -> Iterator[Symbol]:
        """Symbols that are read through an imported module of the source, such as `helpers.to_2tuple`."""
        imports = self.resolver.bindings(module).imports
        for node in find(statement, cst.Attribute):
            name = dotted_name(node)
            if (
                name
                and name.partition(".")[0] in imports
                and self.resolver.is_source(imports[name.partition(".")[0]].module)
            ):
                origin = self.resolver.qualify(module, node)
                if origin is not None and origin.module and origin.symbol:
                    yield origin.module, origin.symbol

    def _configured(self, module: str, statement: cst.CSTNode) -> Iterator[Symbol]:
        """Classes that configurations in a statement name, and that the module's registries hold."""
        names = sorted(set(configured_names(statement)))
        for registry in self.registries.known_to(module) if names else ():
            found = (self.registries.held(registry, name) for name in names)
            yield from (symbol for symbol in found if symbol is not None)

    def _inner_imports(self, module: str, statement: cst.CSTNode) -> Iterator[Symbol | SoftImport]:
        if isinstance(statement, cst.SimpleStatementLine):
            return
        source = self.resolver.source(module)
        for inner in find(statement, cst.ImportFrom):
            target = import_target(inner, source.package)
            if not self.resolver.is_source(target) or not self.resolver.has_module(target):
                continue
            if "register_model" in self.resolver.bindings(target).imports:
                yield SoftImport(module, target, inner)
                continue
            for _, imported in imported_names(inner, source.package):
                if imported.symbol:
                    origin = self.resolver.resolve(target, imported.symbol)
                    if origin and origin.is_symbol and origin.module and origin.symbol:
                        yield origin.module, origin.symbol

    def effects(self, module: str) -> list[tuple[int, frozenset[str]]]:
        """Statements that change variables, such as a loop that fills a table, with the names of those."""
        if module not in self._effects:
            self._effects[module] = [
                (index, frozenset(self._variables_behind(module, index)))
                for index, statement in enumerate(self.statements(module))
                if not is_import(statement) and _has_effect(statement)
            ]
        return self._effects[module]

    def _variables_behind(self, module: str, index: int) -> set[str]:
        """Variables that a statement uses, through variables that are made of other variables."""
        bound = self.binders(module)
        seen: set[str] = set()
        statements = self.statements(module)
        pending = [*self._used(module, index), *self._uses_of_called(module, statements[index])]
        while pending:
            name = pending.pop()
            if name in seen or name not in bound:
                continue
            if any(isinstance(statements[i], (cst.FunctionDef, cst.ClassDef)) for i in bound[name]):
                continue
            seen.add(name)
            for i in bound[name]:
                if i != index and isinstance(statements[i], cst.SimpleStatementLine):
                    pending.extend(self._used(module, i))
        return seen

    def _uses_of_called(self, module: str, statement: cst.CSTNode) -> set[str]:
        """What the function uses that a statement such as `register('a', f)` is a call of."""
        if not m.matches(statement, m.SimpleStatementLine(body=[m.Expr(value=m.Call(func=m.Name()))])):
            return set()
        call = cst.ensure_type(
            cst.ensure_type(cst.ensure_type(statement, cst.SimpleStatementLine).body[0], cst.Expr).value, cst.Call
        )
        found = self.binders(module).get(cst.ensure_type(call.func, cst.Name).value, ())
        return set().union(*(self._used(module, index) for index in found))
