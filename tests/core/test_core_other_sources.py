"""What sources outside timm need: other packages that are followed, packages in packages, what a hint says of a module."""

from __future__ import annotations

import pytest

LIBRARY = {
    "library.__init__": "",
    "library.parts.__init__": "from .inner import Norm, make\n",
    "library.parts.inner.__init__": "from .norm import Norm, make\n",
    "library.parts.inner.norm": """\
import torch.nn as nn
from typing import Tuple

class Norm(nn.Module):
    def forward(self, x):
        return x

def make(cfg) -> Tuple[str, nn.Module]:
    layer = cfg['type'](2)
    return 'norm', layer

def build(cfg):
    return cfg['type'](2)
""",
}
NET = """\
import torch
import torch.nn as nn
from library.parts import Norm, make

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = make({'type': Norm})[1]

    def forward(self, x: torch.Tensor):
        x = self.norm(x)
        return x.flatten(1)
"""


def follow(own_overrides, text: str = "") -> None:
    (own_overrides / "index.toml").write_text('follow = ["library"]\n' + text, encoding="utf-8")


def test_a_package_is_followed_when_the_index_says_so(transpile, own_overrides):
    follow(own_overrides)
    run = transpile({"net": NET, **LIBRARY}, "net")
    assert not run.errors, run.report
    assert "from .library.parts import Norm, make\n" in run.text("net")
    # Upstream's package exports them by the package in it, and so does the generated one.
    files = {file.path: file.text for file in run.result.files}
    assert "from .inner import (\n    Norm,\n    make,\n)" in files["library/parts/__init__.py"]
    assert "from .norm import (\n    Norm,\n    make,\n)" in files["library/parts/inner/__init__.py"]


def test_a_package_that_nobody_follows_is_foreign(transpile):
    run = transpile({"net": NET, **LIBRARY}, "net")
    assert run.errors and not run.generated("library.parts.inner.norm")


def test_a_hint_says_which_module_a_function_gives(transpile, own_overrides):
    function = "library.parts.inner.norm.build"
    hint = f'[[hint]]\nfunction = "{function}"\nreturns = "module torch.nn.Conv2d"\nreason = "by name"\n'
    follow(own_overrides, hint)
    code = """\
from torch import nn
from library.parts.inner.norm import build

class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.proj = build(cfg)

    def forward(self, x):
        x = self.proj(x)
        return x.flatten(2).transpose(1, 2), (x.shape[2], x.shape[3])
"""
    run = transpile({"net": code, **LIBRARY}, "net")
    assert "return F.flatten(x, 1, -2), (ops.shape(x)[1], ops.shape(x)[2])" in run.definition("call")


def test_a_hint_for_a_parameter_says_nothing_of_what_is_assigned_to_its_name(transpile, own_overrides):
    hint = '[[hint]]\nfunction = "net.f"\nparameters = { x = "IMAGE" }\nreason = "said here"\n'
    (own_overrides / "index.toml").write_text(hint, encoding="utf-8")
    run = transpile("def f(x):\n    x = x.flatten(2).permute(0, 2, 1)\n    return x.mean(dim=1)\n")
    assert run.definition("f") == "def f(x):\n    x = F.flatten(x, 1, -2)\n    return tf.reduce_mean(x, axis=1)\n"


@pytest.mark.parametrize(
    ("torch_code", "code"),
    [
        ("i * 0.5", "tf.cast(i, tf.float32) * 0.5"),
        ("max(k / n, 1.0) * i", "max(k / n, 1.0) * tf.cast(i, tf.float32)"),
        ("i / n", "tf.cast(i, tf.float32) / n"),
        ("i * n", "i * n"),
        ("i * max(n, 1)", "i * max(n, 1)"),
        ("i // n", "i // n"),
        ("(i + 0.5) * 0.5", "(tf.cast(i, tf.float32) + 0.5) * 0.5"),
    ],
)
def test_integers_that_meet_a_float_become_floats_as_in_torch(transpile, torch_code, code):
    run = transpile(f"def f(n: int, k: int):\n    i = torch.arange(n)\n    return {torch_code}\n")
    assert run.definition("f").rstrip().endswith(f"return {code}")
