"""Layers against torch: values, gradients, and state dictionaries by torch's names."""

import numpy as np
import pytest
import torch
from runtime_comparison import assert_close, assert_same_layer, randomise, sample, to_numpy, to_torch
from torch import nn as torch_nn

import tensorflow as tf  # isort: skip
from transpiler.runtime import functional as F  # isort: skip
from transpiler.runtime import nn  # isort: skip


@pytest.mark.parametrize("shape", [(4, 6), (2, 5, 6), (2, 3, 5, 6)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    assert_same_layer(nn.Linear(6, 7, bias=bias), torch_nn.Linear(6, 7, bias=bias), sample(*shape), image=False)


CONVOLUTIONS = [
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": 1, "bias": False},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (1, 5), "padding": (0, 2)},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": (2, 1)},
    {"kernel_size": 4, "stride": 4},
    {"kernel_size": 3, "dilation": 2, "padding": 2},
    {"kernel_size": 3, "dilation": 2, "stride": 2, "padding": 3},
    {"kernel_size": 3, "groups": 2, "padding": 1},
    {"kernel_size": 3, "groups": 2, "dilation": 2, "padding": 1},
    {"kernel_size": 3, "padding": "same", "dilation": 2},
    {"kernel_size": 4, "padding": "same"},
    {"kernel_size": 3, "padding": "valid"},
    {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    {"kernel_size": 3, "padding": (1, 2), "padding_mode": "replicate"},
    {"kernel_size": 3, "padding": 1, "padding_mode": "circular"},
]


@pytest.mark.parametrize("arguments", CONVOLUTIONS, ids=str)
def test_conv2d(arguments):
    assert_same_layer(nn.Conv2d(4, 6, **arguments), torch_nn.Conv2d(4, 6, **arguments), sample(2, 9, 11, 4))


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": 7, "padding": 3},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": (1, 2), "padding": 1},
        {"kernel_size": 3, "stride": 2, "dilation": 2, "padding": 2},
        {"kernel_size": (3, 5), "dilation": 2, "padding": 2},
    ],
    ids=str,
)
def test_depthwise(arguments, multiplier):
    ours = nn.Conv2d(4, 4 * multiplier, groups=4, **arguments)
    theirs = torch_nn.Conv2d(4, 4 * multiplier, groups=4, **arguments)
    assert_same_layer(ours, theirs, sample(2, 10, 11, 4))


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 2, "stride": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        {"kernel_size": (4, 3), "stride": (2, 3), "padding": (1, 0), "bias": False},
        {"kernel_size": 3, "stride": 2, "dilation": 2, "padding": 1},
        {"kernel_size": 3, "groups": 2, "stride": 2},
    ],
    ids=str,
)
def test_conv_transpose2d(arguments):
    ours, theirs = nn.ConvTranspose2d(4, 6, **arguments), torch_nn.ConvTranspose2d(4, 6, **arguments)
    assert_same_layer(ours, theirs, sample(2, 5, 6, 4))


def test_gradient_of_a_strided_kernel_of_one_place():
    """oneDNN's own breaks memory, sooner or later, in torch as well: NumPy says what is right."""
    conv, x, upstream = nn.Conv2d(3, 48, 1, stride=2, bias=False), sample(2, 112, 112, 3), sample(2, 56, 56, 48)
    for _ in range(6):
        with tf.GradientTape() as tape:
            y = conv(x)
        gradient = tape.gradient(y, conv.weight.variable.value, upstream)
    met = x[:, ::2, ::2].astype("float64")
    assert_close(y, met @ np.asarray(conv.weight.variable)[0, 0])
    assert_close(gradient, np.einsum("bhwi,bhwo->io", met, upstream)[None, None])


def test_conv1d():
    arguments = {"stride": 2, "padding": 1, "groups": 2}
    assert_same_layer(
        nn.Conv1d(4, 6, 3, **arguments), torch_nn.Conv1d(4, 6, 3, **arguments), sample(2, 4, 9), image=False
    )


def test_conv3d():
    ours, theirs = nn.Conv3d(3, 4, (2, 3, 3), stride=(2, 1, 1)), torch_nn.Conv3d(3, 4, (2, 3, 3), stride=(2, 1, 1))
    ours.load_state_dict(theirs.state_dict())
    x = sample(2, 4, 6, 6, 3)
    expected = theirs(torch.from_numpy(x).permute(0, 4, 1, 2, 3)).permute(0, 2, 3, 4, 1)
    assert_close(ours(x), expected.detach().numpy())


