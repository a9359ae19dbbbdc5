"""Little packages written by a test, and what the transpiler makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from transpiler.diagnostics import Diagnostic
from transpiler.model import OutputFile, Result
from transpiler.pipeline import transpile
from transpiler.timings import Timings


@dataclass(frozen=True)
class Run:
    """A result of the pipeline, with short ways to what tests ask about it."""

    result: Result

    def file(self, module: str) -> OutputFile:
        path = module.replace(".", "/") + ".py"
        found = [file for file in self.result.files if file.path == path]
        assert found, f"{path} was not generated\n{self.report}"
        return found[0]

    def generated(self, module: str) -> bool:
        return module.replace(".", "/") + ".py" in {file.path for file in self.result.files}

    def text(self, module: str) -> str:
        """The generated code below the header comment; it must compile, and a refused module fails the test."""
        text = self.file(module).text
        compile(text, module, "exec")
        lines = text.splitlines(keepends=True)
        while lines and lines[0].startswith("#"):
            lines.pop(0)
        return "".join(lines).lstrip("\n")

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.result.diagnostics if d.severity == "error"]

    @property
    def codes(self) -> list[str]:
        return [d.code for d in self.errors]

    @property
    def report(self) -> str:
        return "\n".join(d.render() for d in self.result.diagnostics)


def write(root: Path, modules: Mapping[str, str]) -> None:
    """Writes modules by dotted name; `net.__init__` is a package's own file, and other packages get an empty one."""
    for name, text in modules.items():
        file = root / (name.replace(".", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        for folder in file.relative_to(root).parents:
            if folder != Path("."):
                (root / folder / "__init__.py").touch()


def run(root: Path, modules: Sequence[str]) -> Run:
    """Transpiles modules that lie under `root`."""
    result = transpile(modules, source_root=root, previous_roots=(), progress=lambda *_: None, timings=Timings())
    return Run(result)
