"""The override index: hand-written TensorFlow for what rules cannot say, and hints for the analysis.

Each entry holds the hash of the one upstream definition it stands for; when that changes, the entry is stale
until a person has read the new text.
"""

from __future__ import annotations

import ast
import hashlib
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from .code import code_of
from .diagnostics import Diagnostic, Location
from .hints import Hint, unused_hints
from .method_overrides import find_method, written_method
from .names import Bindings, NameResolver, collect_bindings, imported_names
from .needs import bound_names, is_overload
from .scopes import names_used
from .source import parse
from .walk import find

RUNTIME = "transpiler.runtime"


@dataclass(frozen=True)
class Reading:
    """An upstream definition that a person has read: its hash, and the versions they read it in."""

    versions: str
    hash: str


@dataclass(frozen=True)
class Override:
    """One entry: a symbol, the upstream versions a person has read, the hash of what they read, and why.

    `also` are definitions of other versions that the same code stands for; `not_needed` are the versions whose
    definition the rules write themselves. With `method` the symbol is a method of a class that the rules write.
    """

    symbol: str
    versions: str
    hash: str
    reason: str
    test: str = ""
    also: tuple[Reading, ...] = ()
    not_needed: str = ""
    method: bool = False

    @property
    def module(self) -> str:
        return self.symbol.rsplit(".", 2 if self.method else 1)[0]

    @property
    def name(self) -> str:
        """As its module knows it: of a method, that of the class too."""
        return self.symbol.removeprefix(f"{self.module}.")

    @property
    def readings(self) -> tuple[Reading, ...]:
        return (Reading(self.versions, self.hash), *self.also)


@dataclass(frozen=True)
class OverrideSource:
    """The parsed file that an override's code comes from."""

    path: str
    tree: cst.Module
    bindings: Bindings


def definition_hash(code: str) -> str:
    """Hash of a definition's syntax tree; comments, layout and docstrings don't count."""
    return tree_hash(ast.parse(code))


def tree_hash(tree: ast.Module) -> str:
    """The same of a tree that is at hand; its docstrings are taken out."""
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


