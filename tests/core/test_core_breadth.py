"""`--all`: every public module of a package, one row each."""

from __future__ import annotations

import pytest
from core_sources import run, write

from transpiler.breadth import breadth_rows, breadth_summary, public_modules
from transpiler.diagnostics import TranspileError
from transpiler.passes.statements import StatementRewriter
from transpiler.source import SourceFinder

MODEL = "import torch\nfrom .registry import register_model\n\n\n@register_model\ndef {name}(x: torch.Tensor): return {code}\n"
MODULES = {
    "net.fine": MODEL.format(name="tiny", code="torch.relu(x)") + "@register_model\ndef small(): return 1\n",
    "net.odd": MODEL.format(name="odd", code="torch.nope(torch.nuh(x))"),
    "net.faulty": MODEL.format(name="faulty", code="x"),
    "net.broken": "def f(:\n",
    "net.registry": "def register_model(fn): return fn\n",
    "net._private": "import torch\ndef f(): return 1\n",
    "net.shim": "from ._private import *\n",
    "net.inner.deep": "import torch\ndef f(): return 1\n",
}


@pytest.fixture
def found(tmp_path, monkeypatch):
    write(tmp_path, MODULES)
    works = StatementRewriter.visit_FunctionDef

    def fails(self, node):
        if node.name.value == "faulty":
            raise ZeroDivisionError("by nothing")
        return works(self, node)

    monkeypatch.setattr(StatementRewriter, "visit_FunctionDef", fails)
    modules = public_modules("net", SourceFinder(tmp_path))
    return modules, run(tmp_path, [*modules])


def test_the_public_modules_that_define_something_are_found_with_their_architectures(found):
    modules, _ = found
    assert modules == {"net.broken": 0, "net.faulty": 1, "net.fine": 2, "net.odd": 1, "net.registry": 0}


def test_each_module_has_a_row_that_says_what_became_of_it(found):
    modules, result = found
    rows = {row.module: row for row in breadth_rows(modules, result.result)}
    assert {name: row.status for name, row in rows.items()} == {
        "net.broken": "refused",
        "net.faulty": "internal error",
        "net.fine": "ok",
        "net.odd": "refused",
        "net.registry": "refused",
    }
    assert "net/odd.py:6:" in rows["net.odd"].errors[0] and "torch.nope" in rows["net.odd"].line()
    assert "(and 1 more)" in rows["net.odd"].line()
    assert "ZeroDivisionError" in rows["net.faulty"].line()
    assert rows["net.fine"].line().endswith("ok       0 transposes")


def test_the_summary_counts_what_is_written(found):
    modules, result = found
    assert [*breadth_summary(breadth_rows(modules, result.result))] == [
        "1 of 5 modules are transpiled, with 2 of 4 architectures."
    ]


@pytest.mark.parametrize("name", ["nothing", "net.fine"])
def test_what_is_no_package_is_refused(tmp_path, name):
    write(tmp_path, MODULES)
    with pytest.raises(TranspileError, match="no package named"):
        public_modules(name, SourceFinder(tmp_path))
