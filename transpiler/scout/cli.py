"""The command line of the scout and of the documentation's pages; the only place that prints.

Exit status: 0 done, 1 support --check found that the page is out of date, 2 the request could not be carried out.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..breadth import breadth_summary
from ..diagnostics import TranspileError
from ..progress import ProgressBar
from .breadth import measure_breadth
from .errors import ScoutError
from .ranking import Candidate, new_since, rank
from .results import read_accuracies, read_speeds
from .standing import Standing, State, equal_architectures
from .support_table import is_same_page, support_page

_FIELDS = ("arch", "img_size", "throughput", "parameters", "top1", "gap", "state", "reason")


def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["support"]:
        return _support(build_support_parser().parse_args(given[1:]))
    try:
        if given[:1] == ["breadth"]:
            return _breadth(build_breadth_parser().parse_args(given[1:]))
        return _scout(build_parser().parse_args(given))
    except (ScoutError, TranspileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, head for one, has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # what is left at exit goes there
        return 0
    except OSError as error:
        print(f"error: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 2


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transpiler.scout",
        description="Rank the architectures of a benchmark of timm, and say how far each is here.",
        epilog="`python -m transpiler.scout support` writes the table of torch names that are understood,"
        " `python -m transpiler.scout breadth` that of the modules which are transpiled.",
    )
    parser.add_argument("results", type=Path, metavar="RESULTS.csv", help="a benchmark of timm: benchmark-*.csv")
    parser.add_argument("--since", type=Path, metavar="OLDER.csv", help="show only what this older benchmark has not")
    parser.add_argument("--accuracy", type=Path, metavar="FILE", help="timm's results-imagenet.csv")
    parser.add_argument("--manifest", type=Path, default=Path("generated/manifest.json"), help="default: %(default)s")
    parser.add_argument("--parity", type=Path, default=Path("docs/parity.json"), help="default: %(default)s")
    parser.add_argument("--top", type=int, default=40, metavar="N", help="lines of text: %(default)d; 0 for all")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write all lines as CSV")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw accuracy against throughput")
    return parser


def build_support_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transpiler.scout support",
        description="The table of torch names that are understood, from transpiler/rules.",
    )
    page = Path("docs/support.md")
    parser.add_argument("--out", type=Path, default=page, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if FILE is out of date")
    return parser


def build_breadth_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transpiler.scout breadth",
        description="The modules of a package: transpiled, or refused and why. Nothing is written but data and page.",
    )
    parser.add_argument("package", nargs="?", default="timm.models", metavar="PACKAGE", help="default: %(default)s")
    data = Path("docs/breadth.json")
    parser.add_argument("--json", type=Path, default=data, metavar="FILE", help="page beside it (default: %(default)s)")
    parser.add_argument("--parity", type=Path, default=Path("docs/parity.json"), help="default: %(default)s")
    return parser


def _breadth(options: argparse.Namespace) -> int:
    equal = equal_architectures(options.parity)
    with ProgressBar() as progress:
        breadth = measure_breadth(options.package, progress)
    for line in (*(row.line() for row in breadth.rows), *breadth_summary(breadth.rows)):
        print(line)
    options.json.write_text(breadth.to_json(), encoding="utf-8")
    page = options.json.with_suffix(".md")
    page.write_text(breadth.page(options.json.name, equal), encoding="utf-8")
    overrides = options.json.with_name("overrides.md")
    overrides.write_text(breadth.page_of_overrides(options.json.name), encoding="utf-8")
    print(f"wrote {options.json}, {page} and {overrides}")
    return 0


def _scout(options: argparse.Namespace) -> int:
    speeds = read_speeds(options.results)
    older = read_speeds(options.since) if options.since else []
    everything = rank(speeds, read_accuracies(options.accuracy) if options.accuracy else {})
    wanted = new_since(speeds, older)
    standing = Standing(options.manifest, options.parity)
    chosen = [(each, standing.of(each.arch)) for each in everything if each.arch in wanted]
    what = f" that are not in {options.since.name}" if options.since else ""
    print(f"{len(chosen)} of {len(everything)} architectures in {options.results.name}{what}")
    for line in _table(chosen[: options.top or None]):
        print(line)
    if options.csv:
        _write_csv(options.csv, chosen)
    if options.svg:
        from .picture import draw

        drawn = draw(everything, wanted, lambda arch: standing.of(arch).name)
        options.svg.write_text(drawn, encoding="utf-8")
    return 0


def _table(rows: Sequence[tuple[Candidate, State]]) -> list[str]:
    width = max([len("architecture"), *(len(each.arch) for each, _ in rows)])
    lines = [f"{'architecture':<{width}}   px   top-1    gap  images/s  Mparam  state"]
    for each, state in rows:
        top1 = f"{each.top1:5.2f}" if each.top1 is not None else "    -"
        gap = "front" if each.on_front else "    -" if each.gap is None else f"{each.gap:5.2f}"
        figures = f"{each.img_size:>4}   {top1}  {gap}  {each.throughput:>8.1f}  {each.parameters:>6.1f}"
        lines.append(f"{each.arch:<{width}} {figures}  {state}")
    return lines


def _write_csv(path: Path, rows: Sequence[tuple[Candidate, State]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_FIELDS)
        for each, state in rows:
            top1 = "" if each.top1 is None else f"{each.top1:.3f}"
            gap = "" if each.gap is None else f"{each.gap:.3f}"
            writer.writerow(
                (each.arch, each.img_size, each.throughput, each.parameters, top1, gap, state.name, state.reason)
            )


def _support(options: argparse.Namespace) -> int:
    page = support_page()
    if options.check:
        current = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
        if not is_same_page(current, page):
            command = f"python -m transpiler.scout support --out {options.out}"
            print(f"{options.out} is not what the rule table says; write it anew with: {command}", file=sys.stderr)
            return 1
        return 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page, encoding="utf-8")
    print(f"wrote {options.out}")
    return 0
