"""Modules that a registry builds of a configuration: their classes are found, reached and typed."""

from __future__ import annotations

import pytest

LIBRARY = {
    "library.__init__": "",
    "library.registry": """\
class Registry:
    def __init__(self, name, parent=None, locations=[]):
        self.name = name

    def build(self, cfg):
        return cfg

    def register_module(self, name=None):
        return lambda cls: cls

MODELS = Registry('model')
""",
}
REGISTRY = """\
from library.registry import MODELS as ABOVE
from library.registry import Registry
MODELS = Registry('model', parent=ABOVE, locations=['{package}.models'])
"""
NECK = """\
class Neck(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        return [self.proj(x)]
"""
OTHER = {
    "other.__init__": "",
    "other.registry": REGISTRY.format(package="other"),
    "other.models.__init__": "from .necks import *\n",
    "other.models.necks": """\
from torch import nn
from other.registry import MODELS

@MODELS.register_module('Tall')
"""
    + NECK,
}
NET = {
    "net.__init__": "",
    "net.registry": REGISTRY.format(package="net"),
    "net.models.__init__": "from .necks import Neck\n",
    "net.models.necks": """\
from torch import nn
from net.registry import MODELS

@MODELS.register_module()
"""
    + NECK
    + """
@MODELS.register_module(name=['Other', 'Twice'])
class Tokens(nn.Module):
    def __init__(self, norm_cfg=dict(type='Own')):
        super().__init__()

    def forward(self, x):
        return [x.flatten(2).transpose(1, 2)]

@MODELS.register_module()
class Own(nn.Module):
    def forward(self, x):
        return x

class Neither(nn.Module):
    def forward(self, x):
        return x
""",
}
HEAD = """\
import torch
from torch import nn
from net.registry import MODELS

class Head(nn.Module):
    def __init__(self):
        super().__init__()
        {setup}

    def forward(self, x: torch.Tensor):
        x = self.neck(x)
        {use}
"""


@pytest.fixture
def head(transpile, own_overrides):
    """Transpiles a module that has something built, and then uses what that gives."""
    index = 'follow = ["library", "other"]\nregistries = ["library.registry.Registry"]\n'
    (own_overrides / "index.toml").write_text(index, encoding="utf-8")

    def head(setup: str, use: str, net: dict[str, str] = NET):
        code = HEAD.replace("{setup}", setup).replace("{use}", use)
        return transpile({"net.head": code, **net, **LIBRARY, **OTHER})

    return head


@pytest.mark.parametrize(
    ("setup", "module"),
    [
        ("self.neck = MODELS.build(dict(type='Neck'))", "net.models.necks"),
        ("self.neck = MODELS.build({'type': 'Neck'})", "net.models.necks"),
        ("cfg = dict(type='Neck')\n        self.neck = MODELS.build(cfg)", "net.models.necks"),
        ("self.neck = MODELS.build(dict(type='other.Tall'))", "other.models.necks"),
    ],
)
def test_what_is_built_is_reached_and_typed(head, setup, module):
    run = head(setup, "x = x[0]\n        return torch.cat([x, x], dim=1), x.shape[1]")
    assert not run.errors, run.report
    assert "tf.concat([x, x], axis=-1), ops.shape(x)[-1]" in run.definition("call", "net.head")
    assert "class Neck(nn.Module):" in run.text(module)


@pytest.mark.parametrize("name", ["Other", "Twice"])
def test_a_class_is_found_by_the_names_it_is_registered_under(head, name):
    run = head(f"self.neck = MODELS.build(dict(type='{name}'))", "x = x[0]\n        return x.mean(dim=1)")
    assert "return tf.reduce_mean(x, axis=1)" in run.definition("call", "net.head")
    # A configuration in what is reached names what that needs in turn; nothing else of the module is written.
    text = run.text("net.models.necks")
    assert "class Tokens" in text and "class Own" in text and "class Neck" not in text and "class Neither" not in text


@pytest.mark.parametrize("name", ["Tokens", "Neither", "Nowhere", "nowhere.Neck"])
def test_axes_of_what_nobody_knows_are_refused(head, name):
    run = head(f"self.neck = MODELS.build(dict(type='{name}'))", "return torch.split(x, 1, dim=1)")
    assert run.codes == ["K105"], run.report
    run = head(
        "cfg = dict(type='Neck')\n        cfg = None\n        self.neck = MODELS.build(cfg)",
        "return torch.split(x, 1, dim=1)",
    )
    assert run.codes == ["K105"], run.report


def test_a_name_that_two_classes_have_says_nothing(head):
    second = "\n\n@MODELS.register_module('Neck')\nclass Second(nn.Module):\n    pass\n"
    twice = {**NET, "net.models.necks": NET["net.models.necks"] + second}
    run = head("self.neck = MODELS.build(dict(type='Neck'))", "return torch.split(x, 1, dim=1)", twice)
    assert run.codes == ["K105"], run.report
