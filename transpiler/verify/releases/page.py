"""The releases as a page of Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...templating import render
from .record import ReleaseResult
from .small_models import MODULES

COMMAND = "python -m transpiler.verify.releases WHEELS"
_LONGEST_REASON = 200


@dataclass(frozen=True)
class ReleaseLine:
    """A release in the table: one cell a module."""

    version: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class ReleaseDetails:
    """What did not go well in a release; both are lists of lines."""

    version: str
    diagnostics: tuple[str, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class ReleasesPage:
    """The template's fields."""

    command: str
    modules: tuple[str, ...]
    releases: tuple[ReleaseLine, ...]
    details: tuple[ReleaseDetails, ...]
    template: str = "releases.md.j2"


def render_page(results: Sequence[ReleaseResult]) -> str:
    """Markdown for releases, newest first."""
    short = tuple(module.rpartition(".")[2] for module in MODULES)
    lines = tuple(ReleaseLine(each.version, tuple(_cell(each, module) for module in MODULES)) for each in results)
    details = tuple(detail for each in results if (detail := _details(each)).diagnostics or detail.failures)
    return render(ReleasesPage(COMMAND, short, lines, details))


def _cell(result: ReleaseResult, module: str) -> str:
    (found,) = [each for each in result.modules if each.module == module]
    if found.status != "written":
        return found.status
    models = [model for model in result.models if model.module == module and model.status != "absent"]
    passed = [model for model in models if model.status == "pass"]
    errors = [model.error for model in models if model.error is not None]
    return f"{len(passed)} of {len(models)}" + (f", {max(errors):.0e}" if errors else "")


def _details(result: ReleaseResult) -> ReleaseDetails:
    diagnostics = dict.fromkeys(line for module in result.modules for line in module.diagnostics)
    bad = [model for model in result.models if model.status not in ("pass", "absent")]
    failures = [f"`{model.arch}`: {model.status}: {_shortened(model.reason)}" for model in bad]
    return ReleaseDetails(result.version, tuple(diagnostics), tuple(failures))


def _shortened(reason: str) -> str:
    """A reason in one line without a terminal's colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", reason)
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"
