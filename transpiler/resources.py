"""Where the files that belong to the transpiler lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The `templates` or `overrides` folder."""
    inside = PACKAGE / "_data" / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def runtime_files() -> list[Path]:
    """The runtime's files, sorted."""
    return sorted(p for p in (PACKAGE / "runtime").rglob("*.py") if "__pycache__" not in p.parts)
