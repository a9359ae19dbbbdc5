"""Hints of the override index: what the analysis of a function can't see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from .diagnostics import Diagnostic
from .names import NameResolver
from .source import ModuleSource


@dataclass(frozen=True)
class Hint:
    """What the analysis is told about a function: kinds of parameters and variables, its result, attributes' values.

    `kinds` holds for a name wherever it is assigned, and for a subscript or attribute wherever it is written,
    `parameters` for what the function is called with.
    `applies` names the parameter that it calls with the arguments after it, and whose result it gives. `versions`
    are the upstream versions that have the function; all of them if it is empty.
    """

    function: str
    kinds: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    applies: str = ""
    reason: str = ""
    versions: str = ""


def unused_hints(hints: Iterable[Hint], resolver: NameResolver) -> Iterator[Diagnostic]:
    """A warning for each hint whose module was read and has no such function any more."""
    sources = {source.name: source for source in resolver.read_sources()}
    for hint in hints:
        module = _module_in(hint.function, sources)
        if module is not None and not _defines(sources[module], hint.function.removeprefix(module + ".").split(".")):
            yield sources[module].diagnostic(
                "O205",
                f"the hint for {hint.function} is for nothing: upstream no longer defines it",
                sources[module].tree,
                "remove it from overrides/index.toml, or say in `versions` which versions have the function",
                "warning",
            )


def _module_in(function: str, sources: dict[str, ModuleSource]) -> str | None:
    """The module that a qualified function is named in, when it was read."""
    name = function
    while name:
        name = name.rpartition(".")[0]
        if name in sources and not sources[name].is_package:
            return name
    return None


def _defines(source: ModuleSource, path: list[str]) -> bool:
    """Whether a function, or a method of a class, is defined in a module."""
    body: Iterable[cst.CSTNode] = source.tree.body
    for name in path:
        found = [n for n in body if isinstance(n, (cst.FunctionDef, cst.ClassDef)) and n.name.value == name]
        if not found:
            return False
        body = found[-1].body.body
    return True
