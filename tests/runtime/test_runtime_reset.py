"""`reset_parameters`: layers take torch's first values again."""

import numpy as np
import pytest
import torch
from torch import nn as torch_nn

import tensorflow as tf  # isort: skip
from transpiler.runtime import nn  # isort: skip

LAYERS = {
    "linear": (lambda nn: nn.Linear(200, 60)),
    "linear without bias": (lambda nn: nn.Linear(200, 60, bias=False)),
    "convolution": (lambda nn: nn.Conv2d(20, 60, 3, groups=2)),
    "convolution 1d": (lambda nn: nn.Conv1d(20, 60, 3)),
    "transposed convolution": (lambda nn: nn.ConvTranspose2d(20, 60, 3)),
    "layer norm": (lambda nn: nn.LayerNorm(60)),
    "rms norm": (lambda nn: nn.RMSNorm(60)),
    "group norm": (lambda nn: nn.GroupNorm(2, 60)),
    "batch norm": (lambda nn: nn.BatchNorm2d(60)),
    "norm without weights": (lambda nn: nn.LayerNorm(60, elementwise_affine=False)),
    "embedding": (lambda nn: nn.Embedding(60, 50, padding_idx=3)),
    "lstm": (lambda nn: nn.LSTM(30, 40, num_layers=2, bidirectional=True)),
    "prelu": (lambda nn: nn.PReLU(60)),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_first_values_again(make):
    ours, theirs = make(nn), make(torch_nn)
    for parameter in ours.parameters():
        parameter.assign(np.full(parameter.shape, 7.0, np.float32))
    ours.reset_parameters()
    for name, expected in theirs.state_dict().items():
        value, expected = ours.state_dict()[name], expected.numpy()
        if np.ptp(expected) == 0:
            np.testing.assert_array_equal(value, expected)
        else:
            assert value.std() == pytest.approx(expected.std(), rel=0.35)
            assert np.abs(value).max() < np.abs(expected).max() * 1.6
    if "padding_idx" in vars(ours):
        assert not ours.state_dict()["weight"][3].any()


def test_values_are_drawn_anew():
    layer = nn.Linear(4, 4)
    before = layer.weight.numpy()
    layer.reset_parameters()
    assert not np.array_equal(before, layer.weight.numpy())


def test_running_statistics():
    layer = nn.BatchNorm2d(4)
    layer(tf.random.normal((2, 3, 3, 4)), training=True)
    layer.reset_parameters()
    theirs = torch_nn.BatchNorm2d(4).state_dict()
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, theirs[name].numpy())


def test_every_layer_that_torch_resets():
    theirs = {name for name in dir(torch_nn) if hasattr(getattr(torch_nn, name), "reset_parameters")}
    ours = {name for name in theirs if hasattr(nn, name)}
    assert ours >= {"Linear", "Conv2d", "LayerNorm"} and torch.__version__
    assert not [name for name in sorted(ours) if not hasattr(getattr(nn, name), "reset_parameters")]
