"""Hand-written definitions: placed where upstream has theirs, and refused when upstream has changed."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from core_sources import Run, marked

from transpiler.accept_override import accept_upstream, write_fields
from transpiler.breadth import unreached_overrides
from transpiler.diagnostics import TranspileError
from transpiler.overrides import definition_hash
from transpiler.pipeline import errors_without_override

HARD = '''\
# about hard
def hard(x: torch.Tensor, y):
    """Hard."""
    return torch.fft.fft2(dist.all(x), y)  # no row
'''
MODULE = f'''\
"""The module."""
import torch
import torch.distributed as dist
from .parts import third

FIRST = 1


{HARD}

def last(x: torch.Tensor):
    return hard(third(torch.relu(x)), FIRST)
'''
PARTS = """\
import torch
def third(x: torch.Tensor): return x / 3
def fourth(x: torch.Tensor): return torch.sigmoid(x) / 4
def fifth(x: torch.Tensor): return torch.tanh(x) / 5
"""
BY_HAND = '''\
"""By hand."""
import math
import tensorflow as tf

from net.parts import fourth
from transpiler.runtime import functional as F
from transpiler.runtime.init import zeros_

# how much
LIMIT = 3


def _helper(x):
    """Helps."""
    return F.relu(fourth(x)) * LIMIT


def hard(x, y):
    """Hard, by hand."""
    from transpiler.runtime import nn

    return tf.signal.fft2d(nn.Identity()(_helper(x))) + math.pi


def unrelated(x):
    return zeros_(x)
'''


@pytest.fixture
def overridden(transpile, own_overrides: Path):
    """Transpiles net.model with overrides/net/model.py; `entry` replaces lines of the index."""

    def overridden(
        code: str = BY_HAND, module: str = MODULE, symbol: str = "net.model.hard", **entry: str | bool
    ) -> Run:
        fields = {"versions": ">=1", "hash": definition_hash(HARD), "reason": "no fft2 row", **entry}
        lines = [f"{name} = {json.dumps(value)}" for name, value in {"symbol": symbol, **fields}.items()]
        (own_overrides / "index.toml").write_text("[[override]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
        (own_overrides / "net").mkdir()
        (own_overrides / "net/model.py").write_text(code, encoding="utf-8")
        return transpile({"net.model": module, "net.parts": PARTS})

    return overridden


def test_an_override_stands_where_upstream_has_its_definition(overridden):
    run = overridden()
    assert (
        run.text("net.model")
        == '''\
"""The module."""
import math
import tensorflow as tf
from ..runtime import functional as F
from .parts import third
from .parts import fourth

FIRST = 1


# how much
LIMIT = 3


def _helper(x):
    """Helps."""
    return F.relu(fourth(x)) * LIMIT


def hard(x, y):
    """Hard, by hand."""
    from ..runtime import nn

    return tf.signal.fft2d(nn.Identity()(_helper(x))) + math.pi


def last(x: tf.Tensor):
    return hard(third(tf.nn.relu(x)), FIRST)
'''
    )


def test_what_an_override_uses_of_the_source_is_generated(overridden):
    text = overridden().text("net.parts")
    assert "def third" in text and "def fourth" in text and "def fifth" not in text


def test_what_an_override_imports_inside_a_function_is_generated(overridden):
    code = "def hard(x, y):\n    from net.parts import fifth\n    return fifth(x)\n"
    run = overridden(code)
    assert "    from .parts import fifth\n" in run.text("net.model")
    assert "def fifth" in run.text("net.parts")


def test_the_header_and_the_result_name_the_override(overridden):
    run = overridden()
    assert "# Written by hand, in overrides/net/model.py:\n#   hard\n" in run.file("net.model").text
    assert run.result.overrides_used == ("net.model.hard",) == run.file("net.model").overrides


def test_a_helper_of_two_overrides_is_placed_once(transpile, own_overrides):
    source = "import torch\ndef one(x: torch.Tensor): return torch.fft.fft(x)\ndef two(x: torch.Tensor): return torch.fft.ifft(x)\n"
    entries = [
        f'[[override]]\nsymbol = "net.{name}"\nversions = ""\nhash = "{definition_hash(line)}"\nreason = "r"\n'
        for name, line in zip(("one", "two"), source.splitlines()[1:], strict=True)
    ]
    (own_overrides / "index.toml").write_text("".join(entries), encoding="utf-8")
    (own_overrides / "net.py").write_text(
        "def _help(x):\n    return x\n\n\ndef one(x):\n    return _help(x)\n\n\ndef two(x):\n    return _help(x)\n",
        encoding="utf-8",
    )
    text = transpile({"net": source}).text()
    assert text.count("def _help") == 1 and text.index("def _help") < text.index("def one") < text.index("def two")


NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = 2.0

    # what it does
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x) * self.scale

    def twice(self, x: torch.Tensor) -> torch.Tensor:
        return self.forward(x) + torch.sigmoid(x)
"""
FORWARD = NET[NET.index("    def forward") : NET.index("\n\n    def twice")]
FORWARD_BY_HAND = """\
from net.parts import fourth
from transpiler.runtime.init import zeros_


class Net:
    def call(self, x):
        return fourth(x) * zeros_(x)


def _helper(net):
    return isinstance(net, Net)
"""