class OverrideIndex:
    """The entries of `index.toml` and the files beside it, as they hold for the upstream that `resolver` reads.

    `without` are symbols whose entries are passed over.
    """

    def __init__(self, folder: Path, resolver: NameResolver, without: Collection[str] = ()) -> None:
        self.folder = folder
        self.resolver = resolver
        data = (
            tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))
            if (folder / "index.toml").exists()
            else {}
        )
        entries = [_override(entry) for entry in data.get("override", []) if entry["symbol"] not in without]
        self._entries = {entry.symbol: entry for entry in entries}
        self.models: tuple[str, ...] = tuple(data.get("models", ()))
        self.followed: frozenset[str] = frozenset(data.get("follow", ()))
        self.registries: frozenset[str] = frozenset(data.get("registries", ()))
        hints = [Hint(**entry) for entry in data.get("hint", [])]
        self.hints = {hint.function: hint for hint in hints if self._is_for_this_version(hint)}
        self._files: dict[str, OverrideSource] = {}
        self._holding: dict[str, bool] = {}
        self._statements: dict[str, list[cst.BaseStatement]] = {}
        self._checked: dict[str, Diagnostic | None] = {}
        self._upstream_hashes: dict[str, str] = {}

    def has(self, symbol: str) -> bool:
        """Whether an entry stands for `symbol` in this upstream."""
        entry = self._entries.get(symbol)
        if entry is None:
            return False
        if symbol not in self._holding:
            self._holding[symbol] = self._holds(entry)
        return self._holding[symbol]

    def _holds(self, entry: Override) -> bool:
        version = self._version(entry.module)
        is_there = self._upstream_definition(entry) is not None
        if self.is_not_needed(entry.symbol):
            return False
        if entry.not_needed and not _is_version(version):
            return is_there and self.upstream_hash(entry.symbol) in {reading.hash for reading in entry.readings}
        return is_there or any(version_in(version, reading.versions) for reading in entry.readings)

    def is_not_needed(self, symbol: str) -> bool:
        """Whether the rules write this version's definition of `symbol`, as its entry says."""
        entry, version = self.get(symbol), self._version(symbol)
        return bool(entry.not_needed) and _is_version(version) and version_in(version, entry.not_needed)

    def _is_for_this_version(self, hint: Hint) -> bool:
        return not hint.versions or version_in(self._version(hint.function), hint.versions)

    def _version(self, symbol: str) -> str:
        return self.resolver.finder.distribution(symbol.partition(".")[0])[1]

    def _upstream_definition(self, entry: Override) -> cst.BaseStatement | None:
        if not self.resolver.has_module(entry.module):
            return None
        return find_definition(self.resolver.source(entry.module).tree, entry.name)

    def upstream_hash(self, symbol: str) -> str:
        """Hash of the upstream definition that an override stands for; empty when there is none."""
        if symbol not in self._upstream_hashes:
            entry = self.get(symbol)
            node = self._upstream_definition(entry)
            self._upstream_hashes[symbol] = "" if node is None else definition_hash(self._code(entry, node))
        return self._upstream_hashes[symbol]

    def _code(self, entry: Override, node: cst.BaseStatement) -> str:
        as_read = self.resolver.source(entry.module).statement_texts
        return as_read[node] if node in as_read and not entry.method else code_of(node)

    def get(self, symbol: str) -> Override:
        return self._entries[symbol]

    def entries(self) -> tuple[Override, ...]:
        return tuple(self._entries.values())

    def file(self, module: str) -> OverrideSource:
        """The override file of a module."""
        if module not in self._files:
            path = self.folder / (module.replace(".", "/") + ".py")
            tree = parse(path.read_text(encoding="utf-8"), f"overrides/{module.replace('.', '/')}.py")
            self._files[module] = OverrideSource(
                path.as_posix(), tree, collect_bindings(tree, module.rpartition(".")[0])
            )
        return self._files[module]

    def statements(self, symbol: str) -> list[cst.BaseStatement]:
        """The definition that stands for `symbol` and the helpers of its file that it uses, in file order."""
        if symbol not in self._statements:
            self._statements[symbol] = self._find_statements(symbol)
        return self._statements[symbol]

    def _classes_of_methods(self, module: str) -> set[str]:
        """Classes that the rules write, whose methods have entries."""
        return {e.name.partition(".")[0] for e in self.entries() if e.method and e.module == module}

    def methods(self, module: str, statement: cst.CSTNode) -> list[str]:
        """The methods of a class that have entries of their own, as the module knows them: `Class.method`."""
        owners = bound_names(statement) if isinstance(statement, cst.ClassDef) else set()
        entries = [e for e in self.entries() if e.method and e.module == module and e.name.partition(".")[0] in owners]
        return [entry.name for entry in entries if self.has(entry.symbol)]

    def _find_statements(self, symbol: str) -> list[cst.BaseStatement]:
        entry = self.get(symbol)
        source = self.file(entry.module)
        if entry.method:
            return [written_method(source.tree, entry.name)]
        wanted, pending = {entry.name}, [entry.name]
        while pending:
            name = pending.pop()
            for statement in source.tree.body:
                if name in bound_names(statement):
                    new = (names_used(statement) & source.bindings.definitions) - wanted
                    new = {other for other in new if not self.has(f"{entry.module}.{other}")}
                    new -= self._classes_of_methods(entry.module)
                    wanted |= new
                    pending.extend(new)
        return [s for s in source.tree.body if bound_names(s) & wanted]  # type: ignore[misc]

    def needs(self, symbol: str) -> Iterator[tuple[str, str]]:
        """Symbols of the source that an override's code imports or shares a module with."""
        entry = self.get(symbol)
        for statement in self.statements(symbol):
            used = sorted(names_used(statement))
            yield from ((entry.module, n) for n in used if n != entry.name and self.has(f"{entry.module}.{n}"))
            yield from ((entry.module, n) for n in used if n in self._classes_of_methods(entry.module))
        for module, name in self._imports(symbol):
            origin = self.resolver.resolve(module, name)
            if origin is not None and origin.module and origin.symbol:
                yield origin.module, origin.symbol

    def _imports(self, symbol: str) -> Iterator[tuple[str, str]]:
        """What an override's code takes from the source: (module, name) as it is written there."""
        bindings = self.file(self.get(symbol).module).bindings
        for statement in self.statements(symbol):
            inner = [target for node in find(statement, cst.ImportFrom) for _, target in imported_names(node, "")]
            used = (bindings.imports[name] for name in sorted(names_used(statement)) if name in bindings.imports)
            for target in (*inner, *used):
                if target.symbol is not None and self.resolver.is_source(target.module):
                    yield target.module, target.symbol

    def gone(self, modules: Collection[str]) -> dict[str, Diagnostic]:
        """Errors, by module, for entries whose symbol it doesn't define any more."""
        entries = [e for e in self.entries() if e.module in modules and self.has(e.symbol)]
        checked = {entry.module: self.check(entry.symbol) for entry in entries}
        return {module: d for module, d in checked.items() if d is not None and d.code == "O203"}

    def unused_hints(self) -> list[Diagnostic]:
        """Warnings for hints about functions of the modules read that upstream doesn't define any more."""
        return list(unused_hints(self.hints.values(), self.resolver))

    def check(self, symbol: str) -> Diagnostic | None:
        """An error when the upstream definition isn't one that was read when the override was written."""
        if symbol not in self._checked:
            self._checked[symbol] = self._check(symbol)
        return self._checked[symbol]

    def _check(self, symbol: str) -> Diagnostic | None:
        entry = self.get(symbol)
        source = self.resolver.source(entry.module)
        node = find_definition(source.tree, entry.name)
        if node is None:
            where = Location(source.path, 1, 1)
            return Diagnostic(
                "O203",
                f"the override for {symbol} stands for nothing: upstream no longer defines it",
                where,
                "remove its entry from overrides/index.toml",
            )
        found = self.upstream_hash(symbol)
        read = [reading.versions for reading in entry.readings if reading.hash == found]
        accept = f"python -m transpiler --accept-override {symbol}"
        if not read:
            file = f"overrides/{entry.module.replace('.', '/')}.py"
            hint = f"read both, change {file} if need be, then run: {accept}"
            return source.diagnostic(
                "O201", f"{symbol} has changed upstream since its override was written", node, hint
            )
        if not any(version_in(source.upstream.version, versions) for versions in read):
            hint = f"read the definition, then run: {accept} (it widens `versions` in overrides/index.toml)"
            return source.diagnostic(
                "O202",
                f"the override for {symbol} was read for {' or '.join(read)}, this is {source.upstream.version}",
                node,
                hint,
            )
        missing = [f"{module}.{name}" for module, name in self._imports(symbol) if not self._is_there(module, name)]
        if missing:
            return source.diagnostic(
                "O206",
                f"the override for {symbol} uses {missing[0]}, which upstream doesn't define",
                node,
                "write the override without it",
            )
        return None

    def _is_there(self, module: str, name: str) -> bool:
        if self.resolver.has_module(f"{module}.{name}"):
            return True
        origin = self.resolver.resolve(module, name) if self.resolver.has_module(module) else None
        if origin is None or origin.module is None or origin.symbol is None:
            return origin is not None
        return find_definition(self.resolver.source(origin.module).tree, origin.symbol) is not None


def _override(entry: dict[str, Any]) -> Override:
    return Override(**{**entry, "also": tuple(Reading(**reading) for reading in entry.get("also", ()))})


def find_definition(tree: cst.Module, name: str) -> cst.BaseStatement | None:
    """The top-level function, class or assignment that defines `name`, or the method `Class.method`."""
    if "." in name:
        return find_method(tree, name)
    for statement in tree.body:
        if name in bound_names(statement) and not is_overload(statement):
            return statement  # type: ignore[return-value]
    return None


def version_in(version: str, versions: str) -> bool:
    """Whether a version is in a range; one that can't be told, such as that of a bare folder, is in every range."""
    return not _is_version(version) or Version(version) in SpecifierSet(versions, prereleases=True)


def _is_version(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True
