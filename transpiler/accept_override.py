"""Write into the override index that a person has read an upstream definition and that the override stands for it."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import InvalidVersion, Version

from .code import code_of
from .diagnostics import Diagnostic, TranspileError
from .names import NameResolver
from .overrides import Override, OverrideIndex, definition_hash, find_definition, version_in
from .prepare import prepare
from .resources import folder
from .source import SourceFinder


def accept_upstream(symbol: str, source_root: Path | None) -> str:
    """Accept the definition that stands upstream now; says what was done.

    A changed definition replaces the one read before for the same versions. One that was read already, in a version
    that nobody had read, widens the range of versions.

    Raises:
        TranspileError: the index has no such entry, or upstream no such definition.
    """
    resolver = NameResolver(SourceFinder(source_root), {symbol.partition(".")[0]}, prepare)
    index = OverrideIndex(folder("overrides"), resolver)
    entry = _entry(index, symbol)
    source = resolver.source(entry.module)
    node = find_definition(source.tree, entry.name)
    if node is None:
        message = f"upstream no longer defines {symbol}"
        raise TranspileError(Diagnostic("O203", message, hint="remove its entry from overrides/index.toml"))
    new_hash, version = definition_hash(code_of(node)), source.upstream.version
    fields = _accepted_fields(entry, new_hash, version)
    if not fields:
        return f"{symbol}: nothing to accept, the definition is the one that was read"
    write_fields(index.folder / "index.toml", symbol, fields)
    where = source.locate(node)
    changes = ", ".join(f"{old} -> {new}" for old, new in fields)
    return f"{symbol}: accepted {where.path}:{where.line} of {source.upstream.distribution} {version} ({changes})"


def _entry(index: OverrideIndex, symbol: str) -> Override:
    for entry in index.entries():
        if entry.symbol == symbol:
            return entry
    message = f"overrides/index.toml has no entry for {symbol}"
    raise TranspileError(Diagnostic("O204", message, hint="write the qualified name of the entry"))


def _accepted_fields(entry: Override, new_hash: str, version: str) -> list[tuple[str, str]]:
    """(old, new) texts of the hash and the versions that change in the entry."""
    same = [reading for reading in entry.readings if reading.hash == new_hash]
    if any(version_in(version, reading.versions) for reading in same):
        return []
    if same:
        return [(same[0].versions, _widened(same[0].versions, version))]
    current = [reading for reading in entry.readings if version_in(version, reading.versions)]
    reading = current[0] if current else entry.readings[0]
    fields = [(reading.hash, new_hash)]
    return fields if current else [*fields, (reading.versions, _widened(reading.versions, version))]


def _widened(versions: str, version: str) -> str:
    """The range with `version` in it: a bound that keeps it out is moved to it."""
    wanted = Version(version)
    clauses = [_moved(clause.strip(), wanted) for clause in versions.split(",")]
    return ",".join(clauses)


def _moved(clause: str, wanted: Version) -> str:
    if version_in(str(wanted), clause):
        return clause
    operator = re.match(r"[<>=!~]+", clause)
    if operator is None or operator.group() == "!=":
        return clause
    try:
        bound = Version(clause[operator.end() :].rstrip(".*"))
    except InvalidVersion:
        return clause
    if operator.group() in ("==", "~=", "==="):
        return f">={min(bound, wanted)},<={max(bound, wanted)}"
    return f">={wanted}" if operator.group().startswith(">") else f"<={wanted}"


def write_fields(index_file: Path, symbol: str, fields: list[tuple[str, str]]) -> None:
    """Replace quoted values in the entry of `symbol`; the rest of the file stays as it is."""
    text = index_file.read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=\[\[)", text)
    for i, entry in enumerate(entries):
        if f'symbol = "{symbol}"' in entry:
            for old, new in fields:
                entry = entry.replace(f'"{old}"', f'"{new}"', 1)
            entries[i] = entry
    index_file.write_text("".join(entries), encoding="utf-8")