def net_with_a_method(overridden, code: str = FORWARD_BY_HAND, **entry: str) -> Run:
    module = f"import torch\nimport torch.nn as nn\n\n{NET}"
    hashed = {"hash": definition_hash(textwrap.dedent(FORWARD)), **entry}
    return overridden(code, module, "net.model.Net.forward", method=True, **hashed)


def test_a_method_stands_in_the_class_that_the_rules_write(overridden):
    run = net_with_a_method(overridden)
    text = run.text("net.model")
    assert "    # what it does\n    def call(self, x):\n        return fourth(x) * zeros_(x)\n\n    def twice(" in text
    assert "return self.call(x) + tf.sigmoid(x)" in text
    assert "from ..runtime.init import zeros_\n" in text and "import fourth\n" in text and "_helper" not in text
    assert "def fourth" in run.text("net.parts")
    assert run.result.overrides_used == ("net.model.Net.forward",)


def test_a_method_that_has_changed_is_refused_where_it_stands(overridden):
    run = net_with_a_method(overridden, hash="0" * 16)
    (error,) = run.errors
    assert (error.code, error.where.line) == ("O201", 10)


def test_a_method_without_which_the_class_would_do(overridden, tmp_path: Path):
    net_with_a_method(overridden)
    assert errors_without_override("net.model.Net.forward", tmp_path) == ()


def test_an_override_that_nothing_reaches_is_not_used(overridden):
    run = overridden(
        module="import torch\ndef f(x: torch.Tensor): return torch.relu(x)\n" + HARD.replace("hard", "hard_"),
        symbol="net.parts.fifth",
    )
    assert run.result.overrides_used == () and "T101" in run.codes
    assert run.result.overrides_unreached() == ("net.parts.fifth",)
    (note,) = unreached_overrides("net", run.result)
    assert (note.code, note.severity) == ("O207", "note") and "net.parts.fifth" in note.message


def test_an_override_that_a_module_reaches_is_not_called_unreached(overridden):
    assert overridden().result.overrides_unreached() == ()


@pytest.mark.parametrize(("symbol", "is_needed"), [("net.model.hard", True), ("net.parts.fifth", False)])
def test_what_the_rules_say_of_upstreams_own_definition_shows_whether_an_override_is_needed(
    overridden, tmp_path, symbol, is_needed
):
    overridden(symbol=symbol)
    assert {error.code for error in errors_without_override(symbol, tmp_path)} == ({"T101"} if is_needed else set())


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("# no row", "# none"), True),
        (('"""Hard."""', '"""Very hard."""'), True),
        (("x), y)", "x), y, 2)"), False),
        (("fft2(dist.all(x), y)", "fft2(\n        dist.all(x),\n        y)"), True),
        (("def hard(x: torch.Tensor, y)", "def hard(x, y)"), False),
    ],
    ids=["comment", "docstring", "argument", "layout", "annotation"],
)
def test_only_a_change_of_meaning_makes_an_override_stale(overridden, change, same):
    run = overridden(module=MODULE.replace(*change))
    assert run.codes == ([] if same else ["O201"])


