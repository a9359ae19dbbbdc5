"""The command line of the training comparison. Exit status: 0 the curves agree, 1 they don't, 2 not possible."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import VerifyError
from ..package import import_package
from .plot import plot

LOSS_TOLERANCE = {"sgd": 1e-5, "adamw": 1e-3}  # epsilon counts differently in the two AdamW, see curves.py


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        found = _compared(options.package)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        if options.plot:
            plot(found, options.plot)
    except VerifyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return int(any(row["loss_error"] > LOSS_TOLERANCE[row["optimizer"]] for row in found["rows"]))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transpiler.verify.training", description=__doc__)
    parser.add_argument("--package", type=Path, default=Path("generated"), metavar="DIR", help="default: generated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the curves here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them here (needs matplotlib)")
    return parser


def _compared(folder: Path) -> dict[str, Any]:
    from tqdm import tqdm

    from .. import frameworks
    from . import curves

    package = import_package(folder)
    rows: list[dict[str, Any]] = []
    for model in tqdm(curves.MODELS, disable=None):
        for optimizer in curves.OPTIMIZERS:
            found = curves.training_curves(package, model, optimizer)
            rows.append({"arch": model.arch, "arguments": model.kwargs, "image": model.size, "optimizer": optimizer})
            rows[-1] |= {"torch": found.torch, "tensorflow": found.tensorflow, "loss_error": found.loss_error}
            rows[-1] |= {"state_error": max(found.state_errors.values())}
            print(f"{model.arch}, {optimizer}: losses within {found.loss_error:.1e}", flush=True)
    return {
        "command": "python -m transpiler.verify.training --json docs/training.json --plot docs/training.png",
        "versions": frameworks.versions(),
        "batch": curves.BATCH,
        "sgd": curves.SGD,
        "adamw": curves.ADAMW,
        "rows": rows,
    }
