"""Images come out channels-last, and what can't be said that way is transposed and counted."""

from __future__ import annotations

import pytest
from core_sources import TORCH, Run, run, write

NET = """\
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3)
        self.norm = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, dim)
        self.scale = nn.Parameter(torch.ones(dim))
        self.position = nn.Parameter(torch.zeros(1, dim, 7, 7))

    def forward(self, x: torch.Tensor, i: int, t: torch.Tensor):
        tokens = self.fc(t.reshape(2, 6, 12))
        x = self.conv(x)
"""


def on_image(transpile, code: str):
    """What becomes of statements about an image `x` and the rank-3 `tokens`, and the run."""
    result = transpile(NET + "".join(f"        {line}\n" for line in code.splitlines()))
    lines = result.definition("call").splitlines()
    start = next(i for i, line in enumerate(lines) if "self.conv(" in line)
    return "\n".join(line[4:] for line in lines[start + 1 :]), result


FREE = [
    ("B, C, H, W = x.shape", "B, H, W, C = ops.shape(x)"),
    ("H, W = x.shape[-2:]", "H, W = ops.shape(x)[1:-1]"),
    ("H, W = x.shape[2:]", "H, W = ops.shape(x)[1:-1]"),
    ("y = x.shape[1]", "y = ops.shape(x)[-1]"),
    ("y = x.shape[-1]", "y = ops.shape(x)[2]"),
    ("y = x.size(1)", "y = ops.shape(x)[-1]"),
    ("y = torch.cat([x, x], dim=1)", "y = tf.concat([x, x], axis=-1)"),
    ("y = torch.cat([x, x], 0)", "y = tf.concat([x, x], axis=0)"),
    ("y = x.mean((2, 3))", "y = tf.reduce_mean(x, axis=(1, 2))"),
    ("y = x.mean([-2, -1], keepdim=True)", "y = tf.reduce_mean(x, axis=(1, 2), keepdims=True)"),
    ("y = x.sum(1)", "y = tf.reduce_sum(x, axis=-1)"),
    ("y = x[:, :i]", "y = x[..., :i]"),
    ("y = x[:, i:]", "y = x[..., i:]"),
    ("y = x[:, :, 1:-1, ::2]", "y = x[:, 1:-1, ::2]"),
    ("y = x[..., 1:]", "y = x[:, :, 1:]"),
    ("y = x[:2]", "y = x[:2]"),
    ("y = x.permute(0, 2, 3, 1)", "y = x"),
    ("y = x.permute(0, 2, 3, 1).permute(0, 3, 1, 2)", "y = x"),
    ("y = x.permute(0, 2, 3, 1).shape[3]", "y = ops.shape(x)[3]"),
    ("y, z = x.chunk(2, dim=1)", "y, z = F.chunk(x, 2, axis=-1)"),
    ("y = x.split(4, 1)", "y = F.split(x, 4, axis=-1)"),
    ("y = x.roll(1, 2)", "y = F.roll(x, 1, axis=1)"),
    ("y = x * self.scale.view(1, -1, 1, 1)", "y = x * tf.reshape(self.scale, (1, 1, 1, -1))"),
    ("y = x * self.scale.reshape(1, -1, 1, 1)", "y = x * tf.reshape(self.scale, (1, 1, 1, -1))"),
    ("y = F.pad(x, (1, 1, 2, 2))", "y = F.pad_image(x, (1, 1, 2, 2))"),
    ("y = F.pad(x, (0, 0, 0, 0, 0, 1))", "y = F.pad_image(x, (0, 0, 0, 0, 0, 1))"),
    ("y = F.interpolate(x, size=(9, 4))", "y = F.interpolate(x, size=(9, 4))"),
    ("y = F.interpolate(x, size=x.shape[2:])", "y = F.interpolate(x, size=ops.shape(x)[1:-1])"),
    ("y = F.relu(x) + x", "y = tf.nn.relu(x) + x"),
    ("y = x.relu().add(x)", "y = tf.nn.relu(x) + x"),
    ("y = x * x.mean((2, 3), keepdim=True)", "y = x * tf.reduce_mean(x, axis=(1, 2), keepdims=True)"),
    ("y = self.norm(x.permute(0, 2, 3, 1))", "y = self.norm(x)"),
    ("y = x.softmax(dim=1)", "y = F.softmax(x, axis=-1)"),
    ("y = x.flatten(2).shape", "y = ops.shape(F.flatten(x, 1, -2))"),
]


