"""A fault of the transpiler's own, told as a finding about the statement that brought it out: the rest goes on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libcst as cst

from .diagnostics import INTERNAL_ERROR, Diagnostic, TranspileError
from .source import ModuleSource


@contextmanager
def reported(source: ModuleSource, node: cst.CSTNode, found: list[Diagnostic]) -> Iterator[None]:
    """Adds what goes wrong in the `with` block to `found`, at `node`; the traceback as a note."""
    try:
        yield
    except TranspileError as error:
        found += error.diagnostics
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"internal error: {text} ({Path(frame.filename).name}:{frame.lineno})"
        hint = "a fault of timm2tf, not of this code: report it with what --debug shows"
        found.append(source.diagnostic(INTERNAL_ERROR, message, node, hint))
        found.append(
            source.diagnostic(INTERNAL_ERROR, "".join(traceback.format_exception(error)), node, severity="note")
        )
