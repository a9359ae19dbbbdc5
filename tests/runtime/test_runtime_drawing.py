"""Random first values: drawn once, when they are read or the constructor is done."""

import copy
from statistics import NormalDist

import numpy as np
import pytest

import tensorflow as tf  # isort: skip
from transpiler.runtime import nn  # isort: skip
from transpiler.runtime.drawing import Normal, TruncatedNormal, Uniform, draw, postponed_draws  # isort: skip


class Refused(Normal):
    """A distribution whose values nobody may need."""

    def fill(self, values, generator):
        raise AssertionError("drawn, and yet written over")


def _follow(values, cumulative):
    """Kolmogorov's and Smirnov's test, at 1 %."""
    expected = np.array([cumulative(float(value)) for value in np.sort(values)])
    return np.abs(expected - (np.arange(values.size) + 0.5) / values.size).max() < 1.63 / values.size**0.5


@pytest.mark.parametrize("count", [1, 2, 5, 131_073, 200_001])
def test_normal_values(count):
    values = np.full(count, np.nan, np.float32)
    Normal(1.0, 2.0).fill(values, np.random.Generator(np.random.SFC64(7)))
    assert np.isfinite(values).all() and len(np.unique(values)) > 0.97 * count
    assert _follow(values, NormalDist(1.0, 2.0).cdf)


def test_uniform_values():
    values = np.empty(20_000, np.float32)
    Uniform(-1.0, 3.0).fill(values, np.random.Generator(np.random.SFC64(7)))
    assert _follow(values, lambda x: (x + 1) / 4)


def test_truncated_values():
    values = np.empty(20_000, np.float32)
    TruncatedNormal(0.5, 1.0, 0.0, 1.5).fill(values, np.random.Generator(np.random.SFC64(7)))
    whole = NormalDist(0.5, 1.0).cdf
    assert _follow(values, lambda x: (whole(x) - whole(0.0)) / (whole(1.5) - whole(0.0)))
    assert values.min() >= 0 and values.max() <= 1.5


def test_what_is_written_over_is_not_drawn():
    layer = nn.Linear(3, 2)
    with postponed_draws():
        draw(layer.weight, Refused(0.0, 1.0))
        draw(layer.bias, Refused(0.0, 1.0))
        layer.weight.assign(np.ones((2, 3), np.float32))
        nn.init.zeros_(layer.bias)
    np.testing.assert_array_equal(layer.weight.numpy(), np.ones((2, 3)))
    np.testing.assert_array_equal(layer.bias.numpy(), np.zeros(2))


def test_a_refused_assignment_leaves_the_draw():
    with postponed_draws():
        layer = nn.Linear(3, 2)
        with pytest.raises(ValueError):
            layer.bias.assign(np.ones(5, np.float32))
    assert layer.bias.numpy().all()


def test_what_a_constructor_reads_stays():
    class Halved(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.halved = nn.Linear(4, 4)
            self.halved.bias.assign(self.halved.bias / 2)
            self.read = self.fc.weight.numpy()
            self.copied = copy.deepcopy(self.fc)
            self.fc.bias.assign(self.fc.bias / 2)
            self.copied.bias.assign(self.fc.bias * 4)

    module = Halved()
    assert module.read.all() and module.halved.bias.numpy().all()
    np.testing.assert_array_equal(module.fc.weight.numpy(), module.read)
    np.testing.assert_array_equal(module.copied.weight.numpy(), module.read)
    np.testing.assert_array_equal(module.copied.bias.numpy(), 4 * module.fc.bias.numpy())
    assert module.fc.bias.numpy().all()


def test_seed_repeats_and_values_differ():
    def weights():
        tf.random.set_seed(5)
        return [weight.numpy() for weight in nn.Sequential(nn.Linear(4, 4), nn.Conv2d(4, 4, 1), nn.Linear(4, 4)).weights]

    first, second = weights(), weights()
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[0], first[-2])


def test_shared_zeros_are_nobodys_state():
    with postponed_draws():
        one, other = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        one.weight.assign(np.zeros((4, 4), np.float32))
        one.weight.variable.value.assign_add(tf.ones((4, 4)))
    assert (one.weight.numpy() == 1).all()
    assert other.weight.numpy().all() and not (other.weight.numpy() == 1).any()


def test_a_value_that_is_computed_from_the_one_it_replaces():
    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 1)
            self.conv.bias.assign(tf.zeros_like(self.conv.bias))
            self.conv.bias.assign(self.conv.bias + 1.0)

    np.testing.assert_array_equal(Module().conv.bias, 1.0)
