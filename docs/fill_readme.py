"""Writes the measured figures of docs/*.json into README.md, between the marks that name them.

python docs/fill_readme.py            writes README.md
python docs/fill_readme.py --check    changes nothing; exit status 1 if README.md is not up to date
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
NO_DATA = "_Not measured yet._"


def main() -> int:
    old = README.read_text(encoding="utf-8")
    new = filled(old)
    if "--check" in sys.argv[1:]:
        return int(new != old)
    README.write_text(new, encoding="utf-8")
    return 0


def filled(text: str) -> str:
    """The README with every marked part written anew."""
    for name, section in (("parity", parity), ("speed", speed), ("transpile", transpile), ("memory", memory)):
        mark = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text, count = mark.subn(lambda match, section=section: f"{match[1]}{section()}\n{match[2]}", text)
        assert count == 1, f"README.md has {count} marks for {name}"
    return text


def parity() -> str:
    rows = [row for row in _read("parity.json") if not row.get("arguments")]
    if not rows:
        return NO_DATA
    by_module = groupby(sorted(rows, key=lambda row: row["module"]), key=lambda row: row["module"])
    registered = {row["module"]: row["architectures"] for row in _read("breadth.json")["rows"]}
    whole, samples, of = [], [], 0
    for module, each in by_module:
        members = list(each)
        if len(members) >= registered.get(module, 0):
            whole.append(_parity_line(f"`{module}`", members))
        else:
            samples += members
            of += 1
    lines = [*whole, *([_parity_line(f"samples of {of} more", samples)] if samples else [])]
    versions = {f"{name} {version}" for row in rows for name, version in row["versions"].items()}
    return "\n".join(
        [
            *_header("module", "architectures", "pass", "at reduced depth", "largest error"),
            *lines,
            "",
            f"With {', '.join(sorted(versions))}.",
        ]
    )


def _parity_line(module: str, rows: list[dict[str, Any]]) -> str:
    errors = [
        check["error"]
        for row in rows
        for name, check in row["checks"].items()
        if check.get("error") is not None and name != "gradients"
    ]
    passed, reduced = sum(row["status"] == "pass" for row in rows), sum(bool(row["reduced"]) for row in rows)
    return f"| {module} | {len(rows)} | {passed} | {reduced} | {max(errors, default=0.0):.1e} |"


def memory() -> str:
    data = _read("sam_memory.json")
    if not data:
        return NO_DATA
    lines = [f"| {row['way']} | {row['peak_mib'] / 1024:.1f} GiB |" for row in data["rows"]]
    size = "×".join(map(str, data["input"]))
    return "\n".join([*_header(f"`{data['arch']}`, {size}", "peak"), *lines])


def speed() -> str:
    data = _read("bench.json")
    if not data:
        return NO_DATA

    def kind(row: dict[str, Any]) -> tuple[str, str, int]:
        return row["arch"], row["mode"], row["batch"]

    rows = groupby(sorted(data["results"], key=kind), key=kind)
    columns = ("architecture", "batch", "generated", "torch", "torch.compile", "fastest TensorFlow peer")
    return "\n".join([*_header(*columns), *(_speed_line(list(each)) for _, each in rows), "", _machine(data)])


def _speed_line(rows: list[dict[str, Any]]) -> str:
    ratios = {row["model"]: f"{row['ratio']:.2f}" for row in rows}
    peers = [row for row in rows if row["model"] not in ("generated", "torch", "torch-compile", "hand-written")]
    best = min(peers, key=lambda row: row["ratio"], default=None)
    peer = f"{best['ratio']:.2f} {best['model']}" if best else ""
    mode = ", training step" if rows[0]["mode"] == "train" else ""
    batch = f"{rows[0]['batch']}{mode}"
    times = f"{rows[0]['median'] * 1e3:.0f} ms | {ratios.get('torch', '')} | {ratios.get('torch-compile', '')}"
    return f"| `{rows[0]['arch']}` | {batch} | {times} | {peer} |"


def transpile() -> str:
    data = _read("bench_transpile.json")
    if not data:
        return NO_DATA
    lines = [
        f"| `{row['module']}` | {row['state']} | {row['median']:.1f} s | {row['cpu']:.1f} s |"
        for row in data["results"]
    ]
    tables = [*_header("module", "state", "median", "of the CPU"), *lines, "", *_phases(data["results"])]
    return "\n".join([*tables, "", _machine(data)])


def _phases(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Where the time goes after an edit, and with all of timm."""
    shown = [row for row in rows if row["state"] == "one file edited" or row["module"] == "--all"]
    names = [name for name in shown[0]["phases"] if name != "all"]
    yield from _header("seconds", *names, "else")
    for row in shown:
        spent = row["phases"]
        rest = spent["all"] - sum(spent.get(name, 0.0) for name in names[1:])
        figures = [f"{spent.get(name, 0.0):.2f}" for name in names] + [f"{rest:.2f}"]
        label = f"`{row['module']}`" + ("" if row["state"] == "one file edited" else f", {row['state']}")
        yield f"| {label} | {' | '.join(figures)} |"


def _header(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---|" + "---:|" * (len(columns) - 1)


def _machine(data: dict[str, Any]) -> str:
    return "On " + ", ".join(f"{name} {value}" for name, value in data["machine"].items()) + "."


def _read(name: str) -> Any:
    path = DOCS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
