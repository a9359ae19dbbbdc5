"""What the transpiler says when it refuses: where, what, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
INTERNAL_ERROR = "X901"


@dataclass(frozen=True)
class Location:
    """A place in a source file; line and column count from 1."""

    path: str
    line: int
    column: int


@dataclass(frozen=True)
class Diagnostic:
    """One finding about the source. `code` is stable and short, such as `T101`; `hint` is the way out."""

    code: str
    message: str
    where: Location | None = None
    hint: str = ""
    severity: Severity = "error"
    source_line: str = ""

    def render(self) -> str:
        """`path:line:col: error T101: message`, the source line with a caret, and the hint."""
        place = f"{self.where.path}:{self.where.line}:{self.where.column}: " if self.where else ""
        lines = [f"{place}{self.severity} {self.code}: {self.message}"]
        if self.where and self.source_line:
            text = self.source_line.rstrip("\n").expandtabs(1)
            lines += [f"    {text}", "    " + " " * (self.where.column - 1) + "^"]
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)


class TranspileError(Exception):
    """The source can't be transpiled as it is; carries every diagnostic that was collected."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(d.render() for d in diagnostics))


def errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings that stop a module from being written."""
    return tuple(d for d in diagnostics if d.severity == "error")