OPERANDS = [
    ("self.scale.view(-1, 1, 1)", "tf.transpose(tf.reshape(self.scale, (-1, 1, 1)), (1, 2, 0))"),
    ("self.scale[:, None, None]", "tf.transpose(self.scale[:, None, None], (1, 2, 0))"),
    ("self.position[0]", "tf.transpose(self.position[0], (1, 2, 0))"),
    ("self.position[0, 0]", "tf.expand_dims(self.position[0, 0], -1)"),
    ("self.scale", "tf.expand_dims(self.scale, -1)"),
    ("self.scale.sum()", "tf.reduce_sum(self.scale)"),
]
OPERATIONS = [
    ("y = x * {}", "y = x * {}"),
    ("y = {} * x", "y = {} * x"),
    ("y = x.mul({})", "y = x * {}"),
    ("y = torch.mul({}, x)", "y = {} * x"),
    ("x += {}", "x += {}"),
    ("x.add_({})", "x = x + {}"),
]
BROADCAST = [(before.format(torch), after.format(tf)) for before, after in OPERATIONS for torch, tf in OPERANDS]


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Run:
    """Every case of the two tables as a method of its own, transpiled in one run."""
    setup, forward = NET.split("    def forward(")
    cases = "".join(f"    def case_{n}({forward}        {before}\n" for n, (before, _) in enumerate(FREE + BROADCAST))
    folder = tmp_path_factory.mktemp("images")
    write(folder, {"net": TORCH + setup + cases})
    return run(folder, ["net"])


@pytest.mark.parametrize("before", [before for before, _ in FREE])
def test_an_image_needs_no_transpose(images, before):
    n = [before for before, _ in FREE].index(before)
    assert images.definition(f"case_{n}").splitlines()[3:] == ["    " + FREE[n][1]]


@pytest.mark.parametrize("before", [before for before, _ in BROADCAST])
def test_a_broadcast_operand_meets_the_axes_it_means(images, before):
    n = [before for before, _ in BROADCAST].index(before)
    assert images.definition(f"case_{len(FREE) + n}").splitlines()[3:] == ["    " + BROADCAST[n][1]]


def test_transposes_of_broadcast_operands_are_counted(images):
    assert len(images.transposes()) == len(OPERATIONS) * (len(OPERANDS) - 1)


def test_tokens_of_an_image_are_one_reshape(transpile):
    text, run = on_image(transpile, "y = x.flatten(2).transpose(1, 2)\ny = self.fc(y)")
    assert (text, run.transposes()) == ("y = F.flatten(x, 1, -2)\ny = self.fc(y)", ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = x.reshape(2, -1)", "y = tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (2, -1))"),
        ("y = x.flatten(1)", "y = F.flatten(tf.transpose(x, (0, 3, 1, 2)), 1)"),
        ("y = self.fc(x)", "y = self.fc(tf.transpose(x, (0, 3, 1, 2)))"),
        ("y = x @ x.mean(1)", "y = tf.transpose(x, (0, 3, 1, 2)) @ tf.reduce_mean(x, axis=-1)"),
        ("y = torch.matmul(x, i)", "y = tf.matmul(tf.transpose(x, (0, 3, 1, 2)), i)"),
        ("y = x + self.position", "y = x + tf.transpose(self.position, (0, 2, 3, 1))"),
        ("y = self.position + x", "y = tf.transpose(self.position, (0, 2, 3, 1)) + x"),
        ("y = torch.add(x, self.position)", "y = x + tf.transpose(self.position, (0, 2, 3, 1))"),
        (
            "y = self.conv(tokens.reshape(2, 3, 4, 6))",
            "y = self.conv(tf.transpose(tf.reshape(tokens, (2, 3, 4, 6)), (0, 2, 3, 1)))",
        ),
        (
            "y = F.conv2d(t.reshape(2, 3, 4, 6), self.conv.weight)",
            "y = F.conv2d(tf.transpose(tf.reshape(t, (2, 3, 4, 6)), (0, 2, 3, 1)), self.conv.weight)",
        ),
    ],
)
def test_a_mixture_of_layouts_is_transposed_and_counted(transpile, before, after):
    text, run = on_image(transpile, before)
    assert text == after
    (transpose,) = run.transposes()
    source = (NET + before).splitlines()
    assert transpose.line == 3 + len(source)
    assert transpose.reason


