"""What the breadth of timm asks of the analysis: each was an internal error, or refused for no reason."""

from __future__ import annotations

import pytest


def test_an_index_of_several_lines_is_assigned(transpile) -> None:
    run = transpile(
        """
def kernel(dim: int, size):
    value = torch.zeros((dim, dim, 3, 3))
    for i in range(dim):
        value[
            i,
            i % dim,
            size[0] // 2,
            1,
        ] = 1
    return value
"""
    )
    assert "value = F.slice_assign(value, np.s_[i, i % dim, size[0] // 2, 1], 1)" in run.definition("kernel")


def test_a_dtype_that_a_constructor_computes_with_was_not_given(transpile) -> None:
    run = transpile(
        """
def kept(dtype):
    return dtype

class Net(nn.Module):
    def __init__(self, dim, device=None, dtype=None):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim, device=device, dtype=dtype))
        self.kept = kept(dtype)
"""
    )
    assert "self.kept = kept(None)" in run.definition("__init__")


ROTATED = """
def rotate(x: torch.Tensor, emb: torch.Tensor):
    sin, cos = emb.chunk(2, -1)
    return x * cos + x.flip(-1) * sin

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        emb = torch.ones(5, 8)
        return rotate({}, emb).transpose({})
"""


def test_a_broadcast_has_the_rank_of_the_larger_operand(transpile) -> None:
    call = transpile(ROTATED.format("x.flatten(2)", "1, 2")).definition("call")
    assert "tf.linalg.matrix_transpose(rotate(" in call or "F.swap_axes(rotate(" in call


def test_an_axis_that_is_not_there_is_refused(transpile) -> None:
    run = transpile("""
def f(x: torch.Tensor):
    return torch.ones(2, 3).transpose(1, 2)
""")
    assert run.codes == ["T102"] and "rank 2" in run.errors[0].message


def test_axes_that_are_computed_are_flattened(transpile) -> None:
    run = transpile(
        """
def f(x: torch.Tensor, sizes):
    return x.permute([0, 2, 1]).flatten(0, len(sizes))
"""
    )
    assert "F.flatten(tf.transpose(x, [0, 2, 1]), 0, len(sizes))" in run.definition("f")


@pytest.mark.parametrize("types", ["list", "(list, tuple)"])
def test_a_list_of_images_may_be_where_an_image_is(transpile, types: str) -> None:
    run = transpile(
        f"""
class Net(nn.Module):
    def __init__(self, backbone: nn.Module):
        super().__init__()
        self.backbone = backbone

    def forward(self, x):
        x = self.backbone(x)
        if isinstance(x, {types}):
            x = x[-1]
        _, _, H, W = x.shape
        return F.pad(x, (0, W % 2, 0, H % 2))
"""
    )
    assert "_, H, W, _ = ops.shape(x)" in run.definition("call")
    assert "F.pad_image(x, (0, W % 2, 0, H % 2))" in run.definition("call")


def test_a_mask_that_meets_numbers_is_one_or_nought(transpile) -> None:
    run = transpile(
        """
def f(x: torch.Tensor, y: torch.Tensor):
    return x * (y > 0)
"""
    )
    assert "x * tf.cast(y > 0, x.dtype)" in run.definition("f")


def test_a_file_that_imports_torch_by_way_of_another(transpile) -> None:
    layer = "import torch.nn as nn\n\nclass Layer(nn.Module):\n    pass\n"
    run = transpile({"net.layer": layer, "net.model": "from .layer import Layer\n\nmodel = Layer\n"}, "net.model")
    assert run.generated("net.model")


SCALED = """
class Scale(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(1e-5 * torch.ones({}))

    def forward(self, x):
        return x * self.gamma{}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.scale = Scale(4)

    def forward(self, x):
        return self.scale(self.conv(x))
"""


