"""What has to be generated: the requested modules whole, and of every other module the symbols they reach.

Per symbol the decision is one of: rule (external, has a row) | override | follow (generate it) | soft (imported
inside a function from a module of models: left to run time). What nothing reaches is dropped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import libcst as cst
import libcst.matchers as m

from .names import NameResolver, dotted_name, import_target, imported_names, target_names
from .overrides import OverrideIndex
from .scopes import names_used
from .walk import find

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


@dataclass
class ModulePlan:
    """Which top-level statements of a module are generated, and which of its symbols are overridden."""

    name: str
    whole: bool = False
    symbols: set[str] = field(default_factory=set)
    statements: set[int] = field(default_factory=set)
    overridden: set[str] = field(default_factory=set)


@dataclass
class SoftImport:
    """A function-level import of a module of models: it is not followed."""

    module: str
    target: str
    node: cst.CSTNode


def is_import(statement: cst.CSTNode) -> bool:
    return m.matches(statement, m.SimpleStatementLine(body=[m.Import() | m.ImportFrom()]))


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


def _has_effect(statement: cst.CSTNode) -> bool:
    """Whether a statement changes something it doesn't bind: a call, a loop, an assignment to a part."""
    if isinstance(statement, (cst.For, cst.While, cst.With, cst.If, cst.Try)):
        return True
    pattern = m.SimpleStatementLine(
        body=[
            m.Expr(value=m.Call())
            | m.AugAssign()
            | m.Del()
            | m.Assign(targets=[m.AssignTarget(target=m.Subscript() | m.Attribute())])
        ]
    )
    return m.matches(statement, pattern)


