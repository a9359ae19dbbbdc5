"""docs/support.md is what the rule table says."""

from __future__ import annotations

from pathlib import Path

from transpiler import rules
from transpiler.scout.cli import main
from transpiler.scout.support_table import is_same_page, support_page

PAGE = Path(__file__).parents[2] / "docs" / "support.md"


def test_page_is_up_to_date():
    command = "python -m transpiler.scout support --out docs/support.md"
    assert is_same_page(PAGE.read_text(encoding="utf-8"), support_page()), f"write it anew: {command}"


def test_every_name_has_a_line():
    page = support_page()
    assert [name for name in rules.by_name() if f"| `{name}` |" not in page] == []


def test_every_op_says_what_it_becomes():
    assert [line for line in support_page().splitlines() if "| Op |  |" in line] == []


def test_command_writes_and_checks(tmp_path, capsys):
    page = tmp_path / "docs" / "support.md"
    assert main(["support", "--out", str(page)]) == 0
    assert main(["support", "--out", str(page), "--check"]) == 0
    page.write_text(page.read_text().replace("signatures are those of torch 2", "signatures are those of torch 9"))
    assert main(["support", "--out", str(page), "--check"]) == 0
    page.write_text(page.read_text().replace("tf.exp", "tf.sin"))
    assert main(["support", "--out", str(page), "--check"]) == 1
    assert "python -m transpiler.scout support" in capsys.readouterr().err
