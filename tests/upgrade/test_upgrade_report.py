"""The report of an upgrade, on two releases of a package that the test writes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from transpiler.cli import main
from transpiler.overrides import definition_hash
from transpiler.upgrade.report import upgrade_report

HEAD = "import torch\nimport torch.nn as nn\n"
REGISTRY = "def register_model(fn):\n    return fn\n"
GELU = "def gelu(x: torch.Tensor):\n    return torch.relu(x)\n"
HARD = "def hard(x: torch.Tensor):\n    return torch.fft.fft(x)\n"
BLOCK = "class Block(nn.Module):\n    def forward(self, x: torch.Tensor):\n        return gelu(x)\n"
MODEL = """\
from ._registry import register_model
{extra}
@register_model
def net_small(pretrained=False):
    return Block()


@register_model
def net_plain(pretrained=False):
    return nn.Identity()
"""
OLD = {
    "__init__": "",
    "version": "__version__ = '1.0'\n",
    "_registry": REGISTRY,
    "parts": HEAD + GELU + HARD + BLOCK,
    "model": HEAD + "from .parts import Block, hard\n" + MODEL.format(extra="def f(x: torch.Tensor): return hard(x)\n"),
    "gone": "def nothing(): pass\n",
    "tools": "def first(): return 1\ndef second(): return 2\n",
}
NEW = {
    **{name: text for name, text in OLD.items() if name not in ("gone", "tools")},
    "version": "__version__ = '2.0'\n",
    "parts": HEAD + "from .act import gelu\n" + HARD.replace("fft(x)", "fft(x, norm='ortho')") + BLOCK,
    "act": HEAD + GELU.replace("relu", "sigmoid"),
    "helpers": OLD["tools"],
    "model": OLD["model"] + "\n\n@register_model\ndef net_large(pretrained=False):\n    return Block()\n",
    "other": HEAD + "def g(x):\n    return torch.special.zeta(x, x) + torch.relu(x)\n",
}


def _folder(path: Path, release: dict[str, str]) -> Path:
    for name, text in release.items():
        (path / "net").mkdir(parents=True, exist_ok=True)
        (path / f"net/{name}.py").write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An old release as a folder and a new one as a wheel; `hard` is overridden, as it was read in the old one."""
    overrides = tmp_path / "overrides"
    (overrides / "net").mkdir(parents=True)
    (overrides / "net/parts.py").write_text("import tensorflow as tf\n\n\ndef hard(x):\n    return tf.signal.fft(x)\n")
    (overrides / "index.toml").write_text(
        '[[override]]\nsymbol = "absent_package.parts.hard"\nversions = ">=1"\nhash = "0"\nreason = "r"\n'
        f'[[override]]\nsymbol = "net.parts.hard"\nversions = ">=1,<9"\nhash = "{definition_hash(HARD)}"\nreason = "r"\n'
    )
    monkeypatch.setattr("transpiler.pipeline.folder", lambda name: overrides)
    monkeypatch.setattr("transpiler.upgrade.report.folder", lambda name: overrides)
    wheel = tmp_path / "net-2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in NEW.items():
            archive.writestr(f"net/{name}.py", text)
    return _folder(tmp_path / "old", OLD), wheel


@pytest.fixture
def report(releases):
    return upgrade_report(*map(str, releases), ["net.model"], lambda *_: None)


def test_what_is_new_gone_and_moved(report):
    drift = report.drift
    assert (report.old, report.new) == ("net 1.0", "net 2.0")
    assert (drift.new_modules, drift.removed_modules) == (("net.act", "net.other"), ("net.gone",))
    assert [(m.old, m.new, m.changed) for m in drift.moved_modules] == [("net.tools", "net.helpers", False)]
    moves = {(m.name, m.old, m.new, m.changed) for m in drift.moved_symbols}
    assert ("gelu", "net.parts", "net.act", True) in moves and ("first", "net.tools", "net.helpers", False) in moves
    assert drift.new_architectures == ("net_large",) and drift.new_symbols == ("net.model.net_large",)
    assert "net.parts.hard" in drift.changed_symbols and "net.parts.Block" not in drift.changed_symbols


def test_torch_names_new_to_the_table_have_their_place(report):
    assert [(each.name, each.where) for each in report.torch_names] == [("torch.special.zeta", "net/other.py:4")]


def test_a_stale_override_shows_both_texts_side_by_side(report):
    (stale,) = report.stale
    assert stale.symbol == "net.parts.hard" and "O201" in stale.problem and "--accept-override" in stale.hint
    changed = [line for line in stale.lines if " | " in line]
    assert changed and "torch.fft.fft(x)" in changed[0] and "norm='ortho'" in changed[0].split(" | ")[1]


def test_a_module_with_a_stale_override_is_refused_and_says_so(report):
    assert any("O201" in each and "net/parts.py:4" in each for each in report.refusals)


@pytest.fixture
def accepted(releases, tmp_path):
    """The report when the new definition of the overridden symbol has been read."""
    index = tmp_path / "overrides/index.toml"
    new = NEW["parts"].partition("class")[0].partition("gelu\n")[2]
    index.write_text(index.read_text() + f'also = [{{ versions = ">=2", hash = "{definition_hash(new)}" }}]\n')
    return upgrade_report(*map(str, releases), ["net.model"], lambda *_: None)


def test_generated_files_that_change_come_with_their_diff(accepted):
    assert accepted.stale == () and accepted.refusals == ()
    assert [(file.path, file.status) for file in accepted.files] == [
        ("net/act.py", "new"),
        ("net/model.py", "changed"),
        ("net/parts.py", "changed"),
    ]
    assert "+    return tf.sigmoid(x)" in accepted.files[0].lines


def test_only_architectures_that_reach_a_change_are_to_be_verified(accepted):
    assert accepted.verify == (("net/model.py", ("net_small",)),)


def test_the_same_release_twice_reports_nothing(releases):
    report = upgrade_report(str(releases[0]), str(releases[0]), ["net.model"], lambda *_: None)
    assert not (report.files or report.stale or report.verify or report.torch_names or report.refusals)
    assert "No generated file changes" in report.text()


def test_the_command_prints_text_and_writes_markdown(releases, tmp_path, capsys):
    page = tmp_path / "report.md"
    arguments = ["net.model", "--upgrade-report", *map(str, releases), "--markdown", str(page)]
    assert main(arguments) == 0
    text, markdown = capsys.readouterr().out, page.read_text(encoding="utf-8")
    assert text.startswith("From net 1.0 to net 2.0") and "net.parts.hard" in text and "\n\n\n" not in text
    assert markdown.startswith("# net 1.0 → net 2.0") and "| overrides to be read again | 1 |" in markdown
    assert markdown.count("<details>") == markdown.count("</details>") > 3


@pytest.mark.parametrize("named", ["9.9.9", "nowhere.whl"])
def test_a_release_that_is_not_there_is_one_clear_line(releases, capsys, named):
    assert main(["net.model", "--upgrade-report", str(releases[0]), named]) == 2
    assert "S109" in capsys.readouterr().err
