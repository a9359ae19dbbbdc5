"""The exports as a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ...templating import ResultsPage, render
from .check import BATCHES, TOLERANCE
from .models import FORMATS, MODELS
from .record import ExportResult

COMMAND = "python -m transpiler.verify.exports --json docs/export.json --page docs/export.md"
_NAMES = {"saved_model": "SavedModel", "litert": "TFLite", "onnx": "ONNX"}


def render_page(results: Sequence[ExportResult]) -> str:
    by_key = {result.key: result for result in results}
    versions = {name: version for result in results for name, version in result.versions.items()}
    columns = [(format, takes_any) for takes_any in (False, True) for format in FORMATS]
    rows = tuple(
        (f"`{model.arch}`", *(_cell(by_key.get((model.arch, *column))) for column in columns)) for model in MODELS
    )
    others = ", ".join(
        f"`{model.arch}` {' × '.join(map(str, model.other_size))}" for model in MODELS if model.other_size is not None
    )
    reasons = tuple(
        f"- `{each.arch}`, {_NAMES[each.format]}{', any size' * each.takes_any_size}: {each.reason}"
        for each in results
        if each.status != "pass"
    )
    return render(
        ResultsPage(
            title="Exports",
            command=COMMAND,
            data="export.json",
            versions=tuple(versions.items()),
            summary=(
                "Whole models with random weights, exported, loaded again without the package, and compared with "
                f"timm's model on batches of {' and '.join(map(str, BATCHES))} images: max|a − b| / max|a|, which "
                f"passes below {TOLERANCE:.0e}. All take any batch. TFLite files hold builtin operators alone.",
                f"*Any size*: height and width are open too, and the file is run on another size as well: {others}.",
                *reasons,
            ),
            columns=("model", *(f"{_NAMES[format]}{', any size' * takes_any}" for format, takes_any in columns)),
            rows=rows,
        )
    )


def _cell(result: ExportResult | None) -> str:
    if result is None:
        return ""
    return f"{result.error:.1e}" if result.status == "pass" else result.status
