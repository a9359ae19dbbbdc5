"""The command line of the releases; the only place that prints.

Exit status: 0 all that was written matches; 1 something does not; 2 the request could not be carried out;
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version
from tqdm import tqdm

from ...diagnostics import TranspileError
from ..errors import VerifyError
from .matrix import check_release, find_releases
from .page import render_page
from .record import ReleaseResult, read_results, write_results


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return _run(options)
    except (VerifyError, TranspileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\ninterrupted; finished releases are in {options.json}", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transpiler.verify.releases",
        description="Transpile the road map's modules from several releases of timm and compare each with its release.",
        epilog="Exit status: 0 what was written matches, 1 not all does, 2 not carried out, 130 interrupted.",
    )
    parser.add_argument("wheels", type=Path, metavar="WHEELS", help="folder with timm-*.whl")
    parser.add_argument("--json", type=Path, default=Path("docs/releases.json"), help="default: %(default)s")
    parser.add_argument("--page", type=Path, default=Path("docs/releases.md"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the generated packages here")
    parser.add_argument("--fresh", action="store_true", help="do again what the results already hold")
    return parser


def _run(options: argparse.Namespace) -> int:
    results = read_results(options.json)
    with tempfile.TemporaryDirectory() as temporary:
        work = options.out or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        for release in tqdm(find_releases(options.wheels), unit="release", file=sys.stderr):
            kept = None if options.fresh else results.get(release.version)
            results[release.version] = check_release(release, work, kept, _say)
            write_results(options.json, _newest_first(results))
            options.page.write_text(render_page(_newest_first(results)), encoding="utf-8")
    models = [model for result in results.values() for model in result.models]
    return 0 if all(model.status in ("pass", "absent") for model in models) else 1


def _newest_first(results: dict[str, ReleaseResult]) -> list[ReleaseResult]:
    return sorted(results.values(), key=lambda result: Version(result.version), reverse=True)


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()
