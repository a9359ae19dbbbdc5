"""What a name stands for: imports in every form, re-exports, shadowing, cycles."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import torch", "torch.nn.functional.relu(x)"),
        ("import torch as th", "th.relu(x)"),
        ("import torch.nn.functional", "torch.nn.functional.relu(x)"),
        ("import torch.nn.functional as TF", "TF.relu(x)"),
        ("import torch.nn as nn", "nn.functional.relu(x)"),
        ("from torch import nn as neural", "neural.functional.relu(x)"),
        ("from torch.nn import functional", "functional.relu(x)"),
        ("from torch.nn.functional import relu", "relu(x)"),
        ("from torch.nn.functional import relu as r, silu", "r(x)"),
    ],
)
def test_every_way_to_import_torch_leads_to_the_same_call(transpile, imports, call):
    run = transpile({"net": f"{imports}\n\n\ndef f(x):\n    return {call}\n"})
    assert run.text() == "import tensorflow as tf\n\n\ndef f(x):\n    return tf.nn.relu(x)\n"


def test_names_are_followed_to_where_they_are_defined(transpile):
    run = transpile(
        {
            "net.model": """\
                from torch import nn
                from .layers import Mlp, double as twice
                from net.layers.deep import *
                from . import tools
                import net.tools as kit

                class Net(nn.Module):
                    def forward(self, x):
                        return kit.half(tools.third(twice(deep(Mlp()(x)))))
                """,
            "net.layers.__init__": "from .mlp import Mlp, double\n",
            "net.layers.mlp": "from torch import nn\nclass Mlp(nn.Module): pass\ndef double(x): return x * 2\n",
            "net.layers.deep": "import torch\ndef deep(x): return torch.relu(x)\ndef deeper(x): return torch.relu(x)\n",
            "net.tools": "def third(x): return x / 3\ndef half(x): return x / 2\ndef tenth(x): return x / 10\n",
        }
    )
    assert run.text("net.model").splitlines()[:5] == [
        "from ..runtime import nn",
        "from .layers import Mlp, double as twice",
        "from .layers.deep import deep",
        "from . import tools",
        "from . import tools as kit",
    ]
    assert "def deeper" not in run.text("net.layers.deep")
    assert "half" in run.text("net.tools") and "tenth" not in run.text("net.tools")
    assert "Mlp,\n    double,\n" in run.file("net.layers.__init__").text


def test_a_star_import_hides_private_names_and_the_later_one_wins(transpile):
    run = transpile(
        {
            "net.model": "import torch\nfrom .a import *\nfrom .b import *\ndef f(x: torch.Tensor): return both(x)\n",
            "net.a": "def both(x): return x\n",
            "net.b": "def both(x): return x + 1\ndef _hidden(x): return x\n",
        }
    )
    assert "from .b import both" in run.text("net.model")
    assert not run.generated("net.a")


@pytest.mark.parametrize(
    "function",
    [
        "def f(torch, x):\n    return torch.weird(x)\n",
        "def f(x):\n    torch = {}\n    return torch.weird(x)\n",
        "def f(xs):\n    return [torch.weird for torch in xs]\n",
        "def f(x):\n    return (lambda torch: torch.weird)(x)\n",
        "def f(x):\n    for torch in x:\n        torch.weird()\n",
        "def f(x):\n    with x as torch:\n        torch.weird()\n",
        "def f(x):\n    def torch(): pass\n    torch.weird()\n",
    ],
    ids=["parameter", "assignment", "comprehension", "lambda", "loop", "with", "function"],
)
def test_a_local_name_is_not_the_import_it_hides(transpile, function):
    assert transpile(function).text().strip() == function.strip()


def test_a_call_in_the_chain_ends_the_name(transpile):
    run = transpile("def f(x: torch.Tensor):\n    return torch.roll(x, 1, 2).permute(1, 0, 2)\n")
    assert "return tf.transpose(F.roll(x, 1, axis=2), (1, 0, 2))" in run.text()


def test_modules_that_import_each_other(transpile):
    run = transpile(
        {
            "net.a": "import torch\nfrom .b import second\ndef first(x: torch.Tensor): return torch.relu(x)\ndef f(x): return second(x)\n",
            "net.b": "import torch\nfrom .a import first\ndef second(x): return first(torch.sigmoid(x))\n",
        }
    )
    assert "from .b import second" in run.text("net.a")
    assert (
        run.text("net.b")
        == "import tensorflow as tf\nfrom .a import first\ndef second(x): return first(tf.sigmoid(x))\n"
    )


def test_names_that_lead_in_a_circle_end(transpile):
    run = transpile({"net.a": "import torch\nfrom .b import lost\n", "net.b": "from .a import lost\n"})
    assert run.result.roots == ("net.a",)


def test_imports_that_nothing_needs_are_left_out(transpile):
    run = transpile(
        {
            "net": "import math, os\nimport torch.distributed as dist\nfrom typing import List, Optional\nx: List = [os.sep]\n"
        }
    )
    assert run.text() == "import os\nfrom typing import List\nx: List = [os.sep]\n"


@pytest.mark.xfail(
    reason="an import of a module or symbol that upstream doesn't have is passed on: the generated module can't be imported"
)
@pytest.mark.parametrize(
    "statement", ["from .gone import thing", "from .dep import thing", "from net.gone import thing"]
)
def test_an_import_of_what_is_not_there_is_refused(transpile, statement):
    run = transpile({"net.a": f"import torch\n{statement}\ny = thing\n", "net.dep": "other = 1\n"})
    assert [*run.result.refused] == ["net.a"]