def test_gradient_of_conv3d_outside_of_graphs():
    ours, theirs = nn.Conv3d(3, 4, (1, 3, 3), padding=(0, 1, 1)), torch_nn.Conv3d(3, 4, (1, 3, 3), padding=(0, 1, 1))
    ours.load_state_dict(theirs.state_dict())
    x = sample(2, 2, 5, 5, 3)
    theirs(torch.from_numpy(x).permute(0, 4, 1, 2, 3)).square().sum().backward()
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.square(ours(x)))
    gradient = tape.gradient(value, ours.weight.variable.value)
    assert_close(gradient, theirs.weight.grad.permute(2, 3, 4, 1, 0).numpy())


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("LayerNorm", (8,)),
        ("LayerNorm", ((8,), 1e-6)),
        ("LayerNorm", ((5, 8),)),
        ("LayerNorm", (8, 1e-5, False)),
        ("LayerNorm", (8, 1e-5, True, False)),
        ("RMSNorm", (8,)),
        ("RMSNorm", (8, 1e-6)),
        ("RMSNorm", (8, 1e-6, False)),
        ("BatchNorm1d", (5,)),
    ],
)
def test_normalisation_of_tokens(name, arguments):
    assert_same_layer(getattr(nn, name)(*arguments), getattr(torch_nn, name)(*arguments), sample(3, 5, 8), image=False)


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("BatchNorm2d", (8,)),
        ("BatchNorm2d", (8, 1e-3)),
        ("BatchNorm2d", (8, 1e-5, 0.1, False)),
        ("BatchNorm2d", (8, 1e-5, 0.1, True, False)),
        ("GroupNorm", (2, 8)),
        ("GroupNorm", (1, 8, 1e-6)),
        ("GroupNorm", (8, 8, 1e-5, False)),
    ],
)
def test_normalisation_of_images(name, arguments):
    assert_same_layer(getattr(nn, name)(*arguments), getattr(torch_nn, name)(*arguments), sample(3, 5, 4, 8))


def test_group_norm_of_one_large_image_is_exact():
    image = np.random.default_rng(0).normal(1.0, size=(1, 96, 96, 40)).astype(np.float32)
    exact = torch_nn.functional.group_norm(torch.from_numpy(image).double().permute(0, 3, 1, 2), 5)
    error = np.abs(F.group_norm(image, 5).numpy() - exact.permute(0, 2, 3, 1).numpy()).max()
    assert error < 4e-6  # 4e-5 where all places are added one after the other


def test_frozen_batch_norm():
    from torchvision.ops import FrozenBatchNorm2d

    ours = nn.FrozenBatchNorm2d(4)
    assert not ours.trainable_weights
    assert_same_layer(ours, FrozenBatchNorm2d(4), sample(2, 3, 3, 4))


ACTIVATIONS = [
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("ReLU", {}),
    ("ReLU6", {}),
    ("SiLU", {}),
    ("Mish", {}),
    ("Sigmoid", {}),
    ("Tanh", {}),
    ("Hardsigmoid", {}),
    ("Hardswish", {}),
    ("Hardtanh", {"min_val": -0.5}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.2}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.7}),
    ("CELU", {"alpha": 0.7}),
    ("SELU", {}),
    ("Softplus", {}),
    ("Softplus", {"beta": 2.0, "threshold": 1.0}),
    ("PReLU", {}),
    ("PReLU", {"num_parameters": 6}),
    ("Softmax", {"dim": -1}),
    ("LogSoftmax", {"dim": 1}),
]


@pytest.mark.parametrize("name, arguments", ACTIVATIONS)
def test_activation(name, arguments):
    x = 4 * sample(64, 6)
    assert_same_layer(getattr(nn, name)(**arguments), getattr(torch_nn, name)(**arguments), x, image=False)


POOLS = [
    ("MaxPool2d", {"kernel_size": 2}),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    ("MaxPool2d", {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("MaxPool2d", {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)}),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}),
    ("AvgPool2d", {"kernel_size": 2}),
    ("AvgPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("AvgPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    ("AvgPool2d", {"kernel_size": 2, "stride": 2, "ceil_mode": True, "count_include_pad": False}),
    ("AvgPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("AvgPool2d", {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
    ("AvgPool2d", {"kernel_size": 3, "divisor_override": 5}),
    ("AdaptiveAvgPool2d", {"output_size": 1}),
    ("AdaptiveAvgPool2d", {"output_size": (3, 5)}),
    ("AdaptiveAvgPool2d", {"output_size": (None, 4)}),
    ("AdaptiveMaxPool2d", {"output_size": 1}),
    ("AdaptiveMaxPool2d", {"output_size": (3, 5)}),
    ("ZeroPad2d", {"padding": (1, 2, 0, 3)}),
    ("ConstantPad2d", {"padding": 1, "value": 2.5}),
    ("ReflectionPad2d", {"padding": 2}),
    ("ReplicationPad2d", {"padding": (1, 0, 2, 1)}),
    ("Flatten", {}),
    ("Flatten", {"start_dim": 2}),
    ("PixelShuffle", {"upscale_factor": 2}),
    ("Unfold", {"kernel_size": 2, "stride": 2}),
]


@pytest.mark.parametrize("name, arguments", POOLS, ids=str)
def test_spatial_layer(name, arguments):
    x = sample(2, 10, 11, 4)
    assert_same_layer(getattr(nn, name)(**arguments), getattr(torch_nn, name)(**arguments), x)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 4, "stride": 4},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": (3,), "padding": 1, "count_include_pad": False},
        {"kernel_size": 2, "ceil_mode": True},
    ],
    ids=str,
)
def test_avg_pool1d(arguments):
    assert_same_layer(nn.AvgPool1d(**arguments), torch_nn.AvgPool1d(**arguments), sample(2, 3, 13), image=False)


