"""A module of timm comes out the same alone, beside others, and added later."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from transpiler.cli import main

FIRST, SECOND = "timm.models.mlp_mixer", "timm.models.convnext"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return transpiled(tmp_path_factory.mktemp("alone") / "package", FIRST)


def transpiled(folder: Path, *modules: str) -> Path:
    assert main([*modules, "--out", str(folder)]) == 0
    return folder


def definitions(folder: Path) -> dict[tuple[str, str], str]:
    """Text of each class and function, by its file and name.

    Where all callers there are pass a parameter, its shape is read off; where others pass a tensor, it is asked for.
    """
    found = {}
    for path in sorted((folder / "timm").rglob("*.py")):
        source = re.sub(r"ops\.shape\((\w+)\)", r"\1.shape", path.read_text())
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found[str(path.relative_to(folder)), node.name] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_definitions_do_not_hang_on_what_else_is_transpiled(alone, generated_folder):
    ours, together = definitions(alone), definitions(generated_folder)
    assert len(ours) > 50
    assert {key for key, text in ours.items() if together.get(key) != text} == set()


def test_added_later_is_as_both_at_once(alone, tmp_path):
    before = definitions(alone)
    transpiled(alone, SECOND)
    assert files(alone) == files(transpiled(tmp_path / "package", FIRST, SECOND))
    assert before.items() <= definitions(alone).items()
