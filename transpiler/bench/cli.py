"""The command line of the benchmarks; the only place that prints. Exit status: 0 done, 2 not possible."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..verify.errors import VerifyError
from .errors import BenchError
from .machine import machine_facts
from .peers import COMPILED, OURS, TORCH

PACKAGES = ("tensorflow", "keras", "torch", "timm", "keras-hub", "zeromodels", "kimm", "tfswin", "numpy")
TRANSPILE = "transpile"
KIND = ("arch", "batch", "mode", "model")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not options.arch and not options.page:
        parser.error("name an architecture")
    if options.again and not options.json:
        parser.error("--again needs --json FILE")
    try:
        if options.page:
            _write_page(options.page)
        elif options.arch == [TRANSPILE]:
            _bench_transpile(options)
        elif len(options.arch) == 1 and len(options.batch) == 1:
            _bench_one(options)
        else:
            _bench_each(options)
    except (BenchError, VerifyError) as error:
        if options.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transpiler.bench", description=__doc__)
    parser.add_argument(
        "arch", nargs="*", help=f"architectures; rsbuilding_vit_b, with RSBUILDING_ROOT; or {TRANSPILE}"
    )
    parser.add_argument("--batch", type=_positive, nargs="+", default=[1], metavar="N", help="default: 1")
    parser.add_argument("--mode", choices=("infer", "train"), default="infer", help="default: infer")
    parser.add_argument(
        "--against", metavar="NAMES", help="comma-separated; default: torch, torch-compile and every installed peer"
    )
    parser.add_argument("--package", type=Path, default=Path("generated"), metavar="DIR", help="default: generated")
    parser.add_argument("--repeats", type=_positive, default=10, help="default: %(default)d")
    parser.add_argument("--threads", type=_positive, help="default: all usable cores")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="keep the figures here; what is there is not measured again"
    )
    parser.add_argument(
        "--again", action="store_true", help="measure what FILE holds once more, and keep the ratios beside its own"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="measure nothing; write FILE.json as FILE.md, with pictures beside it"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _bench_each(options: argparse.Namespace) -> None:
    """Every architecture and batch in a process of its own, so that none inherits another's memory."""
    done = {(row["arch"], row["batch"], row["mode"]) for row in _read(options.json).get("results", [])}
    for arch in options.arch:
        for batch in options.batch:
            if (arch, batch, options.mode) in done and not options.again:
                print(f"{arch}, batch {batch}, {options.mode}: measured before", flush=True)
                continue
            command = [sys.executable, "-m", "transpiler.bench", arch, "--batch", str(batch)]
            for name in ("mode", "against", "package", "repeats", "threads", "json"):
                value = getattr(options, name)
                command += [] if value is None else [f"--{name}", str(value)]
            command += ["--again"] if options.again else []
            if subprocess.run(command, check=False).returncode:
                print(f"{arch}, batch {batch}: not measured", file=sys.stderr)


def _bench_one(options: argparse.Namespace) -> None:
    (arch,), (batch,) = options.arch, options.batch
    facts = machine_facts(PACKAGES)
    facts["threads"] = options.threads or int(facts["cores"])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["OMP_NUM_THREADS"] = str(facts["threads"])
    from .rivals import installed_peers  # torch and tensorflow in their order

    _set_threads(int(facts["threads"]))
    from .compare import compare

    installed, absent = installed_peers(arch)
    for name in absent:
        print(f"{name} is not installed and left out: pip install -e '.[bench]'", flush=True)
    against = options.against.split(",") if options.against else [TORCH, COMPILED, *installed]
    records, peak = compare(options.package, arch, batch, options.mode, against, options.repeats)
    for record in records:
        print(_line(record), flush=True)
    print(f"matmul peak {peak:.0f} GFLOP/s")
    records[0] |= {"matmul peak GFLOP/s": round(peak, 1), "load": facts["load"]}
    if options.again:
        _keep_ratios(options.json, records)
    else:
        _keep(options.json, facts, records)


def _write_page(path: Path) -> None:
    from .page import draw, render_page

    if not path.exists():
        raise BenchError(f"there is no {path}")
    found = _read(path)
    path.with_suffix(".md").write_text(render_page(found, path.name), encoding="utf-8")
    draw(found, path.parent)


def _set_threads(threads: int) -> None:
    import tensorflow as tf
    import torch

    torch.set_num_threads(threads)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _bench_transpile(options: argparse.Namespace) -> None:
    from .transpile import bench_transpile

    facts = machine_facts(PACKAGES)
    records = bench_transpile(min(options.repeats, 3))
    for record in records:
        phases = ", ".join(f"{name} {figure:.1f}" for name, figure in record["phases"].items())
        print(f"{record['module']}, {record['state']}: {_seconds(record)}, cpu {record['cpu']:.1f} s; {phases}")
    if options.json:
        _write(options.json, {"benchmark": TRANSPILE, "machine": facts, "results": records})


def _line(record: dict[str, Any]) -> str:
    graph = f", {record['graph operations']} operations" if "graph operations" in record else ""
    error = f", error {record['error']:.1e}" if record.get("error") is not None else ""
    start = f"{record['arch']}, batch {record['batch']}, {record['mode']}, {record['model']}"
    return f"{start}: {_seconds(record)}, cpu {record['cpu'] * 1e3:.0f} ms, x{record['ratio']:.2f}{graph}{error}"


def _seconds(record: dict[str, Any]) -> str:
    return f"{record['median'] * 1e3:.1f} ms ({record['lower'] * 1e3:.1f} to {record['upper'] * 1e3:.1f})"


def _keep(path: Path | None, facts: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """Put the records in the place of earlier ones of the same kind."""
    if path is None:
        return
    kind = [records[0][name] for name in ("arch", "batch", "mode")]
    old = _read(path)
    others = [row for row in old.get("results", []) if [row["arch"], row["batch"], row["mode"]] != kind]
    machine = {**old.get("machine", {}), **facts}  # environments differ in the peers that they have
    _write(path, {**old, "benchmark": "models", "machine": machine, "results": [*others, *records]})


def _keep_ratios(path: Path, records: list[dict[str, Any]]) -> None:
    """Put the ratios of another run beside those of the first."""
    old = _read(path)
    new = {tuple(record[name] for name in KIND): record["ratio"] for record in records}
    for row in old.get("results", []):
        kind = tuple(row[name] for name in KIND)
        if kind in new and row["model"] != OURS:
            row.setdefault("ratios again", []).append(round(new[kind], 3))
    _write(path, old)


def _read(path: Path | None) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else {}


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
