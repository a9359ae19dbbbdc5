"""An override that stands for several definitions of its symbol, and what else makes an entry stale."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_sources import Run

from transpiler.accept_override import accept_upstream
from transpiler.overrides import definition_hash

NEW = "def hard(x: torch.Tensor):\n    return torch.fft.fft(x)\n"
OLD = "def hard(x):\n    return torch.fft.fft(x)\n"
EASY = "def hard(x: torch.Tensor):\n    return torch.relu(x)\n"
BY_HAND = "import tensorflow as tf\n\n\ndef hard(x):\n    return tf.signal.fft(x)\n"
HEAD = "import torch\n"
USE = "def use(x: torch.Tensor):\n    return hard(x)\n"


@pytest.fixture
def net(transpile, own_overrides: Path, tmp_path: Path):
    """Transpiles net.model of a version, with an override of `hard` that was read as NEW in >=2 and as OLD in ==1.0."""

    def net(definition: str, version: str, code: str = BY_HAND, extra: str = "", also: str = OLD) -> Run:
        (own_overrides / "index.toml").write_text(
            f'[[override]]\nsymbol = "net.model.hard"\nversions = ">=2,<3"\nhash = "{definition_hash(NEW)}"\n'
            f'reason = "no fft row"\nalso = [{{ versions = "==1.0", hash = "{definition_hash(also)}" }}]\n{extra}\n',
            encoding="utf-8",
        )
        (own_overrides / "net").mkdir(exist_ok=True)
        (own_overrides / "net/model.py").write_text(code, encoding="utf-8")
        modules = {"net.model": HEAD + definition + USE, "net.version": f'__version__ = "{version}"\n'}
        return transpile(modules, "net.model")

    return net


@pytest.mark.parametrize(("definition", "version"), [(NEW, "2.5"), (OLD, "1.0")])
def test_each_definition_that_was_read_is_good_in_its_versions(net, definition, version):
    run = net(definition, version)
    assert run.codes == [] and "tf.signal.fft" in run.text("net.model")


@pytest.mark.parametrize(("definition", "version"), [(NEW, "1.0"), (OLD, "2.5"), (NEW, "3.1")])
def test_a_definition_in_versions_that_nobody_read_it_in_is_refused(net, definition, version):
    run = net(definition, version)
    (error,) = run.errors
    assert error.code == "O202" and version in error.message
    assert "--accept-override net.model.hard" in error.hint


def test_a_definition_that_nobody_read_is_refused_whatever_the_version(net):
    assert net(EASY, "2.5").codes == net(EASY, "1.0").codes == ["O201"]


def test_versions_that_need_no_override_are_left_to_the_rules(net):
    run = net(EASY, "3.1", extra='not_needed = ">=3"')
    assert run.codes == [] and "tf.nn.relu" in run.text("net.model") and run.result.overrides_used == ()


def test_a_symbol_that_is_gone_is_an_error_only_in_versions_that_had_it(transpile, net):
    nothing = "hard = torch.relu\n".replace("hard", "soft")
    assert net(nothing, "2.5").codes == ["O203"]
    assert "O203" not in net(nothing, "3.1").codes


def test_a_name_of_upstream_that_the_code_needs_must_be_there(net):
    code = "from net.model import helper\n" + BY_HAND.replace("tf.signal.fft(x)", "helper(x)")
    (error,) = [e for e in net(NEW, "2.5", code).errors if e.code == "O206"]
    assert "net.model.helper" in error.message and error.where.line == 2
    assert net("def helper(x: torch.Tensor): return torch.relu(x)\n" + NEW, "2.5", code).codes == []


def test_a_hint_for_a_function_that_is_gone_is_a_warning(net):
    hint = '[[hint]]\nfunction = "net.model.absent"\nreturns = "PLAIN"\nreason = "r"\n'
    run = net(NEW, "2.5", extra=hint)
    assert [(d.code, d.severity) for d in run.result.diagnostics] == [("O205", "warning")]
    assert net(NEW, "2.5", extra=hint + 'versions = "<2"\n').result.diagnostics == ()
    assert net(NEW, "2.5", extra=hint.replace("absent", "use")).result.diagnostics == ()


def test_accepting_widens_the_versions_of_a_definition_that_was_read(net, own_overrides, tmp_path, monkeypatch):
    monkeypatch.setattr("transpiler.accept_override.folder", lambda name: own_overrides)
    assert net(NEW, "3.1").codes == ["O202"]
    assert ">=2,<3 -> >=2,<=3.1" in accept_upstream("net.model.hard", tmp_path)
    text = (own_overrides / "index.toml").read_text()
    assert 'versions = ">=2,<=3.1"' in text and 'versions = "==1.0"' in text


def test_accepting_replaces_only_the_reading_of_the_same_versions(net, own_overrides, tmp_path, monkeypatch):
    monkeypatch.setattr("transpiler.accept_override.folder", lambda name: own_overrides)
    net(EASY, "1.0")
    accept_upstream("net.model.hard", tmp_path)
    text = (own_overrides / "index.toml").read_text()
    assert definition_hash(EASY) in text and definition_hash(NEW) in text and definition_hash(OLD) not in text
