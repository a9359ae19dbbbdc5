"""What has to be generated: the requested modules whole, and of every other module the symbols they reach.

Per symbol the decision is one of: rule (external, has a row) | override | follow (generate it) | soft (imported
inside a function from a module of models: left to run time). What nothing reaches is dropped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import libcst as cst

from .needs import Needs, SoftImport, Symbol, bound_names, is_import
from .overrides import OverrideIndex


@dataclass
class ModulePlan:
    """Which top-level statements of a module are generated, and which of its symbols are overridden."""

    name: str
    whole: bool = False
    symbols: set[str] = field(default_factory=set)
    statements: set[int] = field(default_factory=set)
    overridden: set[str] = field(default_factory=set)


class Closure:
    """Collects module plans, starting from the requested modules."""

    def __init__(self, needs: Needs, overrides: OverrideIndex) -> None:
        self.needs = needs
        self.overrides = overrides
        self.plans: dict[str, ModulePlan] = {}
        self.soft_imports: list[SoftImport] = []
        self._queue: deque[Symbol] = deque()

    def add_module(self, module: str) -> None:
        """Every statement of `module`.

        Raises:
            TranspileError: a module that it needs can't be read.
        """
        plan = self._plan(module)
        plan.whole = True
        for index, statement in enumerate(self.needs.statements(module)):
            if not is_import(statement):
                self._include(plan, index)
        self._drain()

    def add_symbol(self, module: str, symbol: str) -> None:
        """One symbol and what it needs; raises as `add_module`."""
        self._queue.append((module, symbol))
        self._drain()

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
        indices = self.needs.binders(module).get(symbol, ())
        if self.overrides.has(f"{module}.{symbol}"):
            plan.statements.update(indices)
            self._take_override(plan, symbol)
            return
        for index in indices:
            self._include(plan, index)

    def _take_override(self, plan: ModulePlan, symbol: str) -> None:
        plan.overridden.add(symbol)
        self._queue.extend(self.overrides.needs(f"{plan.name}.{symbol}"))

    def _include(self, plan: ModulePlan, index: int) -> None:
        if index in plan.statements:
            return
        statement = self.needs.statements(plan.name)[index]
        names = bound_names(statement)
        plan.statements.add(index)
        plan.symbols |= names
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) and self.overrides.has(
            f"{plan.name}.{statement.name.value}"
        ):
            self._take_override(plan, statement.name.value)
            return
        for method in self.overrides.methods(plan.name, statement):
            self._take_override(plan, method)
        need = self.needs.of(plan.name, index)
        self._queue.extend(need.symbols)
        self.soft_imports.extend(need.soft_imports)

    def _include_effects(self, plan: ModulePlan) -> None:
        """Statements that change a variable which is generated, such as a loop that fills a table."""
        if plan.whole:
            return
        for index, touched in self.needs.effects(plan.name):
            if index not in plan.statements and touched & plan.symbols:
                self._include(plan, index)
