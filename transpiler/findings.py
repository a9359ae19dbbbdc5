"""What rewriting a module has to say besides the new code."""

from __future__ import annotations

from dataclasses import dataclass, field

from .diagnostics import Diagnostic
from .model import OutputFile, Transpose


@dataclass
class Findings:
    """What rewriting a module has to say besides the new code."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    transposes: list[Transpose] = field(default_factory=list)
    rows: set[str] = field(default_factory=set)
    data: list[OutputFile] = field(default_factory=list)
