"""Several modules in one run: each is refused for what it reaches itself, and for nothing else."""

from __future__ import annotations

import pytest

from transpiler.inference import Analysis
from transpiler.passes.statements import StatementRewriter

SHARED = """\
import torch
def pick(x: torch.Tensor, index): return x[index]
def double(x: torch.Tensor): return x * 2
"""
GOOD = "import torch\nfrom .shared import pick\ndef f(x: torch.Tensor): return pick(x, torch.arange(3))\n"


def outcome(run):
    return run.result.roots, [*run.result.refused]


def test_what_a_refused_module_passes_to_a_shared_function_does_not_count(transpile):
    """`pick` can't be written for an index of unknown dtype; a module that passes integers doesn't mind."""
    bad = "import torch\nfrom .shared import pick\ndef f(x: torch.Tensor): return pick(x, x)\n"
    modules = {"net.bad": bad, "net.good": GOOD, "net.shared": SHARED}
    both = transpile(modules, "net.bad", "net.good")
    assert outcome(both) == (("net.good",), ["net.bad"])
    assert [d.code for d in both.result.refused["net.bad"]] == ["K102"]
    alone = transpile(modules, "net.good")
    assert both.text("net.shared") == alone.text("net.shared")
    assert both.text("net.good") == alone.text("net.good")


def test_a_module_is_not_refused_for_what_it_does_not_reach(transpile):
    shared = SHARED + "def never(x: torch.Tensor): return torch.nope(x)\n"
    bad = "import torch\nfrom .shared import never\ndef f(x: torch.Tensor): return never(x)\n"
    run = transpile({"net.bad": bad, "net.good": GOOD, "net.shared": shared}, "net.bad", "net.good")
    assert outcome(run) == (("net.good",), ["net.bad"])
    assert [d.where.path for d in run.result.refused["net.bad"]] == ["net/shared.py"]


def test_a_module_that_cannot_be_read_does_not_block_another(transpile):
    bad = "import torch\nfrom .broken import thing\ndef f(x: torch.Tensor): return thing(x)\n"
    modules = {"net.bad": bad, "net.good": GOOD, "net.shared": SHARED, "net.broken": "def thing(:\n"}
    run = transpile(modules, "net.bad", "net.good")
    assert outcome(run) == (("net.good",), ["net.bad"])
    assert run.codes == ["S103"]


def test_a_module_of_models_may_get_torch_through_another(transpile):
    configurations = "from .net import Net\ndef tiny(): return Net(3)\n"
    net = "import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self, size):\n        super().__init__()\n"
    run = transpile({"net.tiny": configurations, "net.net": net}, "net.tiny")
    assert run.result.roots == ("net.tiny",), run.report


@pytest.mark.parametrize(("where", "method"), [(Analysis, "run"), (StatementRewriter, "visit_FunctionDef")])
def test_a_fault_of_the_transpiler_is_told_in_its_place_and_stops_nothing_else(transpile, monkeypatch, where, method):
    works = getattr(where, method)

    def fails(self, node, *rest):
        if node.name.value == "faulty":
            raise ZeroDivisionError("by nothing")
        return works(self, node, *rest)

    monkeypatch.setattr(where, method, fails)
    bad = "import torch\n\ndef faulty(x: torch.Tensor): return x + 1\n"
    run = transpile({"net.bad": bad, "net.good": GOOD, "net.shared": SHARED}, "net.bad", "net.good")
    assert outcome(run) == (("net.good",), ["net.bad"])
    error, note = run.result.refused["net.bad"]
    assert (error.code, error.where.path, error.where.line) == ("X901", "net/bad.py", 3)
    assert "internal error: ZeroDivisionError: by nothing (test_core_roots.py:" in error.message
    assert note.severity == "note" and "Traceback" in note.message
