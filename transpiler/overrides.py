"""The override index: hand-written TensorFlow for what rules cannot say, and hints for the analysis.

Each entry holds the hash of the one upstream definition it stands for; when that changes, the entry is stale
until a person has read the new text.
"""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from .code import code_of
from .diagnostics import Diagnostic, Location, TranspileError
from .names import Bindings, NameResolver, collect_bindings, imported_names
from .scopes import names_used
from .source import parse
from .walk import find

RUNTIME = "transpiler.runtime"


@dataclass(frozen=True)
class Override:
    """One entry: a symbol, the upstream versions a person has read, the hash of what they read, and why."""

    symbol: str
    versions: str
    hash: str
    reason: str
    test: str = ""

    @property
    def module(self) -> str:
        return self.symbol.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.symbol.rpartition(".")[2]


@dataclass(frozen=True)
class Hint:
    """What the analysis is told about a function: kinds of parameters and variables, its result, attributes' values.

    `applies` names the parameter that it calls with the arguments after it, and whose result it gives.
    """

    function: str
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    applies: str = ""
    reason: str = ""


@dataclass(frozen=True)
class OverrideSource:
    """The parsed file that an override's code comes from."""

    path: str
    tree: cst.Module
    bindings: Bindings


def definition_hash(code: str) -> str:
    """Hash of a definition's syntax tree; comments, layout and docstrings don't count."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


class OverrideIndex:
    """The entries of `index.toml` and the files beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        data = (
            tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))
            if (folder / "index.toml").exists()
            else {}
        )
        entries = [Override(**entry) for entry in data.get("override", [])]
        self._entries = {entry.symbol: entry for entry in entries}
        self.models: tuple[str, ...] = tuple(data.get("models", ()))
        self.hints = {entry["function"]: Hint(**entry) for entry in data.get("hint", [])}
        self._files: dict[str, OverrideSource] = {}

    def has(self, symbol: str) -> bool:
        return symbol in self._entries

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
        entry = self.get(symbol)
        source = self.file(entry.module)
        wanted, pending = {entry.name}, [entry.name]
        while pending:
            name = pending.pop()
            for statement in source.tree.body:
                if name in _bound(statement):
                    new = (names_used(statement) & source.bindings.definitions) - wanted
                    new = {other for other in new if not self.has(f"{entry.module}.{other}")}
                    wanted |= new
                    pending.extend(new)
        return [s for s in source.tree.body if _bound(s) & wanted]  # type: ignore[misc]

    def needs(self, symbol: str, resolver: NameResolver) -> Iterator[tuple[str, str]]:
        """Symbols of the source that an override's code imports or shares a module with."""
        entry = self.get(symbol)
        bindings = self.file(entry.module).bindings
        for statement in self.statements(symbol):
            used = sorted(names_used(statement))
            yield from ((entry.module, n) for n in used if n != entry.name and self.has(f"{entry.module}.{n}"))
            inner = [target for node in find(statement, cst.ImportFrom) for _, target in imported_names(node, "")]
            for target in [*inner, *(bindings.imports[name] for name in used if name in bindings.imports)]:
                if target.symbol is None or not resolver.is_source(target.module):
                    continue
                origin = resolver.resolve(target.module, target.symbol)
                if origin is not None and origin.module and origin.symbol:
                    yield origin.module, origin.symbol

    def gone(self, resolver: NameResolver) -> list[Diagnostic]:
        """Errors for entries whose module was read and doesn't define their symbol any more."""
        read = {source.name for source in resolver.read_sources()}
        checked = (self.check(e.symbol, resolver) for e in self.entries() if e.module in read)
        return [d for d in checked if d is not None and d.code == "O203"]

    def check(self, symbol: str, resolver: NameResolver) -> Diagnostic | None:
        """An error when the upstream definition isn't the one that was read when the override was written."""
        entry = self.get(symbol)
        source = resolver.source(entry.module)
        node = find_definition(source.tree, entry.name)
        if node is None:
            where = Location(source.path, 1, 1)
            return Diagnostic(
                "O203",
                f"the override for {symbol} stands for nothing: upstream no longer defines it",
                where,
                "remove its entry from overrides/index.toml",
            )
        if definition_hash(code_of(node)) != entry.hash:
            file = f"overrides/{entry.module.replace('.', '/')}.py"
            hint = f"read both, change {file} if need be, then run: python -m transpiler --accept-override {symbol}"
            return source.diagnostic(
                "O201", f"{symbol} has changed upstream since its override was written", node, hint
            )
        if not _version_in(source.upstream.version, entry.versions):
            hint = f"read the definition, then widen `versions` of {symbol} in overrides/index.toml"
            return source.diagnostic(
                "O202",
                f"the override for {symbol} was read for {entry.versions}, this is {source.upstream.version}",
                node,
                hint,
            )
        return None


def find_definition(tree: cst.Module, name: str) -> cst.BaseStatement | None:
    """The top-level function, class or assignment that defines `name`."""
    for statement in tree.body:
        if name in _bound(statement):
            return statement  # type: ignore[return-value]
    return None


def _bound(statement: cst.CSTNode) -> set[str]:
    from .closure import bound_names

    return bound_names(statement)


def _version_in(version: str, versions: str) -> bool:
    try:
        return Version(version) in SpecifierSet(versions, prereleases=True)
    except InvalidVersion:
        return True


def accept_upstream(symbol: str, source_root: Path | None) -> str:
    """Write the hash of the installed definition into the index, for a person who has read it; says what was done.

    Raises:
        TranspileError: the index has no such entry, or upstream no such definition.
    """
    from .prepare import prepare
    from .resources import folder
    from .source import SourceFinder

    index = OverrideIndex(folder("overrides"))
    if not index.has(symbol):
        raise TranspileError(
            Diagnostic(
                "O204", f"overrides/index.toml has no entry for {symbol}", hint="write the qualified name of the entry"
            )
        )
    resolver = NameResolver(SourceFinder(source_root), {symbol.partition(".")[0]}, prepare)
    source = resolver.source(index.get(symbol).module)
    node = find_definition(source.tree, index.get(symbol).name)
    if node is None:
        raise TranspileError(
            Diagnostic(
                "O203", f"upstream no longer defines {symbol}", hint="remove its entry from overrides/index.toml"
            )
        )
    new_hash = definition_hash(code_of(node))
    before = index.get(symbol).hash
    if new_hash == before:
        return f"{symbol}: nothing to accept, the definition is the one that was read"
    write_hash(index.folder / "index.toml", symbol, new_hash)
    where = source.locate(node)
    what = f"{where.path}:{where.line} of {source.upstream.distribution} {source.upstream.version}"
    return f"{symbol}: accepted {what} ({before} -> {new_hash})"


def write_hash(index_file: Path, symbol: str, new_hash: str) -> None:
    """Replace the hash in the entry of `symbol`; the rest of the file stays as it is."""
    text = index_file.read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=\[\[)", text)
    for i, entry in enumerate(entries):
        if f'symbol = "{symbol}"' in entry:
            entries[i] = re.sub(r'(?m)^hash = "[^"]*"', f'hash = "{new_hash}"', entry)
    index_file.write_text("".join(entries), encoding="utf-8")