def test_what_a_module_gives_is_in_the_order_it_takes(transpile):
    text, run = on_image(transpile, "y = self.fc(x)\nz = y[:, 0]\ny = self.conv(y)\nreturn y.mean(1)")
    assert text == (
        "y = self.fc(tf.transpose(x, (0, 3, 1, 2)))\nz = y[:, 0]\n"
        "y = self.conv(tf.transpose(y, (0, 2, 3, 1)))\nreturn tf.reduce_mean(y, axis=-1)"
    )
    assert [t.line for t in run.transposes()] == [16, 18]


SHAPE_AS_A_WHOLE = pytest.mark.xfail(
    reason="the shape of an image is passed on in stored order, and what is made of it counts as PLAIN"
)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("y = x[:, 0]", "L204"),
        ("y = x[:, None]", "L204"),
        ("y = x.shape[i]", "L203"),
        ("y = x.shape[1:3]", "L203"),
        ("x[:, :2] = 1", "L205"),
        ("y = torch.cat([x, tokens.reshape(1, 2, 3, 4).unsqueeze(i)], 1)", "L202"),
        ("y = x.mean(i)", "T102"),
        ("y = x.transpose(i, 1)", "T102"),
        pytest.param("y = torch.zeros(x.shape)", "L203", marks=SHAPE_AS_A_WHOLE),
        pytest.param("y = tokens.reshape(x.shape)", "L203", marks=SHAPE_AS_A_WHOLE),
        ("B, *rest = x.shape", "L203"),
    ],
)
def test_what_an_image_has_no_form_for_is_refused(transpile, code, error):
    run = transpile(NET + f"        {code}\n")
    assert run.codes == [error], run.report
    assert run.errors[0].where.line == 16


def test_a_layer_of_the_own_source_takes_and_gives_images(transpile):
    run = transpile("""\
class Norm(nn.LayerNorm):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        x = x.permute(0, 3, 1, 2)
        return x

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3)
        self.norm = Norm(dim)

    def forward(self, x):
        return self.norm(self.conv(x)).mean(1)
""")
    assert "transpose" not in run.text()
    assert "return tf.reduce_mean(self.norm(self.conv(x)), axis=-1)" in run.text()


def test_evidence_in_a_function_types_its_callers(transpile):
    run = transpile("""\
def pool(x: torch.Tensor):
    B, C, H, W = x.shape
    return x.reshape(B, C, -1)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)
        self.fc = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor):
        x = self.conv(x)
        a = pool(x)
        b = pool(self.fc(y).reshape(1, 2, 3, 4))
        return a, b
""")
    assert "B, H, W, C = ops.shape(x)\n    return tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (B, C, -1))" in run.text()
    assert "a = pool(x)" in run.text()
    assert "b = pool(tf.transpose(tf.reshape(self.fc(y), (1, 2, 3, 4)), (0, 2, 3, 1)))" in run.text()
    assert [t.line for t in run.transposes()] == [6, 17]


def test_tensors_with_torch_axes_keep_them(transpile):
    run = transpile("""\
class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, dim * 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, 4, -1).permute(2, 0, 3, 1, 4).unbind(0)
        attn = (q @ k.transpose(-2, -1)).softmax(dim=-1)
        return (attn @ v).transpose(1, 2).reshape(B, N, C)
""")
    assert run.definition("call") == (
        "def call(self, x: tf.Tensor) -> tf.Tensor:\n"
        "    B, N, C = ops.shape(x)\n"
        "    q, k, v = tf.unstack(tf.transpose(tf.reshape(self.qkv(x), (B, N, 3, 4, -1)), (2, 0, 3, 1, 4)), axis=0)\n"
        "    attn = F.softmax(tf.matmul(q, k, transpose_b=True), axis=-1)\n"
        "    return tf.reshape(tf.transpose(attn @ v, (0, 2, 1, 3)), (B, N, C))\n"
    )
    assert run.transposes() == ()


def test_what_is_permuted_to_an_image_has_its_channels_last(transpile):
    run = transpile("""\
class Net(nn.Module):
    def __init__(self, embed):
        super().__init__()
        self.embed = embed
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x, nchw: bool):
        x = self.embed(x)
        y = x.permute(0, 3, 1, 2) if nchw else x
        return y, self.conv(x.permute(0, 3, 1, 2))
""")
    assert run.definition("call").splitlines()[2:] == ["    y = x", "    return y, self.conv(x)"]


def test_a_transpose_is_undone_rather_than_doubled(transpile):
    run = transpile("""\
def stretch(table: torch.Tensor):
    table = table.reshape(1, 5, 3)
    return F.interpolate(table.permute(0, 2, 1), size=9, mode='linear')
""")
    assert "return F.interpolate(table, size=9, mode='linear')" in run.text()
    assert run.transposes() == ()


