"""BatchNorm statistics that suit random weights."""

import torch
from torch import nn

from transpiler.verify.randomise import randomise
from transpiler.verify.statistics import follow_statistics


def _deep() -> nn.Module:
    blocks = [layer for _ in range(20) for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU())]
    return nn.Sequential(nn.Conv2d(3, 8, 3), *blocks).eval()


def _images() -> torch.Tensor:
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_the_signal_survives_silu_and_batch_norm_through_depth() -> None:
    """With any fixed statistics it dies, and the outputs of two images become the same."""
    model, images = _deep(), _images()
    randomise(model, seed=0)
    with torch.no_grad():
        before = model(images)
        follow_statistics(model, images, seed=0)
        after = model(images)
    assert (after[0] - after[1]).abs().max() > 0.1 * after.abs().max()
    assert 0.1 < after.std() < 10
    assert not torch.equal(before, after)


def test_statistics_are_disturbed_differ_and_are_reproducible() -> None:
    first, second, images = _deep(), _deep(), _images()
    for model in (first, second):
        randomise(model, seed=1)
        follow_statistics(model, images, seed=1)
    assert torch.equal(first[2].running_var, second[2].running_var)
    with torch.no_grad():
        values = first[:2](images)
    exact = values.square().mean((0, 2, 3))
    ratio = first[2].running_var / exact
    assert ratio.min() < 0.9 and ratio.max() > 1.1


def test_float32_is_enough_for_the_depth() -> None:
    model, images = _deep(), _images()
    randomise(model, seed=2)
    follow_statistics(model, images, seed=2)
    with torch.no_grad():
        single = model(images)
        double = model.double()(images.double())
    assert (single - double).abs().max() < 1e-5 * double.abs().max()


def test_an_input_of_zeros_keeps_what_was_there() -> None:
    model = nn.Sequential(nn.BatchNorm2d(3)).eval()
    randomise(model, seed=0)
    variance = model[0].running_var.clone()
    follow_statistics(model, torch.zeros(2, 3, 4, 4), seed=0)
    assert torch.equal(model[0].running_var, variance)


def test_a_small_power_does_not_blow_up_its_channel() -> None:
    model, images = nn.Sequential(nn.BatchNorm2d(3)).eval(), _images()
    images[:, 0] *= 1e-6
    follow_statistics(model, images, seed=0)
    assert model[0].running_var[0] > 0.01
