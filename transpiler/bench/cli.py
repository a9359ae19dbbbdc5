"""The command line of the benchmarks; the only place that prints. Exit status: 0 done, 2 not possible."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..verify.errors import VerifyError
from .errors import BenchError
from .machine import machine_facts

PACKAGES = ("tensorflow", "keras", "keras-hub", "timm", "numpy")


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        facts = machine_facts(PACKAGES)
        print(", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
        records = _bench_vit(options, facts) if options.benchmark == "vit" else _bench_transpile(options)
        for record in records:
            print(_line(record))
        if options.json:
            _write(options.json, {"benchmark": options.benchmark, "machine": facts, "results": records})
    except (BenchError, VerifyError) as error:
        if options.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transpiler.bench", description=__doc__)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    benchmarks = parser.add_subparsers(dest="benchmark", required=True)
    vit = benchmarks.add_parser("vit", parents=[common], help="generated ViT-B/16 against a hand-written one")
    vit.add_argument("--package", type=Path, default=Path("generated"), metavar="DIR", help="default: generated")
    vit.add_argument("--repeats", type=_positive, default=30, help="default: %(default)d")
    vit.add_argument("--threads", type=_positive, help="default: all usable cores")
    vit.add_argument("--jit-compile", action="store_true", help="compile both with XLA")
    transpile = benchmarks.add_parser(
        "transpile", parents=[common], help="seconds to transpile Swin, ViT and all of timm"
    )
    transpile.add_argument("--repeats", type=_positive, default=3, help="default: %(default)d")
    return parser


def _bench_vit(options: argparse.Namespace, facts: dict[str, Any]) -> list[dict[str, Any]]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    threads = options.threads or int(facts["cores"])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    facts |= {"intra-op threads": threads, "inter-op threads": 1}
    print(f"threads: {threads} within an operation, 1 across operations", flush=True)

    from .vit import bench_vit

    return bench_vit(options.package, options.repeats, options.jit_compile)


def _bench_transpile(options: argparse.Namespace) -> list[dict[str, Any]]:
    from .transpile import bench_transpile

    return bench_transpile(options.repeats)


def _line(record: dict[str, Any]) -> str:
    seconds = f"{record['median'] * 1e3:.1f} ms ({record['lower'] * 1e3:.1f} to {record['upper'] * 1e3:.1f})"
    if "batch" in record:
        return f"{record['model']}, batch {record['batch']}: {seconds}, ratio {record['ratio']:.3f}"
    phases = ", ".join(f"{name} {figure:.1f}" for name, figure in record["phases"].items())
    return f"{record['module']}, {record['state']}: {seconds}, CPU {record['cpu']:.1f} s; {phases}"


def _write(path: Path, data: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror}") from error


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
