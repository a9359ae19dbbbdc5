"""A tensor that one branch makes an image, and another doesn't, is stored alike after both."""

from __future__ import annotations

NET = """\
class Net(nn.Module):
    def __init__(self, dim, pool, other):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3)
        self.after = nn.Conv2d(dim, dim, 3)
        self.pool = pool
        self.other = other

    def forward(self, x: torch.Tensor):
        x = self.conv(x)
        B, C, H, W = x.shape
"""
TO_IMAGE = "x = tf.transpose(x, (0, 2, 3, 1))"


def call(transpile, body: str) -> str:
    lines = body.splitlines()
    text = transpile(NET + "".join(f"        {line}\n" for line in lines)).definition("call")
    return text.partition("ops.shape(x)\n")[2]


def test_a_branch_that_is_not_written(transpile) -> None:
    code = call(
        transpile,
        "x = x.reshape(B, 2, -1, H, W).sum(1)\n"
        "if self.pool:\n    x = F.interpolate(x, size=(H, W))\n"
        "return self.after(x)",
    )
    assert f"    else:\n        {TO_IMAGE}\n    return self.after(x)" in code


def test_every_branch_of_several(transpile) -> None:
    code = call(
        transpile,
        "if self.pool == 1:\n    x = F.relu(x)\n"
        "elif self.pool == 2:\n    x = x.reshape(B, 2, -1, H, W).sum(1)\n"
        "else:\n    x = x.reshape(B, 3, -1, H, W).sum(1)\n"
        "return self.after(x)",
    )
    assert code.count(TO_IMAGE) == 2
    assert code.rstrip().endswith("return self.after(x)")


def test_what_only_leaves_is_an_image(transpile) -> None:
    """Nothing uses it, and what a module gives is an image on all its ways out."""
    code = call(
        transpile,
        "if self.pool:\n    out = x.reshape(B, 2, -1, H, W).sum(1)\nelse:\n    out = x * 2\nreturn out.contiguous()",
    )
    assert "out = tf.transpose(out, (0, 2, 3, 1))\n    else:\n        out = x * 2\n    return out" in code


def test_a_flag_that_is_asked_twice(transpile) -> None:
    """`x` has five axes where the second branch uses it, and four where it doesn't."""
    code = call(
        transpile,
        "if self.pool > 1:\n    x = x.reshape(B, 2, -1, H, W)\n    gap = x.sum(1)\nelse:\n    gap = x\n"
        "gap = self.after(gap)\n"
        "if self.pool > 1:\n    out = x.sum(1)\nelse:\n    out = x * gap\nreturn out",
    )
    assert "out = tf.transpose(out, (0, 2, 3, 1))\n    else:\n        out = x * gap\n    return out" in code


def test_flattened_and_swapped_is_an_image(transpile) -> None:
    text = "class Net(nn.Module):\n    def forward(self, x):\n        return x.flatten(2).transpose(1, 2)\n"
    assert "return F.flatten(x, 1, -2)" in transpile(text).text()


def test_a_parameter_that_is_changed_in_place_stays_one(transpile) -> None:
    text = (
        "class Net(nn.Module):\n"
        "    def __init__(self, dim):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(dim, dim)\n\n"
        "    def start(self, a, b):\n"
        "        self.fc.weight.data *= a - b\n"
    )
    assert "self.fc.weight.assign(self.fc.weight * (a - b))" in transpile(text).text()


def test_a_name_for_a_float_makes_floats_of_integers(transpile) -> None:
    text = "def steps(n: int, size: int):\n    ratio = max(n / size, 1.0)\n    return torch.arange(n) * ratio\n"
    assert "tf.cast(tf.range(n, dtype=tf.int64), tf.float32) * ratio" in transpile(text).text()


def test_a_slice_of_a_shape_is_read_as_it_is(transpile) -> None:
    code = call(transpile, "size = x.shape[-2:]\nreturn self.after(x).reshape(-1, *size), size[0], size[-1]")
    assert "size = ops.shape(x)[1:-1]" in code
    assert "(-1, *size)), size[0], size[-1]" in code


def test_a_loop_takes_what_it_gives(transpile) -> None:
    code = call(
        transpile,
        "for i in range(self.pool):\n    x = x + self.other[i]\n    x = x.reshape(B, 2, -1, H, W).sum(1)\nreturn self.after(x)",
    )
    assert "        x = tf.transpose(x, (0, 2, 3, 1))\n    return self.after(x)" in code


def test_channels_put_last_under_a_flag_cost_nothing(transpile) -> None:
    """What is stored alike is not transposed, whatever the flag says."""
    code = call(
        transpile,
        "if self.pool:\n    x = x.permute(0, 2, 3, 1)\nx = self.other(x)\nif self.pool:\n    x = x.permute(0, 3, 1, 2)\nreturn x",
    )
    assert "transpose" not in code


def test_sizes_of_what_may_be_an_image_or_tokens(transpile) -> None:
    run = transpile(
        NET
        + "        if self.pool:\n            x = x.flatten(2).transpose(1, 2)\n"
        + "        else:\n            x = x.reshape(B, 2, -1, H, W).sum(1)\n"
        + "        x = x if self.other else self.conv(x)\n"
        + "        B, C, H, W = x.shape\n        return x.reshape(B, H, W, C)\n"
    )
    assert "L201" in run.codes


def test_who_passes_the_unknown_says_nothing_of_a_parameter(transpile) -> None:
    text = NET + (
        "        return self.sizes(x)\n\n    def unused(self, y):\n        return self.sizes(y)\n\n"
        "    def sizes(self, z):\n        B, C, H, W = z.shape\n        return H\n"
    )
    assert "B, H, W, C = ops.shape(z)" in transpile(text).text()


MAYBE_TOKENS = """\
class Flat(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.stages = nn.ModuleList([nn.Sequential(nn.Conv2d(8, 8, 1)), nn.Sequential(nn.Conv2d(8, 8, 1), Flat())])
        self.depth = depth

    def forward(self, x: torch.Tensor):
        x = self.conv(x)
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i < self.depth:
                B, C, H, W = x.shape
                x = x * C
        return x
"""


def test_what_is_unpacked_into_four_sizes_is_an_image_if_it_may_be_one(transpile) -> None:
    assert "                B, H, W, C = ops.shape(x)\n" in transpile(MAYBE_TOKENS).text()


def test_a_kernel_that_looks_like_an_image_is_given_to_a_parameter_in_torchs_order(transpile) -> None:
    code = """\
def fold(conv: nn.Conv2d, scale: torch.Tensor):
    B, C = scale.shape
    kernel = scale.reshape(B, C, 1, 1)
    conv.weight.data = kernel
"""
    assert "conv.weight.assign(tf.transpose(kernel, (0, 3, 1, 2)))" in transpile(code).text()
