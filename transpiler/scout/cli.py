"""The command line of the documentation's pages; the only place that prints.

Exit status: 0 written or up to date, 1 --check found that the page is out of date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .support_table import is_same_page, support_page


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
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


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transpiler.scout", description=__doc__)
    pages = parser.add_subparsers(dest="page", required=True)
    support = pages.add_parser("support", help="the table of torch names that are understood, from transpiler/rules")
    page = Path("docs/support.md")
    support.add_argument("--out", type=Path, default=page, metavar="FILE", help="default: %(default)s")
    support.add_argument("--check", action="store_true", help="write nothing; exit 1 if FILE is out of date")
    return parser
