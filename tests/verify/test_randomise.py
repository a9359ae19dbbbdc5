"""Random weights: nothing keeps a value that would hide an error, and activations stay of order one."""

import torch
from torch import nn

from transpiler.verify.randomise import randomise, seed_of


class _Block(nn.Module):
    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-5))
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.scale = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.gamma * torch.relu(self.fc(self.norm(x + self.token)))


def _convolutional() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 4, 2, stride=2))


def test_every_parameter_and_statistic_is_neither_zero_nor_one() -> None:
    for model in (_Block(), _convolutional()):
        randomise(model, seed=3)
        for name, value in model.state_dict().items():
            assert not torch.any(value == 0), name
            assert name.endswith("num_batches_tracked") or not torch.any(value == 1), name


def test_layer_scales_are_of_order_one_and_variances_positive() -> None:
    block, convolutional = _Block(), _convolutional()
    randomise(block, seed=1)
    randomise(convolutional, seed=1)
    assert 0.5 <= block.gamma.min() <= block.gamma.max() <= 1.5
    assert convolutional[1].running_var.min() >= 0.5
    assert convolutional[1].num_batches_tracked.dtype == torch.int64


def test_same_seed_same_weights() -> None:
    first, second, third = _Block(), _Block(), _Block()
    for model, seed in ((first, 5), (second, 5), (third, 6)):
        randomise(model, seed)
    assert torch.equal(first.fc.weight, second.fc.weight)
    assert not torch.equal(first.fc.weight, third.fc.weight)


def test_seed_depends_on_the_name_alone() -> None:
    assert seed_of("vit_tiny_patch16_224") == seed_of("vit_tiny_patch16_224") != seed_of("vit_tiny_patch16_384")


def test_activations_stay_of_order_one_through_depth() -> None:
    model = nn.Sequential(*(_Block() for _ in range(24)))
    randomise(model, seed=0)
    with torch.no_grad():
        out = model(torch.randn(4, 10, 32))
    assert 0.1 < out.std() < 20


def test_indices_and_non_persistent_buffers_stay() -> None:
    model = nn.Module()
    model.register_buffer("index", torch.arange(4))
    model.register_buffer("mask", torch.zeros(4), persistent=False)
    model.register_buffer("table", torch.zeros(4))
    randomise(model, seed=0)
    assert torch.equal(model.index, torch.arange(4))
    assert torch.equal(model.mask, torch.zeros(4))
    assert torch.all(model.table != 0)