class Closure:
    """Collects module plans, starting from the requested modules."""

    def __init__(self, resolver: NameResolver, overrides: OverrideIndex) -> None:
        self.resolver = resolver
        self.overrides = overrides
        self.plans: dict[str, ModulePlan] = {}
        self.soft_imports: list[SoftImport] = []
        self._queue: deque[tuple[str, str]] = deque()
        self._binders: dict[str, dict[str, list[int]]] = {}
        self._uses: dict[tuple[str, int], set[str]] = {}

    def add_module(self, module: str) -> None:
        """Every statement of `module`."""
        plan = self._plan(module)
        plan.whole = True
        for index, statement in enumerate(self.statements(module)):
            if not is_import(statement):
                self._include(plan, index)
        self._drain()

    def add_symbol(self, module: str, symbol: str) -> None:
        self._queue.append((module, symbol))
        self._drain()

    def statements(self, module: str) -> list[cst.BaseStatement]:
        """The top level of a module; functions and classes as they were read."""
        return list(self.resolver.tree(module).body)  # type: ignore[arg-type]

    def _plan(self, module: str) -> ModulePlan:
        return self.plans.setdefault(module, ModulePlan(module))

    def _drain(self) -> None:
        while self._queue:
            while self._queue:
                self._reach(*self._queue.popleft())
            for plan in list(self.plans.values()):
                self._include_effects(plan)

    def _reach(self, module: str, symbol: str) -> None:
        plan = self._plan(module)
        if symbol in plan.symbols:
            return
        plan.symbols.add(symbol)
        if self.overrides.has(f"{module}.{symbol}"):
            plan.statements.update(self._bound(module).get(symbol, ()))
            self._take_override(plan, symbol)
            return
        for index in self._bound(module).get(symbol, ()):
            self._include(plan, index)

    def _take_override(self, plan: ModulePlan, symbol: str) -> None:
        plan.overridden.add(symbol)
        for target, name in self.overrides.needs(f"{plan.name}.{symbol}"):
            self._queue.append((target, name))

    def _bound(self, module: str) -> dict[str, list[int]]:
        if module not in self._binders:
            table: dict[str, list[int]] = {}
            for index, statement in enumerate(self.statements(module)):
                for name in bound_names(statement):
                    table.setdefault(name, []).append(index)
            self._binders[module] = table
        return self._binders[module]

    def _include(self, plan: ModulePlan, index: int) -> None:
        if index in plan.statements:
            return
        statement: cst.CSTNode = self.statements(plan.name)[index]
        overridden = {name for name in bound_names(statement) if self.overrides.has(f"{plan.name}.{name}")}
        plan.statements.add(index)
        for name in bound_names(statement):
            plan.symbols.add(name)
        if overridden and isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            self._take_override(plan, statement.name.value)
            return
        statement = self.resolver.statement(plan.name, index)
        for name in sorted(self.uses(plan.name, index)):
            self._need(plan, name)
        self._follow_modules(plan, statement)
        self._follow_inner_imports(plan, statement)

    def uses(self, module: str, index: int) -> set[str]:
        key = (module, index)
        if key not in self._uses:
            statement = self.resolver.statement(module, index)
            self._uses[key] = set() if is_all(statement) else names_used(statement)
        return self._uses[key]

    def _need(self, plan: ModulePlan, name: str) -> None:
        origin = self.resolver.resolve(plan.name, name)
        if origin is not None and origin.is_symbol and origin.module is not None and origin.symbol is not None:
            if not (self._is_erased(origin.dotted)):
                self._queue.append((origin.module, origin.symbol))
        elif name in self._bound(plan.name):  # imported by a `try`, say
            self._queue.append((plan.name, name))

    def _follow_modules(self, plan: ModulePlan, statement: cst.CSTNode) -> None:
        """Symbols that are read through an imported module of the source, such as `helpers.to_2tuple`."""
        imports = self.resolver.bindings(plan.name).imports
        for node in find(statement, cst.Attribute):
            name = dotted_name(node)
            if (
                name
                and name.partition(".")[0] in imports
                and self.resolver.is_source(imports[name.partition(".")[0]].module)
            ):
                origin = self.resolver.qualify(plan.name, node)
                if origin is not None and origin.module and origin.symbol:
                    self._queue.append((origin.module, origin.symbol))

    @staticmethod
    def _is_erased(name: str) -> bool:
        from . import rules

        return rules.find(name) is not None

    def _follow_inner_imports(self, plan: ModulePlan, statement: cst.CSTNode) -> None:
        if isinstance(statement, cst.SimpleStatementLine):
            return
        source = self.resolver.source(plan.name)
        for inner in find(statement, cst.ImportFrom):
            target = import_target(inner, source.package)
            if not self.resolver.is_source(target) or not self.resolver.has_module(target):
                continue
            if "register_model" in self.resolver.bindings(target).imports:
                self.soft_imports.append(SoftImport(plan.name, target, inner))
                continue
            for _, imported in imported_names(inner, source.package):
                if imported.symbol:
                    origin = self.resolver.resolve(target, imported.symbol)
                    if origin and origin.is_symbol and origin.module and origin.symbol:
                        self._queue.append((origin.module, origin.symbol))

    def _include_effects(self, plan: ModulePlan) -> None:
        """Statements that change a variable which is generated, such as a loop that fills a table."""
        if plan.whole:
            return
        bound = self._bound(plan.name)
        for index, statement in enumerate(self.statements(plan.name)):
            if index in plan.statements or is_import(statement) or not _has_effect(statement):
                continue
            touched = self._variables_behind(plan.name, index)
            if any(name in plan.symbols for name in touched if name in bound):
                self._include(plan, index)

    def _variables_behind(self, module: str, index: int) -> set[str]:
        """Variables that a statement uses, through variables that are made of other variables."""
        bound = self._bound(module)
        seen: set[str] = set()
        statements = self.statements(module)
        pending = [*self.uses(module, index), *self._uses_of_called(module, statements[index])]
        while pending:
            name = pending.pop()
            if name in seen or name not in bound:
                continue
            if any(isinstance(statements[i], (cst.FunctionDef, cst.ClassDef)) for i in bound[name]):
                continue
            seen.add(name)
            for i in bound[name]:
                if i != index and isinstance(statements[i], cst.SimpleStatementLine):
                    pending.extend(self.uses(module, i))
        return seen

    def _uses_of_called(self, module: str, statement: cst.CSTNode) -> set[str]:
        """What the function uses that a statement such as `register('a', f)` is a call of."""
        if not m.matches(statement, m.SimpleStatementLine(body=[m.Expr(value=m.Call(func=m.Name()))])):
            return set()
        call = cst.ensure_type(
            cst.ensure_type(cst.ensure_type(statement, cst.SimpleStatementLine).body[0], cst.Expr).value, cst.Call
        )
        found = self._bound(module).get(cst.ensure_type(call.func, cst.Name).value, ())
        return set().union(*(self.uses(module, index) for index in found))


def is_all(statement: cst.CSTNode) -> bool:
    return m.matches(
        statement, m.SimpleStatementLine(body=[m.Assign(targets=[m.AssignTarget(target=m.Name("__all__"))])])
    )
