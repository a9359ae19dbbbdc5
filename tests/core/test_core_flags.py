"""A flag of a class decides what its parts are, and whether it is given images or tokens."""

from __future__ import annotations

import libcst as cst
import pytest

from transpiler.flags import flags_of

MIXER = """\
class Tokens(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.linear = nn.Linear(dim, dim)

    def forward(self, x):
        return self.linear(x)


class Mixer(nn.Module):
    def __init__(self, dim, use_conv=False):
        super().__init__()
        {made}
        self.use_conv = use_conv
        self.proj = layer(dim)

    def forward(self, x):
        if self.use_conv:
            B, C, H, W = x.shape
            x = self.mix(x).reshape(B, 2, -1, H * W).sum(1).reshape(B, -1, H, W)
        else:
            B, N, C = x.shape
            x = self.mix(x).reshape(B, N, 2, -1).sum(2)
        return self.proj(x)


class Net(nn.Module):
    def __init__(self, dim, use_conv):
        super().__init__()
        self.stem = nn.Conv2d(3, dim, 1)
        self.mixer = Mixer(dim, use_conv=use_conv)
        self.use_conv = use_conv

    def forward(self, x: torch.Tensor):
        x = self.stem(x)
        if not self.use_conv:
            x = x.flatten(2).transpose(1, 2)
        return self.mixer(x)
"""
TERNARY = "layer = partial(nn.Conv2d, dim, kernel_size=1) if use_conv else Tokens\n        self.mix = layer(dim)"
BRANCHES = """\
if use_conv:
            layer = partial(nn.Conv2d, dim, kernel_size=1)
            self.mix = nn.Conv2d(dim, dim, 1)
        else:
            layer = Tokens
            self.mix = Tokens(dim)"""


def mixer(transpile, made: str, changed: str = ""):
    return transpile("from functools import partial\n\n\n" + MIXER.replace("{made}", made) + changed)


@pytest.mark.parametrize("made", [TERNARY, BRANCHES])
def test_each_branch_is_written_for_what_the_flag_makes_of_the_parts(transpile, made):
    text = mixer(transpile, made).text()
    assert "B, H, W, C = ops.shape(x)" in text
    assert "tf.reshape(tf.transpose(self.mix(x), (0, 3, 1, 2)), (B, 2, -1, H * W))" in text
    assert "tf.reshape(self.mix(x), (B, N, 2, -1))" in text


def test_what_came_as_an_image_leaves_its_branch_as_one(transpile):
    text = mixer(transpile, TERNARY).text()
    assert "            x = tf.transpose(x, (0, 2, 3, 1))\n        else:\n            B, N, C = ops.shape(x)" in text


@pytest.mark.parametrize(
    ("before", "after", "flags"),
    [
        ("self.proj", "self.proj", {"use_conv": "use_conv"}),
        ("self.use_conv = use_conv\n", "self.use_conv = True\n        self.use_conv = use_conv\n", {}),
        ("self.use_conv = use_conv\n", "self.use_conv = bool(dim)\n", {}),
        ("if self.use_conv:", "if x.ndim == 4:", {}),
    ],
)
def test_only_what_the_constructor_is_told_is_a_flag(before, after, flags):
    module = cst.parse_module(MIXER.replace("{made}", TERNARY).replace(before, after))
    classes = {node.name.value: node for node in module.body if isinstance(node, cst.ClassDef)}
    assert flags_of(classes["Mixer"]) == flags


def test_a_mean_over_the_places_of_an_image_or_over_tokens(transpile):
    code = """\
class Net(nn.Module):
    def __init__(self, use_conv):
        super().__init__()
        self.use_conv = use_conv

    def forward(self, x):
        return x.mean(dim=(-2, -1)) if self.use_conv else x.mean(dim=1)
"""
    written = "return tf.reduce_mean(x, axis=(1, 2)) if self.use_conv else tf.reduce_mean(x, axis=1)\n"
    assert written in transpile(code).text()
