"""The requested modules: which of them can be read, and what each of them reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from .closure import Closure, ModulePlan
from .diagnostics import Diagnostic, TranspileError, errors
from .internal_errors import reported
from .names import NameResolver
from .needs import Needs
from .overrides import OverrideIndex
from .packages import registry_symbols
from .passes.fold import FRAMEWORKS

Place = tuple[str, int]
"""A module and one of its top-level statements, or -1 for all of it."""


def closure_of(roots: Iterable[str], needs: Needs, overrides: OverrideIndex) -> Closure:
    """All that some modules need.

    Raises:
        TranspileError: a module can't be read.
    """
    closure = Closure(needs, overrides)
    wanted = list(roots)
    for root in wanted:
        closure.add_module(root)
    for module, symbol in registry_symbols(needs.resolver, wanted):
        closure.add_symbol(module, symbol)
    return closure


@dataclass(frozen=True)
class Roots:
    """What each requested module reaches, and why others of them are refused before anything is generated."""

    reached: Mapping[str, Mapping[str, ModulePlan]]
    refused: Mapping[str, tuple[Diagnostic, ...]]

    def troubled(
        self, roots: Iterable[str], findings: Mapping[Place, Collection[Diagnostic]]
    ) -> dict[str, tuple[Diagnostic, ...]]:
        """Those of the roots that reach errors, with all that was found there."""
        told = {root: tuple(chain(*(findings.get(place, ()) for place in self._places(root)))) for root in roots}
        return {root: found for root, found in told.items() if errors(found)}

    def _places(self, root: str) -> Iterator[Place]:
        """The statements that a root reaches, its own first."""
        plans = self.reached[root]
        for plan in sorted(plans.values(), key=lambda plan: plan.name != root):
            yield from ((plan.name, index) for index in (-1, *sorted(plan.statements)))


def look_at(roots: Iterable[str], needs: Needs, overrides: OverrideIndex) -> Roots:
    """Read the requested modules and what they need, each of them alone: what one lacks, others needn't."""
    reached: dict[str, Mapping[str, ModulePlan]] = {}
    refused: dict[str, tuple[Diagnostic, ...]] = {}
    for root in roots:
        found: list[Diagnostic] = []
        try:
            source = needs.resolver.source(root)
            with reported(source, source.tree, found):
                _require_model_file(needs.resolver, root)
                reached[root] = closure_of([root], needs, overrides).plans
        except TranspileError as error:
            found += error.diagnostics
        if found:
            refused[root] = tuple(found)
    return Roots(reached, refused)


def _require_model_file(resolver: NameResolver, name: str) -> None:
    source = resolver.source(name)
    if source.is_package:
        hint = "name the modules in it, such as timm.models.swin_transformer"
        raise TranspileError(source.diagnostic("S106", f"{name} is a package", source.tree, hint))
    bindings = resolver.bindings(name)
    imported = {target.module for target in bindings.imports.values() if resolver.has_module(target.module)}
    if not bindings.stars and not any(_imports_torch(resolver, module) for module in (name, *sorted(imported))):
        message = f"{name} is no torch module: it doesn't import torch"
        hint = "name a module that defines torch models or layers"
        raise TranspileError(source.diagnostic("S107", message, source.tree, hint))


def _imports_torch(resolver: NameResolver, name: str) -> bool:
    targets = [*resolver.bindings(name).imports.values(), *resolver.original_bindings(name).imports.values()]
    return any(target.module.partition(".")[0] in FRAMEWORKS for target in targets)
