"""What convolutional nets ask of the analysis: branches, containers, lists of images, factory arguments that may be given."""

from __future__ import annotations


def test_what_two_branches_store_differently_is_stored_as_it_is_used(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self, radix):
        super().__init__()
        self.radix = radix
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        B, C, H, W = x.shape
        if self.radix > 1:
            y = x.reshape(B, self.radix, C // self.radix, H, W).sum(dim=1)
        else:
            y = x
        return self.conv(y.mean((2, 3), keepdim=True))
"""
    )
    call = run.definition("call")
    assert "        y = tf.transpose(y, (0, 2, 3, 1))\n    else:" in call
    assert "tf.reduce_mean(y, axis=(1, 2), keepdims=True)" in call


def test_a_parameter_that_isinstance_asks_about_is_that(transpile) -> None:
    run = transpile(
        """
def init(m, n):
    if isinstance(m, nn.Linear):
        return m.weight.size(0)
"""
    )
    assert "m.weight.shape[0]" in run.definition("init")


def test_modules_added_by_name_are_attributes(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module('conv', nn.Conv2d(4, 4, 1))

    def forward(self, x):
        x = self.conv(x)
        return torch.cat([x, x], 1)
"""
    )
    assert "axis=-1" in run.definition("call")


def test_lists_of_tensors_are_what_their_use_says(transpile) -> None:
    run = transpile(
        {
            "net": """\
import torch
import torch.nn as nn
from torch.jit.annotations import List


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, xs: List[torch.Tensor]):
        return self.conv(torch.cat(xs, 1))


class Block(nn.ModuleDict):
    def __init__(self, depth):
        super().__init__()
        for i in range(depth):
            self.add_module('layer%d' % i, Layer())

    def forward(self, x):
        features = [x]
        for name, layer in self.items():
            features.append(layer(features))
        return torch.cat(features, 1)
"""
        }
    )
    assert "from typing import List" in run.text()
    assert run.text().count("axis=-1") == 2
    assert not run.transposes()


def test_several_index_tensors_pick_together(transpile) -> None:
    run = transpile(
        """
def pick(table: torch.Tensor):
    i = torch.arange(3)
    return table[i, i]
"""
    )
    assert "tf.gather_nd(table, tf.stack([i, i], axis=-1))" in run.definition("pick")


def test_what_becomes_a_tensor_is_an_array_before(transpile) -> None:
    run = transpile(
        """
def load(weights):
    weights = weights.transpose([3, 2, 0, 1])
    return torch.from_numpy(weights)
"""
    )
    assert "weights.transpose([3, 2, 0, 1])" in run.definition("load")


def test_a_device_that_may_be_given_to_a_factory_goes(transpile) -> None:
    run = transpile(
        """
def create(layer, known, device=None, dtype=None):
    options = {}
    if 'device' not in known and device is not None:
        options['device'] = device
    if 'dtype' not in known and dtype is not None:
        options['dtype'] = dtype
    return layer(**options)
"""
    )
    create = run.definition("create")
    assert create.startswith("def create(layer, known):")
    assert "if " not in create


def test_factory_arguments_kept_in_an_attribute_go(transpile) -> None:
    run = transpile(
        """
class Builder:
    def __init__(self, device=None, dtype=None):
        self.dd = {'device': device, 'dtype': dtype}  # for the layers

    def make(self, options):
        options.update(self.dd)
        return nn.Linear(2, 3, **self.dd)
"""
    )
    assert "dd" not in run.definition("Builder")


def test_a_padding_of_two_axes_is_of_an_image(transpile) -> None:
    run = transpile(
        """
def same(x, amount):
    return F.pad(x, (amount, amount, 0, 1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return same(self.conv(x), 1)
"""
    )
    assert "F.pad_image(x," in run.definition("same")
    assert not run.transposes()


def test_a_value_over_lines_is_kept_together(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('total', torch.zeros(3))

    def forward(self, x):
        self.total.copy_(
            self.total * 2 +
            x)
        return self.total
"""
    )
    assert "self.total" in run.definition("call")


def test_a_loop_binds_its_names_anew_each_time(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, H: int):
        maps = []
        for tokens in [self.fc(x.reshape(2, 6, 4))]:
            tokens = tokens.reshape(2, H, 3, 4).permute(0, 3, 1, 2)
            maps.append(tokens)
        return maps
"""
    )
    assert "tokens = tf.reshape(tokens, (2, H, 3, 4))" in run.definition("call") and not run.transposes()


def test_what_is_flattened_or_an_image_is_an_image_where_it_has_four_axes(transpile) -> None:
    run = transpile(
        """
class Net(nn.Module):
    def __init__(self, pool):
        super().__init__()
        self.pool = pool
        self.conv = nn.Conv2d(4, 4, 1)
        self.flatten = nn.Flatten(1) if pool else nn.Identity()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        x = self.flatten(self.conv(x))
        if not self.pool:
            x = x.permute(0, 2, 3, 1)
        return self.fc(x)
"""
    )
    assert "x = self.flatten(self.conv(x))\n    return self.fc(x)\n" in run.definition("call")
    assert not run.transposes()


SEQUENCE_OF_MODULES = """
class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return self.conv(x)


class Stage(nn.Sequential):
    def __init__(self, depth):
        super().__init__()
        for i in range(depth):
            self.add_module(f"block{i}", Tokens())

    def forward(self, x):
        features = [x]
        for block in self:
            features.append(block(x))
        return torch.cat(features, 1)


class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.stages = nn.Sequential(*[Stage(2) for _ in range(depth)])

    def truncate(self, count):
        self.stages = self.stages[:count]

    def forward(self, x: torch.Tensor):
        return self.stages(x).permute(0, 2, 3, 1)
"""


def test_a_sequential_gives_what_its_modules_give(transpile) -> None:
    run = transpile(SEQUENCE_OF_MODULES)
    assert "tf.concat(features, axis=-1)" in run.text() and "return self.stages(x)\n" in run.text()
    assert not run.transposes()


def test_modules_that_only_subclasses_have_are_known_in_their_base(transpile) -> None:
    run = transpile(
        """
class Cell(nn.Module):
    def cell(self, x):
        return torch.cat([self.left(x), self.right(x)], 1)


class Stem(Cell):
    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(4, 4, 1)
        self.right = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return self.cell(x)
"""
    )
    assert "axis=-1" in run.definition("cell") and not run.transposes()


def test_a_module_that_joins_images_in_torchs_order_gives_an_image(transpile) -> None:
    run = transpile(
        """
class Paths(nn.Module):
    def __init__(self):
        super().__init__()
        self.paths = nn.ModuleList([nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)])
        self.weight = nn.Parameter(torch.ones(2, 4, 1, 1))

    def forward(self, x):
        x = torch.stack([path(x) for path in self.paths], dim=1)
        x = x * self.weight
        return x.sum(dim=1)


class Net(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention(4) if attention else None
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        return x + self.attention(x)
"""
    )
    assert "tf.transpose(tf.reduce_sum(x, axis=1), (0, 2, 3, 1))" in run.definition("call")
    assert "return x + self.attention(x)\n" in run.text()
