"""Little packages written by a test, and what the transpiler makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from transpiler.diagnostics import Diagnostic
from transpiler.model import OutputFile, Result, Transpose
from transpiler.pipeline import transpile
from transpiler.timings import Timings

TORCH = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
"""


@dataclass(frozen=True)
class Run:
    """A result of the pipeline, with short ways to what tests ask about it."""

    result: Result

    def file(self, module: str = "net") -> OutputFile:
        """The generated file of a module; a refused module fails the test."""
        found = [file for file in self.result.files if file.path == _path(module)]
        assert found, f"{module} was not generated\n{self.report}"
        return found[0]

    def generated(self, module: str) -> bool:
        return _path(module) in {file.path for file in self.result.files}

    def text(self, module: str = "net") -> str:
        """The generated code below the header comment; it must compile."""
        text = self.file(module).text
        compile(text, module, "exec")
        lines = text.splitlines(keepends=True)
        end = next(i for i, line in enumerate(lines) if "copyright and licence" in line)
        return "".join(lines[end + 1 :])

    def definition(self, name: str, module: str = "net") -> str:
        """The generated text of one function, method or class, without its indentation and blank lines around it."""
        lines = self.text(module).splitlines()
        starts = [
            i
            for i, line in enumerate(lines)
            if line.lstrip().startswith((f"def {name}(", f"class {name}(", f"class {name}:"))
        ]
        assert starts, f"{name} was not generated:\n{self.text(module)}"
        indent = len(lines[starts[0]]) - len(lines[starts[0]].lstrip())
        body = [lines[starts[0]]]
        for line in lines[starts[0] + 1 :]:
            if line.strip() and len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith(")"):
                break
            body.append(line)
        return dedent("\n".join(body)).strip() + "\n"

    def transposes(self, module: str = "net") -> tuple[Transpose, ...]:
        return self.file(module).transposes

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.result.diagnostics if d.severity == "error"]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors, those that only follow from another one left out."""
        return [d.code for d in self.errors if d.code != "E301"] or [d.code for d in self.errors]

    @property
    def report(self) -> str:
        return "\n".join(d.render() for d in self.result.diagnostics)


def _path(module: str) -> str:
    return module.replace(".", "/") + ".py"


def write(root: Path, modules: Mapping[str, str]) -> None:
    """Write modules by dotted name; `net.__init__` is a package's own file, a package that has none gets an empty one."""
    for name, text in modules.items():
        file = root / _path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        for folder in file.relative_to(root).parents:
            if folder != Path("."):
                (root / folder / "__init__.py").touch()


def run(root: Path, roots: Sequence[str]) -> Run:
    """Transpile modules that lie under `root`."""
    result = transpile(roots, source_root=root, previous_roots=(), progress=lambda *_: None, timings=Timings())
    return Run(result)


def marked(diagnostic: Diagnostic) -> str:
    """The rest of the source line from the caret on."""
    line, caret = diagnostic.render().splitlines()[1:3]
    assert caret.strip() == "^"
    return line[caret.index("^") :]