@pytest.mark.parametrize(
    ("conv", "norm", "shape"),
    [
        ({"kernel_size": 3, "groups": 2, "padding": 1}, "2d", (2, 5, 6, 4)),
        ({"kernel_size": 3, "bias": False, "stride": 2}, "1d", (2, 4, 9)),
    ],
    ids=str,
)
def test_a_convolution_takes_over_its_normalisation(conv, norm, shape):
    theirs = torch_nn.Sequential(
        getattr(torch_nn, f"Conv{norm}")(4, 6, **conv), getattr(torch_nn, f"BatchNorm{norm}")(6)
    ).eval()
    ours = nn.Sequential(getattr(nn, f"Conv{norm}")(4, 6, **conv), getattr(nn, f"BatchNorm{norm}")(6))
    randomise(theirs)
    ours.load_state_dict(theirs.state_dict())
    x, is_image = sample(*shape), norm == "2d"
    fused = nn.fuse_conv_bn_eval(ours[0], ours[1])
    assert_close(fused(x), to_numpy(theirs(to_torch(x, is_image)), is_image))
    with pytest.raises(NotImplementedError, match="transpose"):
        nn.fuse_conv_bn_eval(ours[0], ours[1], transpose=True)


class Hidden(torch_nn.Module):
    """Only the sequence that an LSTM gives."""

    def __init__(self, lstm):
        super().__init__()
        self.lstm = lstm

    def forward(self, x):
        return self.lstm(x)[0]


class OurHidden(nn.Module):
    """The same of ours."""

    def __init__(self, lstm):
        super().__init__()
        self.lstm = lstm

    def call(self, x):
        return self.lstm(x)[0]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"bidirectional": True, "batch_first": True},
        {"num_layers": 2, "bidirectional": True, "batch_first": True, "bias": False},
    ],
    ids=str,
)
def test_lstm(arguments):
    ours, theirs = nn.LSTM(4, 3, **arguments), torch_nn.LSTM(4, 3, **arguments)
    assert_same_layer(OurHidden(ours), Hidden(theirs), sample(2, 5, 4), image=False)
    places = (1 + arguments.get("bidirectional", False)) * arguments.get("num_layers", 1)
    x = sample(2, 5, 4, seed=3)
    first = [sample(places, 2 if "batch_first" in arguments else 5, 3, seed=seed) for seed in (4, 5)]
    hidden, states = ours(x, tuple(first))
    expected, expected_states = theirs(torch.from_numpy(x), tuple(map(torch.from_numpy, first)))
    assert_close(hidden, expected.detach().numpy())
    for state, expected_state in zip(states, expected_states, strict=True):
        assert_close(state, expected_state.detach().numpy())


def test_lstm_refuses_what_it_does_not_do():
    with pytest.raises(NotImplementedError, match="proj_size=2"):
        nn.LSTM(4, 3, proj_size=2)
    with pytest.raises(ValueError, match="three axes"):
        nn.LSTM(4, 3)(sample(5, 4))


def test_pixel_unshuffle():
    assert_same_layer(nn.PixelUnshuffle(2), torch_nn.PixelUnshuffle(2), sample(2, 6, 4, 3))


def test_flatten_of_pooled_image_and_tokens():
    assert nn.Flatten(1)(sample(2, 1, 1, 5)).shape == (2, 5)
    assert nn.Flatten(0, 1)(sample(2, 3, 5)).shape == (6, 5)


def test_pools_of_unknown_size():
    x = sample(1, 9, 7, 3)
    for name, arguments in POOLS[:19]:
        layer = getattr(nn, name)(**arguments)
        dynamic = tf.function(layer.call, input_signature=[tf.TensorSpec([None, None, None, 3])])
        assert_close(dynamic(x), to_numpy(getattr(torch_nn, name)(**arguments)(to_torch(x, True)), True))


def test_embedding():
    ours, theirs = nn.Embedding(7, 3, padding_idx=2), torch_nn.Embedding(7, 3)
    assert not ours.weight.numpy()[2].any()
    ours.load_state_dict(theirs.state_dict())
    index = torch.tensor([[0, 6], [3, 3]])
    assert_close(ours(index.numpy()), theirs(index).detach().numpy())


def test_default_initialisation_has_torch_ranges():
    for ours, theirs in [
        (nn.Linear(300, 200), torch_nn.Linear(300, 200)),
        (nn.Conv2d(64, 64, 3, groups=64), torch_nn.Conv2d(64, 64, 3, groups=64)),
        (nn.Conv2d(32, 64, 3, groups=2), torch_nn.Conv2d(32, 64, 3, groups=2)),
        (nn.ConvTranspose2d(32, 64, 3), torch_nn.ConvTranspose2d(32, 64, 3)),
        (nn.Embedding(100, 50), torch_nn.Embedding(100, 50)),
    ]:
        for (name, mine), (_, reference) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            reference = reference.detach().numpy()
            assert mine.shape == reference.shape, name
            assert mine.numpy().std() == pytest.approx(reference.std(), rel=0.2), name
