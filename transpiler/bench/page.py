"""The kept figures as a page and as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from .errors import BenchError
from .peers import OURS

Row = dict[str, Any]
LONGEST_BAR = 2.0


def render_page(found: dict[str, Any], name: str) -> str:
    """Markdown of what the command wrote as json under `name`."""
    machine = ", ".join(f"{fact} {value}" for fact, value in found["machine"].items())
    lines = [
        "# The generated models against others",
        "",
        f"Written by `python -m transpiler.bench --page` from [{name}]({name}). Medians of interleaved calls,",
        "quartiles in brackets; a ratio above 1 says how many times as long as ours a call takes; after a comma,",
        "those of further runs. An error is max|a - b| / max|b| against our output, where the other model takes the",
        "same weights. Matmul peak is that of one large product, measured among the calls; our share of it counts",
        "multiplications and additions of products and convolutions, three times in training.",
        "",
        f"On {machine}.",
        "",
        "![Ratios](bench_ratios.png)",
        "",
        "![Size and throughput](bench_throughput.png)",
        "",
    ]
    for (arch, mode, batch), rows in _kinds(found["results"]):
        bound = found.get("bounds", {}).get(f"{arch}, {mode}")
        lines += [f"## {arch}, {mode}, batch {batch}", "", *_table(rows), "", *_about_ours(rows[0]), ""]
        lines += [bound, ""] if bound else []
    return "\n".join(lines).rstrip() + "\n"


def _kinds(results: list[Row]) -> Iterator[tuple[tuple[str, str, int], list[Row]]]:
    def kind(row: Row) -> tuple[str, str, int]:
        return row["arch"], row["mode"], row["batch"]

    for each, rows in groupby(sorted(results, key=kind), key=kind):
        yield each, list(rows)


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| model | median | CPU | time / ours | graph operations | transposes | error | note |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for row in rows:
        error = "" if row.get("error") is None else f"{row['error']:.1e}"
        spread = f"{row['median'] * 1e3:.0f} ms ({row['lower'] * 1e3:.0f} to {row['upper'] * 1e3:.0f})"
        graph = f"{row.get('graph operations', '')} | {row.get('transposes', '')}"
        yield (
            f"| {row['model']} | {spread} | {row['cpu'] * 1e3:.0f} ms | {_ratios(row)} | {graph} | {error} "
            f"| {row.get('differs', '')} |"
        )


def _ratios(row: Row) -> str:
    return ", ".join(f"{ratio:.2f}" for ratio in (row["ratio"], *row.get("ratios again", ())))


def _about_ours(row: Row) -> Iterator[str]:
    yield (
        f"{row['parameters'] / 1e6:.1f} M parameters. Created in {row['create seconds']:.1f} s, weights loaded in "
        f"{row['load seconds']:.2f} s. Peak of the process with all models {row['process peak MiB']} MiB; matmul peak "
        f"{row['matmul peak GFLOP/s']:.0f} GFLOP/s, of which ours reaches {100 * _share_of_peak(row):.0f} %."
    )
    spent = ", ".join(f"{name} {milliseconds:.0f}" for name, milliseconds in row["profile ms"].items())
    yield f"Ours, in ms a call by operation: {spent}."


def _share_of_peak(row: Row) -> float:
    work = row["GFLOP an image"] * row["batch"] * (3 if row["mode"] == "train" else 1)
    return work / row["median"] / row["matmul peak GFLOP/s"]


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write bench_ratios.png and bench_throughput.png.

    Raises:
        BenchError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BenchError("drawing needs matplotlib: pip install matplotlib") from error
    figure = Figure(figsize=(9, 9), layout="constrained")
    _bars(figure.subplots(), [row for row in found["results"] if row["model"] != OURS])
    figure.savefig(folder / "bench_ratios.png", dpi=100)
    figure = Figure(figsize=(7, 5), layout="constrained")
    _sizes(figure.subplots(), found["results"])
    figure.savefig(folder / "bench_throughput.png", dpi=100)


def _bars(axes: Any, rows: list[Row]) -> None:
    labels = [f"{row['arch']}, {row['mode']}, batch {row['batch']}: {row['model']}" for row in rows]
    models = sorted({row["model"] for row in rows})
    bars = axes.barh(labels, [row["ratio"] for row in rows], color=[f"C{models.index(row['model'])}" for row in rows])
    axes.bar_label(bars, [f"{row['ratio']:.2f}" for row in rows], padding=-18, fontsize=6, color="white")
    axes.set_xlim(0.0, LONGEST_BAR)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=6)
    axes.set_xlabel("time of a call divided by ours: to the right of the line, ours is faster")


def _sizes(axes: Any, results: list[Row]) -> None:
    sizes = {row["arch"]: row["parameters"] / 1e6 for row in results if "parameters" in row}
    rows = [row for row in results if row["mode"] == "infer" and row["batch"] == 1]
    for number, model in enumerate(sorted({row["model"] for row in rows})):
        points = [(sizes[row["arch"]], row["batch"] / row["median"]) for row in rows if row["model"] == model]
        axes.scatter(*zip(*points, strict=True), label=model, color=f"C{number}", s=24)
    axes.set(xlabel="parameters, millions", ylabel="images a second, batch 1", xscale="log", yscale="log")
    axes.legend(fontsize=7)
