"""In-place initialisers against torch's distributions."""

import numpy as np
import pytest
import torch

import tensorflow as tf  # isort: skip
from transpiler.runtime import nn  # isort: skip


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("zeros_", {}),
        ("ones_", {}),
        ("constant_", {"val": 0.3}),
        ("normal_", {"mean": 1.0, "std": 0.2}),
        ("uniform_", {"a": -1.0, "b": 2.0}),
        ("trunc_normal_", {"std": 0.02}),
        ("trunc_normal_", {"std": 1.0}),
        ("trunc_normal_", {"mean": 0.5, "std": 1.0, "a": 0.0, "b": 1.5}),
        ("xavier_uniform_", {}),
        ("xavier_normal_", {"gain": 0.5}),
        ("kaiming_uniform_", {"a": 5**0.5}),
        ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
        ("dirac_", {}),
        ("dirac_", {"groups": 2}),
        ("orthogonal_", {"gain": 2.0}),
    ],
)
def test_distribution(name, arguments):
    tf.random.set_seed(0)
    torch.manual_seed(0)
    conv, theirs = nn.Conv2d(32, 64, 3), torch.empty(64, 32, 3, 3)
    assert getattr(nn.init, name)(conv.weight, **arguments) is conv.weight
    getattr(torch.nn.init, name)(theirs, **arguments)
    ours, theirs = conv.weight.numpy(), theirs.numpy()
    assert ours.mean() == pytest.approx(float(theirs.mean()), abs=0.05 * float(theirs.std()) + 1e-7)
    assert ours.std() == pytest.approx(float(theirs.std()), rel=0.03, abs=1e-6)
    ranks = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
    spread = 0.3 * float(theirs.std()) + 1e-6
    np.testing.assert_allclose(np.quantile(ours, ranks), np.quantile(theirs, ranks), rtol=0, atol=spread)
    if name in ("uniform_", "trunc_normal_"):
        assert arguments.get("a", -2.0) <= ours.min() and ours.max() <= arguments.get("b", 2.0)
    if name == "dirac_":
        assert (ours == theirs).all()
    if name == "orthogonal_":
        rows = ours.reshape(64, -1)
        np.testing.assert_allclose(rows @ rows.T, 4 * np.eye(64), atol=1e-4)


def test_eye_and_variables():
    weight = nn.Parameter(tf.zeros((3, 4)))
    assert (nn.init.eye_(weight).numpy() == np.eye(3, 4)).all()
    bias = nn.Linear(3, 4).bias
    assert not nn.init.zeros_(bias).numpy().any()


def test_fans_and_gains():
    fans = nn.init._calculate_fan_in_and_fan_out
    for shape in [(5, 7), (8, 4, 3, 3)]:
        assert fans(tf.zeros(shape)) == torch.nn.init._calculate_fan_in_and_fan_out(torch.zeros(shape))
    for name, parameter in [("relu", None), ("leaky_relu", 0.2), ("tanh", None), ("linear", None), ("selu", None)]:
        assert nn.init.calculate_gain(name, parameter) == torch.nn.init.calculate_gain(name, parameter)
    with pytest.raises(ValueError):
        fans(tf.zeros(3))
    with pytest.raises(ValueError):
        nn.init.calculate_gain("unknown")


def test_seed_repeats():
    linear = nn.Linear(4, 4)
    tf.random.set_seed(3)
    first = nn.init.normal_(linear.weight).numpy()
    tf.random.set_seed(3)
    assert (nn.init.normal_(linear.weight).numpy() == first).all()