def test_a_starred_size_may_stand_for_many(transpile):
    run = transpile("""\
class Net(nn.Module):
    def __init__(self, dim, size=(7, 7)):
        super().__init__()
        self.size = size
        self.table = nn.Parameter(torch.zeros(1, dim, *self.size))

    def forward(self, x):
        return F.interpolate(self.table, size=(9, 9))
""")
    assert "F.interpolate(tf.transpose(self.table, (0, 2, 3, 1)), size=(9, 9))" in run.text()


def test_the_methods_of_subclasses_learn_what_the_base_passes(transpile):
    run = transpile("""\
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fill(torch.zeros(4))

class Net(Base):
    def fill(self, bands: torch.Tensor):
        self.register_buffer('bands', (bands * 2).flatten(-1))
""")
    assert "F.flatten(bands * 2, -1)" in run.text()


def test_an_operand_of_unknown_rank_is_refused(transpile):
    """Its axes may be torch's."""
    run = transpile(NET.replace("torch.ones(dim)", "dim") + "        return x * self.scale\n")
    assert [error.code for error in run.errors] == ["L206"]


MERGE = """\
class Merge(nn.Module):
    def forward(self, x: torch.Tensor):
        B, H, W, C = x.shape
        return x.reshape(B, H * W, C).reshape(B, H, W, C)


class Net(nn.Module):
    def __init__(self, dim: int, down: bool, conv: bool):
        super().__init__()
        self.down = Merge() if down else nn.Identity()
        self.either = nn.Conv2d(dim, dim, 1) if conv else nn.Linear(dim, dim)

    def either_way(self, x):
        return self.either(x)

    def forward(self, x: torch.Tensor):
        x = self.down(x)
        return x.permute(0, 3, 1, 2)

    def of_tokens(self, t: torch.Tensor):
        t = self.either_way(t.reshape(4, 4))
        return t.transpose(1, 0)
"""


def test_identity_takes_what_its_alternative_takes(transpile):
    run = transpile(MERGE)
    assert (run.errors, run.transposes()) == ([], ())
    assert "x = self.down(x)\n        return x\n" in run.text()


def test_a_layer_that_may_be_a_convolution_keeps_the_layout(transpile):
    assert "return tf.transpose(t, (1, 0))" in transpile(MERGE).definition("of_tokens")


UP = """\
class Up(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up = nn.ConvTranspose2d(dim, dim, 2, 2)

    def forward(self, x: torch.Tensor, skip: torch.Tensor):
"""


@pytest.mark.parametrize("joined", ["torch.cat([self.up(x), skip], 1)", "torch.cat((skip, self.up(x)), dim=1)"])
def test_what_is_joined_with_an_image_is_one(transpile, joined):
    run = transpile(f"{UP}        size = skip.shape[-2:]\n        first = skip[:, :2]\n        return size, {joined}\n")
    text = run.definition("call")
    assert "size = ops.shape(skip)[1:-1]" in text and "first = skip[..., :2]" in text and "axis=-1" in text
    assert run.transposes() == ()


@pytest.mark.parametrize("read", ["x.shape[1]", "x.shape[2:]", "x[:, :2]"])
def test_a_parameter_whose_axes_are_only_read_is_in_torch_order_and_so_is_what_is_passed(transpile, read):
    run = transpile(f"def f(x: torch.Tensor):\n    return {read}\n\n\n{UP}        return f(self.up(x))\n")
    assert run.definition("f").splitlines()[1] == f"    return {read.replace('x.shape', 'ops.shape(x)')}"
    assert "f(tf.transpose(self.up(x), (0, 3, 1, 2)))" in run.definition("call")


EITHER = UP.replace("skip: torch.Tensor", "t: torch.Tensor, i: int") + """\
        y = [self.up(x), t.reshape(2, 3, 4, 5)][i]
        return {}
"""


@pytest.mark.parametrize("read", ["y.shape[1]", "y.shape[-1]", "y.shape[2:]", "y[:, :2]", "y[..., 0]"])
def test_axes_of_what_nothing_decides_are_refused(transpile, read):
    run = transpile(EITHER.format(read))
    assert [error.code for error in run.errors] == ["L201"], run.report


@pytest.mark.parametrize("read", ["y.shape[0]", "y[:2]", "y[...]", "y.shape[1:3]"])
def test_what_is_the_same_in_every_layout_needs_no_decision(transpile, read):
    run = transpile(EITHER.format(read))
    assert not run.errors, run.report


