"""The command line of the verifier; the only place that prints or decides the exit status.

Exit status: 0 everything passed; 1 something did not; 2 the request could not be carried out; 130 interrupted.
"""

from __future__ import annotations

import argparse
import ast
import gc
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import VerifyError
from .record import TOLERANCES, Row, Settings
from .store import read_rows


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return _write_page(*options.page) if options.page else _verify(options)
    except VerifyError as error:
        if options.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if options.debug:
            raise
        kept = f"; finished rows are in {options.json}, the same command goes on from there" if options.json else ""
        print(f"\ninterrupted{kept}", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m transpiler.verify",
        description="Compare generated models with timm's, holding the same random weights.",
        epilog="Exit status: 0 all passed, 1 not all, 2 the request could not be carried out, 130 interrupted.",
    )
    parser.add_argument("archs", nargs="*", metavar="ARCH", help="architecture, or a shell pattern such as 'swin_*'")
    parser.add_argument("--module", action="append", default=[], metavar="M", help="every architecture of this module")
    parser.add_argument("--all", action="store_true", help="every architecture of the modules in the package")
    parser.add_argument("--package", type=Path, default=Path("generated"), metavar="DIR", help="default: generated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep rows here, and skip those still valid")
    parser.add_argument("--fresh", action="store_true", help="verify again what FILE already holds")
    parser.add_argument("--shard", metavar="I/N", help="only part I (from 1) of N")
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        dest="arguments",
        metavar="KEY=VALUE",
        help="an argument for create_model",
    )
    parser.add_argument("--quick", action="store_true", help="reduced depth; only eager and tf.function")
    parser.add_argument("--gradients", action="store_true", help="also compare the gradient of every parameter")
    usual = ", ".join(f"{value:g} in {dtype}" for dtype, value in TOLERANCES.items())
    parser.add_argument("--tolerance", type=float, help=f"default: {usual}")
    parser.add_argument(
        "--dtype",
        choices=TOLERANCES,
        default=defaults.dtype,
        help="of models and images: float64 tells a fault from rounding that a deep random model enlarges",
    )
    parser.add_argument(
        "--memory-limit", type=float, default=defaults.memory_gib, metavar="GIB", help="larger is reduced: %(default)g"
    )
    parser.add_argument(
        "--tflop-limit",
        type=float,
        default=defaults.tflop,
        metavar="T",
        help="an image; larger is reduced: %(default)g",
    )
    parser.add_argument(
        "--page", nargs=2, type=Path, metavar=("FILE.json", "OUT.md"), help="only render FILE as a page"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _verify(options: argparse.Namespace) -> int:
    if not (options.archs or options.module or options.all):
        raise VerifyError("name an architecture, or use --module or --all")
    from .frameworks import use_exact_float32, versions  # slow, and not needed for --help or --page
    from .package import import_package
    from .selection import architectures, modules_of, take_shard
    from .sweep import Sweep

    use_exact_float32()
    gc.collect()
    gc.freeze()  # the frameworks' own objects stay: looking through them takes a third of a second each time
    package = import_package(options.package)
    modules = [*options.module, *(modules_of(package.list_models()) if options.all else [])]
    archs = architectures(options.archs, modules)
    if options.shard:
        archs = take_shard(archs, options.shard)
    sweep = Sweep(
        package,
        options.package,
        _settings(options),
        versions(),
        options.json,
        dict(map(_argument, options.arguments)),
        options.fresh,
        options.debug,
    )
    rows = sweep.run(archs, _say)
    print(_tally(rows))
    return 0 if all(row.status == "pass" for row in rows) else 1


def _settings(options: argparse.Namespace) -> Settings:
    tolerance = TOLERANCES[options.dtype] if options.tolerance is None else options.tolerance
    limits = options.memory_limit, options.tflop_limit
    return Settings(options.quick, options.gradients, tolerance, *limits, options.dtype)


def _argument(text: str) -> tuple[str, Any]:
    """`window_size=7` as a key and a Python value; what is no literal is a string."""
    key, equals, value = text.partition("=")
    if not (key.isidentifier() and equals):
        raise VerifyError(f"--with takes KEY=VALUE, such as window_size=7, not {text!r}")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def _write_page(source: Path, target: Path) -> int:
    from .page import render_page

    if not source.is_file():
        raise VerifyError(f"no results file {source}")
    try:
        target.write_text(render_page(read_rows(source).values()), encoding="utf-8")
    except OSError as error:
        raise VerifyError(f"cannot write {target}: {error.strerror}") from error
    print(f"wrote {target}")
    return 0


def _say(line: str) -> None:
    from tqdm import tqdm

    tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()


def _tally(rows: Sequence[Row]) -> str:
    counts = Counter(row.status for row in rows)
    return f"{len(rows)} architectures: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