@pytest.mark.parametrize("sizes", ["dim, 1, 1", "(dim, 1, 1)", "1, dim, 1, 1"])
def test_a_parameter_of_the_channels_is_stored_channels_last(transpile, sizes: str) -> None:
    run = transpile(SCALED.format(sizes, ""))
    assert "self.gamma = nn.ImageParameter(1e-5 * tf.ones(" in run.definition("__init__")
    assert "return x * self.gamma" in run.definition("call") and not run.transposes()


def test_a_parameter_that_is_used_otherwise_too_is_not(transpile) -> None:
    run = transpile(SCALED.format("dim, 1, 1", " + self.gamma.flatten().sum()"))
    assert "self.gamma = nn.Parameter(" in run.definition("__init__")
    assert "x * tf.transpose(self.gamma, (1, 2, 0))" in run.definition("call")


def test_scales_of_attention_heads_are_no_channels(transpile) -> None:
    run = transpile(
        """
class Attention(nn.Module):
    def __init__(self, heads: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(heads, 1, 1))

    def forward(self, x: torch.Tensor):
        B, N, C = x.shape
        q = x.reshape(B, N, 4, C // 4).permute(0, 2, 1, 3)
        return (q @ q.transpose(-1, -2)) * self.scale
"""
    )
    assert "self.scale = nn.Parameter(" in run.definition("__init__") and "* self.scale" in run.definition("call")


def test_a_vector_of_the_channels_has_its_place_by_the_name_of_its_shape(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: torch.Tensor):
        shape = (1, -1, 1, 1)
        B, C, H, W = x.shape
        return x * self.weight.view(shape).to(x.dtype)
"""
    )
    assert "x * tf.cast(tf.reshape(self.weight, (1, 1, 1, -1)), x.dtype)" in run.definition("call")


def test_a_shape_is_named_and_unpacked_at_once(transpile) -> None:
    run = transpile(
        """
def f(x: torch.Tensor):
    B, C, H, W = s = x.shape
    return F.max_pool2d(x, 2), H
"""
    )
    assert "B, H, W, C = s = ops.shape(x)" in run.definition("f")


def test_factory_arguments_from_a_function_are_left_out(transpile) -> None:
    run = transpile(
        """
def factory(**kwargs):
    return {'device': kwargs.get('device', None), 'dtype': kwargs.get('dtype', None)}

def conv(**kwargs):
    return nn.Conv2d(3, 4, 1, **factory(**kwargs))
"""
    )
    assert "return nn.Conv2d(3, 4, 1)" in run.definition("conv")


def test_what_is_joined_with_an_image_is_transposed_alone(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor, t: torch.Tensor):
        x = self.conv(x)
        return torch.cat([x, t.reshape(1, 4, 3, 4)], 1)
"""
    )
    assert "tf.concat([x, tf.transpose(tf.reshape(t, (1, 4, 3, 4)), (0, 2, 3, 1))], axis=-1)" in run.definition("call")
    assert len(run.transposes()) == 1


def test_a_part_of_an_image_is_assigned(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)

    def forward(self, x: torch.Tensor):
        B, C, H, W = x.shape
        x[:, :2] = self.conv(x[:, :2])
        return x
"""
    )
    assert "x = F.slice_assign(x, np.s_[..., :2], self.conv(x[..., :2]))" in run.definition("call")


def test_a_constructor_that_leaves_what_it_does_not_know(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self, size: int = 3, **kwargs):
        super().__init__()
        self.pool = nn.AvgPool2d(size)
"""
    )
    assert "super().__init__(**nn.keras_arguments(kwargs))" in run.definition("__init__")


def test_a_number_that_images_are_added_to(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(2, 2, 1) for _ in range(3)])

    def forward(self, x: torch.Tensor):
        y = 0
        for conv in self.convs:
            y += conv(x)
        return torch.cat([y, y], dim=1)
"""
    )
    assert "tf.concat([y, y], axis=-1)" in run.definition("call")