def test_a_choice_between_two_layouts_is_refused(transpile):
    run = transpile(EITHER.format("self.up(x) if i else t.reshape(2, 3, 4, 5)"))
    assert [error.code for error in run.errors] == ["L207"], run.report


def test_a_choice_between_an_image_and_its_channels_last_view_is_none(transpile):
    run = transpile(EITHER.format("self.up(x) if i else self.up(x).permute(0, 2, 3, 1)"))
    assert "return self.up(x)\n" in run.text()


def test_a_module_that_stands_beside_modules_that_give_images_gives_one_too(transpile):
    run = transpile("""
class Folded(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        x = self.conv(x).reshape(b, c // 2, 2, h, w)
        return x.transpose(1, 2).reshape(b, c, h, w)


class Plain(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 1)

    def forward(self, x):
        return self.conv(x)


class Net(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.blocks = nn.ModuleList([Folded(c), Plain(c)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x[:, :2]
""")
    assert "return tf.transpose(tf.reshape(" in run.definition("Folded")
    assert "return x[..., :2]" in run.definition("Net")


def test_a_dict_holds_what_is_put_into_it(transpile):
    text, _ = on_image(transpile, "d = {}\nfor k in 'ab':\n    d[k] = self.conv(x)\ny = torch.cat(list(d.values()), 1)")
    assert text.endswith("y = tf.concat(list(d.values()), axis=-1)")


def test_a_list_of_nobody_knows_what_is_refused(transpile):
    run = transpile("def f(items: list):\n    return torch.cat(items, 1)\n")
    assert [error.code for error in run.errors] == ["K103"], run.report


def test_a_module_that_returns_an_image_in_one_place_returns_one_in_all(transpile):
    code = "if i:\n    return x\nreturn x.reshape(2, 3, 4, 5)"
    text, run = on_image(transpile, code)
    assert text.endswith("    return x\nreturn tf.transpose(tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (2, 3, 4, 5)), (0, 2, 3, 1))")
    assert len(run.transposes()) == 2


def test_a_function_that_returns_two_layouts_hands_out_torch_order(transpile):
    """What such functions do with an image, they do in torch order."""
    source = """
def fold(x: torch.Tensor, t: int):
    B, C, H, W = x.shape
    if t <= 1:
        return x
    return x.view(B, H, C, W)
"""
    text = transpile(source).definition("fold")
    assert "return tf.transpose(x, (0, 3, 1, 2))" in text
    assert text.endswith("return tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (B, H, C, W))\n")


@pytest.mark.parametrize(
    ("pooled", "flat"),
    [
        ("F.adaptive_avg_pool2d(x, 1)", "F.flatten(F.adaptive_avg_pool2d(x, 1), 1)"),
        ("x.mean((2, 3), keepdim=True)", "F.flatten(tf.reduce_mean(x, axis=(1, 2), keepdims=True), 1)"),
    ],
)
def test_an_image_of_one_pixel_is_flattened_as_it_is(transpile, pooled, flat):
    code, run = on_image(transpile, f"y = {pooled}.flatten(1)")
    assert code == f"y = {flat}" and not run.transposes()


@pytest.mark.parametrize(
    "code",
    [
        "F.adaptive_avg_pool2d(x, 2)",
        "F.pad(F.adaptive_avg_pool2d(x, 1), (0, 1, 0, 1))",
        "x.mean(2, keepdim=True)",
        "self.conv(F.adaptive_avg_pool2d(x, 1))",
        "(x + F.adaptive_avg_pool2d(x, 1))",
    ],
)
def test_an_image_that_may_have_more_pixels_is_flattened_in_torch_order(transpile, code):
    _, run = on_image(transpile, f"y = {code}.flatten(1)")
    assert [transpose.reason for transpose in run.transposes()] == ["torch.Tensor.flatten works in torch order"]


def test_what_is_no_image_is_normalised_on_torchs_axis(transpile):
    code, run = on_image(transpile, "y = F.batch_norm(tokens, None, None, training=True)")
    assert code == "y = F.batch_norm(tokens, None, None, training=True, axis=1)" and not run.transposes()


def test_the_shape_of_a_parameter_is_read_off_without_making_a_tensor_of_it(transpile):
    run = transpile(
        """
def sized(x, weight: torch.Tensor):
    return x * weight.shape[0]

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return sized(self.conv(x), self.conv.weight)
"""
    )
    assert "x * weight.shape[0]" in run.text()
