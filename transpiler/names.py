"""Qualified names: what a name in a module stands for, followed through imports and re-exports.

A name's origin is written as one dotted string: `torch.nn.functional.pad` for something outside the
source package, `timm.layers.mlp.Mlp` for a symbol where it is *defined*, however it was imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import libcst as cst

from .diagnostics import TranspileError
from .source import ModuleSource, SourceFinder
from .walk import children


@dataclass(frozen=True)
class Import:
    """A name bound by an import: `module` and, for from-imports, the `symbol` taken from it."""

    module: str
    symbol: str | None = None


@dataclass
class Bindings:
    """What a module's top level binds: imports, own definitions, and star imports."""

    imports: dict[str, Import] = field(default_factory=dict)
    definitions: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Origin:
    """Where a name comes from. `module` is set for source modules and symbols, `symbol` for symbols only."""

    dotted: str
    module: str | None = None
    symbol: str | None = None

    @property
    def is_symbol(self) -> bool:
        return self.symbol is not None


def dotted_name(node: cst.BaseExpression) -> str | None:
    """`a.b.c` for a chain of names; None when a call, a subscript or anything else is inside."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        head = dotted_name(node.value)
        return f"{head}.{node.attr.value}" if head else None
    return None


def import_target(statement: cst.ImportFrom, package: str) -> str:
    """The absolute module that a from-import names."""
    name = dotted_name(statement.module) if statement.module else ""
    level = len(statement.relative)
    if not level:
        return name or ""
    base = package.split(".")
    base = base[: len(base) - (level - 1)] if level > 1 else base
    return ".".join([*base, name]) if name else ".".join(base)


def imported_names(statement: cst.Import | cst.ImportFrom, package: str) -> Iterator[tuple[str, Import]]:
    """Each name that an import statement binds, with what it is bound to; `*` for a star import."""
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            target = dotted_name(alias.name) or ""
            if alias.asname is not None:
                yield _as_name(alias), Import(target)
            else:
                yield target.partition(".")[0], Import(target.partition(".")[0])
        return
    module = import_target(statement, package)
    if isinstance(statement.names, cst.ImportStar):
        yield "*", Import(module)
        return
    for alias in statement.names:
        symbol = dotted_name(alias.name) or ""
        yield (_as_name(alias) if alias.asname else symbol), Import(module, symbol)


def _as_name(alias: cst.ImportAlias) -> str:
    assert alias.asname is not None
    return dotted_name(alias.asname.name) or ""  # type: ignore[arg-type]


def target_names(target: cst.BaseExpression) -> set[str]:
    """The plain names that an assignment target binds."""
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return {name for element in target.elements for name in target_names(element.value)}
    if isinstance(target, cst.StarredElement):
        return target_names(target.value)
    return set()


def collect_bindings(tree: cst.Module, package: str) -> Bindings:
    """The top-level bindings of a module."""
    bindings = Bindings()
    pending: list[cst.CSTNode] = [*reversed(tree.body)]
    while pending:
        node = pending.pop()
        if isinstance(node, (cst.Import, cst.ImportFrom)):
            _add_import(bindings, node, package)
            continue
        bindings.definitions |= _defined_names(node)
        if not isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.BaseExpression)):
            # The last import of a name counts, but what an `except` falls back on gives way to what was tried.
            parts = sorted(children(node), key=lambda part: not isinstance(part, cst.ExceptHandler))
            pending.extend(reversed(parts))
    bindings.definitions -= bindings.imports.keys()
    return bindings


def _add_import(bindings: Bindings, node: cst.Import | cst.ImportFrom, package: str) -> None:
    for name, target in imported_names(node, package):
        if name == "*":
            bindings.stars.append(target.module)
        else:
            bindings.imports[name] = target


def _defined_names(node: cst.CSTNode) -> set[str]:
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        return {node.name.value}
    if isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For)):
        return target_names(node.target)
    return target_names(node.name) if isinstance(node, cst.AsName) else set()


class Prepared(Protocol):
    """A module put in order: its top level, and its statements one by one."""

    tree: cst.Module

    def statement(self, index: int) -> cst.BaseStatement: ...


class NameResolver:
    """Reads modules on demand and says what their names stand for.

    `source_packages` are the top-level packages whose code is followed; every other name is external.
    `prepare` is applied to each module once, before anything looks at it.
    """

    def __init__(
        self, finder: SourceFinder, source_packages: set[str], prepare: Callable[[ModuleSource, NameResolver], Prepared]
    ) -> None:
        self.finder = finder
        self.source_packages = source_packages
        self._prepare = prepare
        self._sources: dict[str, ModuleSource] = {}
        self._bindings: dict[str, Bindings] = {}
        self._prepared: dict[str, Prepared] = {}
        self._being_prepared = 0
        self._origins: dict[tuple[str, str], Origin | None] = {}

    def follow(self, packages: Iterable[str]) -> None:
        """Follow the code of more packages; before anything is resolved."""
        self.source_packages = self.source_packages.union(packages)

    def source(self, name: str) -> ModuleSource:
        """The module's source as it was read."""
        if name not in self._sources:
            self._sources[name] = self.finder.read(name)
        return self._sources[name]

    def read_sources(self) -> tuple[ModuleSource, ...]:
        return tuple(self._sources[name] for name in sorted(self._sources))

    def tree(self, name: str) -> cst.Module:
        """The module's top level, folded; its functions and classes are as they were read (see `statement`)."""
        return self._module(name).tree

    def statement(self, name: str, index: int) -> cst.BaseStatement:
        """A top-level statement of a module with what can't happen in TensorFlow folded away."""
        return self._module(name).statement(index)

    def _module(self, name: str) -> Prepared:
        if name not in self._prepared:
            source = self.source(name)
            self._bindings[name] = collect_bindings(source.tree, source.package)
            self._being_prepared += 1
            try:
                self._prepared[name] = self._prepare(source, self)
            finally:
                self._being_prepared -= 1
            if self._prepared[name].tree is not source.tree:
                self._bindings[name] = collect_bindings(self._prepared[name].tree, source.package)
        return self._prepared[name]

    def bindings(self, name: str) -> Bindings:
        """What the module binds; of a package, and of a module that is being prepared, as it was read."""
        if name not in self._bindings:
            if self.source(name).is_package:
                self._bindings[name] = self.original_bindings(name)
            else:
                self.tree(name)
        return self._bindings[name]

    def original_bindings(self, name: str) -> Bindings:
        """What the module binds as it was read, before anything was folded away."""
        source = self.source(name)
        return collect_bindings(source.tree, source.package)

    def is_source(self, module: str) -> bool:
        return module.partition(".")[0] in self.source_packages

    def has_module(self, name: str) -> bool:
        if not self.is_source(name):
            return False
        return name in self._sources or self.finder.find(name) is not None

    def resolve(self, module: str, name: str) -> Origin | None:
        """What `name` stands for in `module`; None for builtins and unknown names."""
        if (module, name) in self._origins:
            return self._origins[module, name]
        found = self._resolve(module, name, frozenset())
        if not self._being_prepared:  # what a module binds may change while it is being prepared
            self._origins[module, name] = found
        return found

    def _resolve(self, module: str, name: str, before: frozenset[tuple[str, str]]) -> Origin | None:
        if (module, name) in before:
            return None
        seen = before | {(module, name)}
        bindings = self.bindings(module)
        if name in bindings.imports:
            return self._follow(bindings.imports[name], seen)
        if name in bindings.definitions:
            return Origin(f"{module}.{name}", module, name)
        for star in reversed(bindings.stars):
            if not self.is_source(star):
                continue
            found = self._resolve(star, name, seen)
            if found is not None and self._exports(star, name):
                return found
        return None

    def _exports(self, module: str, name: str) -> bool:
        return not name.startswith("_")

    def _follow(self, target: Import, seen: frozenset[tuple[str, str]]) -> Origin | None:
        if not self.is_source(target.module):
            dotted = f"{target.module}.{target.symbol}" if target.symbol else target.module
            return Origin(dotted)
        if target.symbol is None:
            return Origin(target.module, target.module)
        if self.has_module(target.module):
            found = self._resolve(target.module, target.symbol, seen)
            if found is not None:
                return found
        submodule = f"{target.module}.{target.symbol}"
        if self.has_module(submodule):
            return Origin(submodule, submodule)
        return Origin(submodule, target.module, target.symbol) if self.has_module(target.module) else Origin(submodule)

    def qualify(self, module: str, node: cst.BaseExpression) -> Origin | None:
        """The origin of a dotted expression in `module`; None for locals, builtins and computed receivers."""
        dotted = dotted_name(node)
        if dotted is None:
            return None
        head, *rest = dotted.split(".")
        try:
            origin = self.resolve(module, head)
        except TranspileError:
            return None
        for attribute in rest:
            if origin is None:
                return None
            origin = self._attribute(origin, attribute)
        return origin

    def _attribute(self, origin: Origin, attribute: str) -> Origin | None:
        if origin.is_symbol:
            return None
        if origin.module is None:
            return Origin(f"{origin.dotted}.{attribute}")
        found = self.resolve(origin.module, attribute)
        if found is not None:
            return found
        submodule = f"{origin.module}.{attribute}"
        return Origin(submodule, submodule) if self.has_module(submodule) else None
