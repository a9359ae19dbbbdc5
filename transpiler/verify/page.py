"""The results as a page of markdown: a summary, the failures with their reasons, and a table for each module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from .record import Row

# The checks of one column: the sizes differ from model to model, so they are gathered by kind.
COLUMNS = ("logits", "tf.function", "XLA", "features", "intermediates", "other sizes", "features_only", "gradients")


def render_page(rows: Iterable[Row]) -> str:
    """Markdown for rows of any number of modules."""
    ordered = sorted(rows, key=lambda row: (row.module, row.name))
    sections = ["# Parity with timm", _introduction(ordered), _summary(ordered), _problems(ordered)]
    for module, group in groupby(ordered, key=lambda row: row.module):
        sections.append(_module_section(module, list(group)))
    return "\n\n".join(section for section in sections if section) + "\n"


def _introduction(rows: Sequence[Row]) -> str:
    versions = sorted({", ".join(f"{name} {number}" for name, number in row.versions.items()) for row in rows})
    tolerances = sorted({f"{row.settings.tolerance:g}" for row in rows})
    return (
        "Both models hold the same random weights (every parameter, buffer and BatchNorm statistic randomised), see\n"
        "the same images, in eval mode and float32, or in float64 where the result says so. A figure is\n"
        "max|a − b| / max|a| against timm's output, the worst\n"
        f"of its checks; up to {' and '.join(tolerances) or '—'} passes. Made by `python -m transpiler.verify` with "
        f"{'; '.join(versions) or 'nothing'}."
    )


def _summary(rows: Sequence[Row]) -> str:
    lines = [
        "| module | architectures | pass | fail | error | refused | at reduced depth | with arguments | worst figure |"
    ]
    lines.append("|---|" + "---:|" * 8)
    for module, group in groupby(rows, key=lambda row: row.module):
        both = list(group)
        members = [row for row in both if not row.arguments]
        changed = [row.status == "pass" for row in both if row.arguments]
        counts = Counter(row.status for row in members)
        numbers = [len(members), *(counts[status] for status in ("pass", "fail", "error", "refused"))]
        reduced = sum(bool(row.reduced) for row in members)
        figure = _figure([worst[1] for row in both if (worst := row.worst())])
        lines.append(f"| `{module}` | {' | '.join(map(str, numbers))} | {reduced} | {_out_of(changed)} | {figure} |")
    return "\n".join(lines)


def _out_of(passes: Sequence[bool]) -> str:
    return f"{sum(passes)} of {len(passes)} pass" if passes else "—"


def _problems(rows: Sequence[Row]) -> str:
    lines = [f"- `{row.name}`: {row.status}: {row.reason}" for row in rows if row.status != "pass"]
    return "\n".join(["## Not passed", "", *lines]) if lines else ""


def _module_section(module: str, rows: Sequence[Row]) -> str:
    lines = [f"## {module}", ""]
    lines.append("| architecture | result | parameters (M) | size | reduced | " + " | ".join(COLUMNS) + " |")
    lines.append("|---|---|---:|---|---|" + "---:|" * len(COLUMNS))
    lines += [_row(row) for row in rows]
    notes = _not_applicable(rows)
    return "\n".join(lines + (["", *notes] if notes else []))


def _result(row: Row) -> str:
    status = row.status if row.status == "pass" else f"**{row.status}**"
    return status if row.settings.dtype == "float32" else f"{status} ({row.settings.dtype})"


def _row(row: Row) -> str:
    cells = [
        f"`{row.name}`",
        _result(row),
        f"{row.parameters / 1e6:.1f}" if row.parameters else "",
        "×".join(map(str, row.img_size)),
        ", ".join(f"{name}={value}" for name, value in row.reduced.items()),
    ]
    figures: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for name, check in row.checks.items():
        column = column_of(name)
        if column and check.error is not None:
            figures[column].append(check.error)
    return "| " + " | ".join([*cells, *(_figure(figures[column]) for column in COLUMNS)]) + " |"


def column_of(check: str) -> str | None:
    """The column a check belongs to; None for checks without a figure worth a column."""
    if check in ("state_dict", "load_state_dict"):
        return None
    if "×" in check or check == "other size":
        return "other sizes"
    if check.startswith("logits "):
        return check.removeprefix("logits ")
    first = "features" if check == "pre-logits" else check.split()[0]
    return first if first in COLUMNS else None


def _figure(values: Sequence[float]) -> str:
    return f"{max(values):.1e}" if values else "—"


def _not_applicable(rows: Sequence[Row]) -> list[str]:
    reasons: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for name, check in row.checks.items():
            if check.status == "not applicable":
                reasons[name, check.note] += 1
    return [f"- {name}: not applicable to {count}: {note}" for (name, note), count in sorted(reasons.items())]
