"""What is generated: a requested module whole, and of every other one what is reached."""

from __future__ import annotations

import pytest


def test_only_reached_symbols_of_a_dependency(transpile):
    run = transpile(
        {
            "net.model": "import torch\nfrom .dep import used\ndef f(x: torch.Tensor): return used(x)\ndef also(x): return x\n",
            "net.dep": """\
                import torch
                from .far import helper, unreached
                LIMIT = 3
                OTHER = unreached(4)

                def used(x):
                    return helper(x) + LIMIT

                def unused(x):
                    return torch.nothing_like_it(x)
                """,
            "net.far": "def helper(x): return x\ndef unreached(x): return x\n",
        }
    )
    assert "def also" in run.text("net.model")
    assert run.text("net.dep") == "from .far import helper\nLIMIT = 3\n\ndef used(x):\n    return helper(x) + LIMIT\n"
    assert run.text("net.far") == "def helper(x): return x\n"


def test_bases_decorators_defaults_and_annotations_are_reached(transpile):
    run = transpile(
        {
            "net.model": """\
                import torch.nn as nn
                from .dep import Base, default, mark, Kind

                class A(Base):
                    @mark
                    def f(self, x: Kind, y=default):
                        return x
                """,
            "net.dep": "from torch import nn\nclass Base(nn.Module): pass\ndefault = 3\ndef mark(f): return f\nKind = int\nrest = 4\n",
        }
    )
    text = run.text("net.dep")
    assert all(name in text for name in ("class Base", "default", "mark", "Kind")) and "rest" not in text


def test_statements_that_fill_a_table_come_with_it(transpile):
    run = transpile(
        {
            "net.model": "import torch\nfrom .dep import find\nx: torch.Tensor = find('a')\n",
            "net.dep": """\
                import torch
                TABLE = {}
                ALIASES = dict(a=TABLE)
                OTHER = {}
                for name in ('a', 'b'):
                    TABLE[name] = torch.sigmoid
                TABLE['c'] = torch.tanh
                TABLE.update(d=torch.abs)
                ALIASES['a'].pop('c')
                OTHER['x'] = torch.nothing_like_it
                del OTHER['x']

                def find(name):
                    return TABLE[name]
                """,
        }
    )
    text = run.text("net.dep")
    assert "for name in ('a', 'b'):\n    TABLE[name] = F.sigmoid\nTABLE['c'] = F.tanh\nTABLE.update(d=F.abs)\n" in text
    assert "OTHER" not in text


def test_a_table_that_is_filled_by_a_function_is_filled(transpile):
    run = transpile(
        {
            "net.model": "import torch\nfrom .dep import TABLE\nx: torch.Tensor = TABLE['a']\n",
            "net.dep": "TABLE = {}\ndef add(name, value):\n    TABLE[name] = value\nadd('a', 1)\n",
        }
    )
    assert "add('a', 1)" in run.text("net.dep")


@pytest.mark.xfail(reason="a definition that a decorator of its own module registers is not seen to fill the table")
def test_a_registering_decorator_brings_what_it_registers(transpile):
    run = transpile(
        {
            "net.model": "import torch\nfrom .dep import TABLE\nx: torch.Tensor = TABLE['a']\n",
            "net.dep": "TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n\n@register\ndef a():\n    return 1\n",
        }
    )
    assert "@register\ndef a()" in run.text("net.dep")


def test_imports_inside_functions_are_followed(transpile):
    run = transpile(
        {
            "net.model": "import torch\ndef f(x: torch.Tensor):\n    from net.dep import inner as g\n    return g(x)\n",
            "net.dep": "import torch\ndef inner(x): return torch.relu(x)\ndef other(x): return x\n",
        }
    )
    assert "    from .dep import inner as g\n    return g(x)\n" in run.text("net.model")
    assert "def inner" in run.text("net.dep") and "def other" not in run.text("net.dep")


def test_a_module_of_models_imported_in_a_function_is_left_to_run_time(transpile):
    modules = {
        "net.a": "import torch\ndef f(x: torch.Tensor):\n    from .b import Other\n    return Other(x)\n",
        "net.b": "import torch\nfrom ._registry import register_model\ndef Other(x): return torch.nothing_like_it(x)\n",
        "net._registry": "def register_model(f): return f\n",
    }
    run = transpile(modules)
    assert not run.generated("net.b") and run.result.roots == ("net.a",)
    (note,) = run.result.diagnostics
    assert (note.code, note.severity, note.where.line, note.where.column) == ("N401", "note", 3, 5)
    assert "net.b" in note.message and "transpile net.b too" in note.hint


def test_no_note_when_that_module_is_requested_too(transpile):
    modules = {
        "net.a": "import torch\ndef f(x: torch.Tensor):\n    from .b import other\n    return other(x)\n",
        "net.b": "import torch\nfrom ._registry import register_model\n@register_model\ndef other(x: torch.Tensor): return torch.relu(x)\n",
        "net._registry": "def register_model(f): return f\n",
    }
    run = transpile(modules, "net.a", "net.b")
    assert run.result.diagnostics == ()
    assert run.file("net.b").architectures == ("other",) and run.file("net.a").architectures == ()


def test_all_lists_what_is_generated(transpile):
    run = transpile(
        {
            "net.model": "import torch\nfrom .dep import one\n__all__ = ['f']\ndef f(x: torch.Tensor): return one(x)\n",
            "net.dep": "__all__ = ['one', 'two']\ndef one(x): return x\ndef two(x): return x\n",
        }
    )
    assert "__all__ = ['f']" in run.text("net.model")
    assert "__all__ = ['one']" in run.text("net.dep")


def test_two_roots_share_what_they_reach(transpile):
    dep = "def a(x): return x\ndef b(x): return x\ndef c(x): return x\n"
    roots = {
        f"net.{name}": f"import torch\nfrom .dep import {name}\ndef f(x: torch.Tensor): return {name}(x)\n"
        for name in "ab"
    }
    run = transpile({**roots, "net.dep": dep}, *roots)
    assert run.text("net.dep") == "def a(x): return x\ndef b(x): return x\n"
    assert run.result.roots == ("net.a", "net.b")
