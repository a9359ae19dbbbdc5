"""The definitions of a generated package that a module reaches: read as text, followed by name from file to file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

Definition = tuple[Path, str]  # file and name; the name is "" for the statements of a file that bind none


@dataclass
class SourceFile:
    """A file's top level. `imports` maps a local name to the file or folder it comes from, and its name there."""

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, tuple[Path, str]] = field(default_factory=dict)
    star_imports: list[Path] = field(default_factory=list)


class ReachedDefinitions:
    """Follows names. What is reached by a computed name only (`getattr(module, name)`) is not seen."""

    def __init__(self) -> None:
        self._read = cache(read_source_file)

    def from_file(self, path: Path) -> dict[Definition, list[ast.stmt]]:
        """Everything in the file, and all that it reaches."""
        return self._follow(list(self._whole(path)))

    def from_name(self, path: Path, name: str) -> dict[Definition, list[ast.stmt]]:
        """What a name of the file means, and all that it reaches."""
        return self._follow(list(self._resolve(path, (name,))))

    def _follow(self, pending: list[Definition]) -> dict[Definition, list[ast.stmt]]:
        reached: dict[Definition, list[ast.stmt]] = {}
        while pending:
            definition = pending.pop()
            if definition in reached:
                continue
            file, name = definition
            reached[definition] = self._read(file).definitions.get(name, [])
            for statement in reached[definition]:
                for chain in name_chains(statement):
                    pending.extend(self._resolve(file, chain))
        return reached

    def _whole(self, path: Path) -> Iterator[Definition]:
        yield path, ""
        for name in self._read(path).definitions:
            yield path, name

    def _resolve(self, path: Path, chain: tuple[str, ...]) -> Iterator[Definition]:
        """The definitions that `a.b.c`, written in `path`, may mean; a bare module means all of it."""
        source, name, rest = self._read(path), chain[0], chain[1:]
        yield path, ""
        if name in source.definitions:
            yield path, name
        elif name in source.imports:
            base, member = source.imports[name]
            module = module_file(base / member) if member else module_file(base)
            if module is not None:
                yield from self._resolve(module, rest) if rest else self._whole(module)
            elif holder := module_file(base):
                yield from self._resolve(holder, (member, *rest))
        else:
            for holder in filter(None, map(module_file, source.star_imports)):
                yield from self._resolve(holder, chain)


def read_source_file(path: Path) -> SourceFile:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    _drop_docstrings(tree)
    source = SourceFile()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                if alias.name == "*":
                    source.star_imports.append(base)
                else:
                    source.imports[alias.asname or alias.name] = (base, alias.name)
    for statement in tree.body:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            for name in _bound_names(statement):
                source.definitions.setdefault(name, []).append(statement)
    return source


def name_chains(statement: ast.stmt) -> Iterator[tuple[str, ...]]:
    """Every name read or written, with the attributes that follow it: `nn.init.zeros_` is one chain."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        attributes: list[str] = []
        base = node
        while isinstance(base, ast.Attribute):
            attributes.append(base.attr)
            base = base.value
        if isinstance(base, ast.Name):
            yield (base.id, *reversed(attributes))
        else:
            pending.extend(ast.iter_child_nodes(base))


def module_file(base: Path) -> Path | None:
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _bound_names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        return [name for name in names if name != "__all__"]
    return [""]


def _drop_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
