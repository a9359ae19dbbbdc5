"""Transpiling lines of torch code with the real machinery, many in one module."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transpiler.assemble import Assembler
from transpiler.closure import Closure
from transpiler.diagnostics import Diagnostic
from transpiler.kinds import Kind, Layout
from transpiler.names import NameResolver
from transpiler.needs import Needs
from transpiler.overrides import Hint, OverrideIndex
from transpiler.prepare import prepare
from transpiler.program import Program
from transpiler.registries import Registries
from transpiler.source import SourceFinder
from transpiler.typing_rounds import infer

MODULE = "snippets.calls"
HEADER = "import math\n\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
# Relative imports of a generated module start from here: its `..runtime` is the transpiler's own.
_PACKAGE = "transpiler.snippets"


@dataclass(frozen=True)
class Snippet:
    """One line of torch code, its tensor parameters, and what is known about them, such as PLAIN:3 or IMAGE."""

    code: str
    parameters: tuple[str, ...] = ("x",)
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transpiled:
    """What came out for one snippet."""

    snippet: Snippet
    torch: Any
    tensorflow: Any
    text: str
    returns: Kind
    layouts: Mapping[str, Layout]
    diagnostics: tuple[Diagnostic, ...]
    transposes: int


def transpile(snippets: Sequence[Snippet], folder: Path, *, execute: bool = True) -> list[Transpiled]:
    """Both sides of every snippet as functions, empty ones unless `execute`; `folder` gets the source."""
    source = HEADER + "".join(_definition(number, snippet) for number, snippet in enumerate(snippets))
    text_lines = source.splitlines()
    lines = [text_lines.index(f"def call_{n}({_parameters(s)}):") + 2 for n, s in enumerate(snippets)]
    text, findings, program = _generate(source, folder, {f"{MODULE}.call_{n}": s.kinds for n, s in enumerate(snippets)})
    theirs, ours = (_executed(source), _executed(text)) if execute else ({}, {})
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    bodies = {function.name: ast.unparse(function.body[0]) for function in functions}
    return [
        Transpiled(
            snippet,
            theirs.get(f"call_{number}"),
            ours.get(f"call_{number}"),
            bodies.get(f"call_{number}", ""),
            program.summary(f"{MODULE}.call_{number}").returns,
            _layouts(snippet, program.summary(f"{MODULE}.call_{number}").layouts),
            tuple(d for each in findings for d in each.diagnostics if d.where and d.where.line == lines[number]),
            sum(transpose.line == lines[number] for each in findings for transpose in each.transposes),
        )
        for number, snippet in enumerate(snippets)
    ]


def _layouts(snippet: Snippet, decided: Mapping[str, Layout]) -> dict[str, Layout]:
    """The layout that each parameter is held in: what the hint says, else what the analysis decided."""
    hinted = {name: Layout.IMAGE if kind.startswith("IMAGE") else Layout.PLAIN for name, kind in snippet.kinds.items()}
    return {**decided, **hinted}


def _parameters(snippet: Snippet) -> str:
    return ", ".join(f"{name}: torch.Tensor" for name in snippet.parameters)


def _definition(number: int, snippet: Snippet) -> str:
    return f"def call_{number}({_parameters(snippet)}):\n    return {snippet.code}\n\n\n"


def _generate(source: str, folder: Path, kinds: Mapping[str, Mapping[str, str]]) -> tuple[str, Any, Program]:
    """The steps of the pipeline, for one module without overrides."""
    path = folder.joinpath(*MODULE.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    resolver = NameResolver(SourceFinder(folder), {MODULE.partition(".")[0]}, prepare)
    overrides = OverrideIndex(folder / "no overrides", resolver)
    registries = Registries(resolver, frozenset())
    closure = Closure(Needs(resolver, registries), overrides)
    closure.add_module(MODULE)
    program = Program(resolver, {name: Hint(name, dict(known)) for name, known in kinds.items()}, registries)
    typings = infer(program, closure.plans)
    generated = Assembler(program, overrides, frozenset()).module(closure.plans[MODULE], typings[MODULE])
    return generated.text, [*generated.findings.values()], program


def _executed(source: str) -> dict[str, Any]:
    sys.modules.setdefault(_PACKAGE, types.ModuleType(_PACKAGE))
    namespace: dict[str, Any] = {"__name__": f"{_PACKAGE}.calls", "__package__": _PACKAGE}
    exec(compile(source, MODULE, "exec"), namespace)
    return namespace
