"""The command line of the exports; the only place that prints.

Exit status: 0 all pass that are for a model's own size; 1 not all do; 2 the request could not be carried out;
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import VerifyError
from ..package import Fingerprints, import_package
from .models import FORMATS


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return _run(options)
    except VerifyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\ninterrupted; finished exports are in {options.json}", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transpiler.verify.exports",
        description="Export whole models, load them again, and compare each with timm; what is known is not repeated.",
        epilog="ONNX needs tf2onnx, onnx and onnxruntime.",
    )
    parser.add_argument("--package", type=Path, default=Path("generated"), metavar="DIR", help="default: %(default)s")
    parser.add_argument(
        "--json", type=Path, default=Path("docs/export.json"), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--page", type=Path, default=Path("docs/export.md"), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--only", metavar="ARCH", help="one architecture")
    parser.add_argument("--format", choices=FORMATS, help="one format")
    return parser


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from . import formats, models, page, process, record

    package, fingerprints = import_package(options.package), Fingerprints(options.package)
    results = record.read_results(options.json)
    wanted = [
        each
        for each in models.all_exports()
        if options.only in (None, each.model.arch) and options.format in (None, each.format)
    ]
    for export in tqdm(wanted, unit="export", file=sys.stderr, disable=None):
        said = f"{export.model.arch}, {export.format}{', any size' * export.takes_any_size}"
        missing = formats.missing_packages(export.format)
        if missing:
            tqdm.write(f"{said}: left out, needs {', '.join(missing)}", file=sys.stdout)
            continue
        module = package.model_entrypoint(export.model.arch).__module__.removeprefix(f"{package.__name__}.")
        fingerprint, versions = fingerprints.of(module), formats.versions(export.format)
        known = results.get(export.key)
        if known and (known.fingerprint, known.versions) == (fingerprint, versions):
            continue
        result = process.check_in_a_process(options.package, export, fingerprint, versions)
        results[export.key] = result
        ordered = [results[each.key] for each in models.all_exports() if each.key in results]
        record.write_results(options.json, ordered)
        options.page.write_text(page.render_page(ordered), encoding="utf-8")
        figure = "" if result.error is None else f" {result.error:.1e}"
        tqdm.write(f"{said}: {result.status}{figure} {result.reason}".rstrip(), file=sys.stdout)
    own_size = [result for result in results.values() if not result.takes_any_size]
    return int(any(result.status != "pass" for result in own_size))
