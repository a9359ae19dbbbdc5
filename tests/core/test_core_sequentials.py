"""What goes through a Sequential is stored as its modules take and give it, however the Sequential came to them."""

from __future__ import annotations

import pytest

CONV = "nn.Conv2d(3, dim, 3), nn.BatchNorm2d(dim), nn.ReLU()"
NET = """\
class Net(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        {made}
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        x = self.proj(x)
        H, W = x.shape[2], x.shape[3]
        return self.fc(x.flatten(2).transpose(1, 2)), H, W
"""
ADDED = """\
class ConvNorm(nn.Sequential):
    def __init__(self, dim):
        super().__init__()
        self.add_module("c", nn.Conv2d(3, dim, 1))
        self.{other} nn.BatchNorm2d(dim){end}


"""
HANDED_ON = """\
class Run(nn.Sequential):
    def __init__(self, *args):
        super().__init__(*args)


"""


def expected(transpile, text: str) -> None:
    code = transpile(text).definition("call")
    assert "H, W = ops.shape(x)[1], ops.shape(x)[2]" in code
    assert "self.fc(F.flatten(x, 1, -2))" in code


@pytest.mark.parametrize(
    "made",
    [
        f"self.proj = nn.Sequential({CONV})",
        f"self.proj = nn.Sequential({CONV}) if patch else nn.Identity()",
        f"self.proj = nn.Sequential({CONV}) if patch else nn.Sequential({CONV}, nn.Conv2d(dim, dim, 3))",
        f"self.proj = nn.Sequential(OrderedDict([('a', nn.Identity()), ('b', nn.Sequential({CONV}))]))",
        f"self.proj = nn.Sequential(*[nn.Sequential({CONV}) for _ in range(patch)])",
    ],
)
def test_made_in_the_constructor(transpile, made: str) -> None:
    expected(transpile, "from collections import OrderedDict\n" + NET.format(made=made))


@pytest.mark.parametrize(("other", "end"), [("add_module('bn',", ")"), ("append(", ")"), ("bn =", "")])
def test_modules_that_it_adds_to_itself(transpile, other: str, end: str) -> None:
    text = ADDED.format(other=other, end=end) + NET.format(made="self.proj = ConvNorm(dim)")
    expected(transpile, text)


def test_modules_that_its_constructor_is_given(transpile) -> None:
    expected(transpile, HANDED_ON + NET.format(made=f"self.proj = Run({CONV})"))


def test_tokens_are_transposed_for_an_added_convolution(transpile) -> None:
    """A window that was reshaped to torch's order goes into a Sequential that starts with a convolution."""
    text = ADDED.format(other="add_module('bn',", end=")") + (
        "class Net(nn.Module):\n"
        "    def __init__(self, dim):\n"
        "        super().__init__()\n"
        "        self.proj = ConvNorm(dim)\n\n"
        "    def forward(self, x: torch.Tensor):\n"
        "        return self.proj(x.view(-1, 3, 7, 7))\n"
    )
    assert "self.proj(tf.transpose(tf.reshape(x, (-1, 3, 7, 7)), (0, 2, 3, 1)))" in transpile(text).definition("call")


def test_a_list_of_modules_with_a_forward_of_its_own(transpile) -> None:
    text = (
        "class Both(nn.Module):\n"
        "    def __init__(self, dim):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(dim, dim, 1)\n\n"
        "    def forward(self, x):\n"
        "        return [self.conv(each) for each in x]\n\n\n"
        + HANDED_ON
        + "    def forward(self, x):\n"
        "        for module in self:\n"
        "            x = module(x)\n"
        "        return x\n\n\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, dim, depth):\n"
        "        super().__init__()\n"
        "        self.stage = Run(*[Both(dim) for _ in range(depth)])\n\n"
        "    def forward(self, x):\n"
        "        y = self.stage([x, x])\n"
        "        return y[-1].mean((2, 3)), y[0].shape[1]\n"
    ).replace("super().__init__(*args)\n\n\n", "super().__init__(*args)\n\n", 1)
    assert "tf.reduce_mean(y[-1], axis=(1, 2)), ops.shape(y[0])[-1]" in transpile(text).text()