def test_a_stale_override_names_the_place_and_the_command_that_accepts(overridden):
    run = overridden(hash="0" * 16)
    (error,) = run.errors
    assert (error.code, error.where.path, error.where.line, error.where.column) == ("O201", "net/model.py", 10, 1)
    assert marked(error) == "def hard(x: torch.Tensor, y):"
    assert "net.model.hard has changed upstream" in error.message
    assert (
        "python -m transpiler --accept-override net.model.hard" in error.hint and "overrides/net/model.py" in error.hint
    )
    assert [*run.result.refused] == ["net.model"]


def test_a_version_that_nobody_has_read_is_refused(transpile, own_overrides, overridden, monkeypatch):
    monkeypatch.setattr("transpiler.source.SourceFinder._look_up_distribution", lambda self, top: (top, "2.1"))
    run = overridden(versions=">=1,<2")
    (error,) = run.errors
    assert (error.code, error.where.line) == ("O202", 10)
    assert ">=1,<2" in error.message and "2.1" in error.message and "versions" in error.hint


def test_a_version_that_was_read_is_fine(overridden, monkeypatch):
    monkeypatch.setattr("transpiler.source.SourceFinder._look_up_distribution", lambda self, top: (top, "1.9.2rc1"))
    assert overridden(versions=">=1,<2").errors == []


def test_an_override_for_what_is_gone_is_refused(overridden):
    run = overridden(module="import torch\ndef f(x: torch.Tensor): return torch.relu(x)\n")
    (error,) = run.errors
    assert (error.code, error.where.path) == ("O203", "net/model.py")
    assert "net.model.hard" in error.message and "remove its entry from overrides/index.toml" in error.hint


def test_a_runtime_name_that_the_override_takes_does_not_come_twice(overridden):
    code = BY_HAND.replace("transpiler.runtime.init import zeros_", "transpiler.runtime import nn").replace(
        "zeros_(x)", "nn.Identity()(x)"
    )
    assert overridden(code).text("net.model").count("import functional as F") == 1


def test_a_new_hash_is_written_and_nothing_else(tmp_path):
    index = tmp_path / "index.toml"
    entries = [
        f'[[override]]\nsymbol = "net.{name}"\nversions = ">=1"\nhash = "old"\nreason = "r"\n'
        for name in ("a", "ab", "b")
    ]
    index.write_text("# top\n" + "\n".join(entries), encoding="utf-8")
    write_fields(index, "net.ab", [("old", "new")])
    assert index.read_text(encoding="utf-8") == "# top\n" + "\n".join(
        [entries[0], entries[1].replace("old", "new"), entries[2]]
    )


def test_accepting_makes_a_stale_override_good(overridden, own_overrides, tmp_path, transpile, monkeypatch):
    monkeypatch.setattr("transpiler.accept_override.folder", lambda name: own_overrides)
    assert overridden(hash="0" * 16).codes == ["O201"]
    said = accept_upstream("net.model.hard", tmp_path)
    assert "net/model.py:10" in said and "0" * 16 in said and definition_hash(HARD) in said
    assert transpile({"net.model": MODULE, "net.parts": PARTS}).codes == []
    assert "nothing to accept" in accept_upstream("net.model.hard", tmp_path)


def test_there_is_nothing_to_accept_for_an_unknown_symbol(own_overrides, tmp_path, monkeypatch):
    monkeypatch.setattr("transpiler.accept_override.folder", lambda name: own_overrides)
    with pytest.raises(TranspileError, match="O204"):
        accept_upstream("net.model.nothing", tmp_path)
