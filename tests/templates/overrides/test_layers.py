"""Overrides of timm.layers, compared with timm."""

import math

import numpy as np
import pytest
import tensorflow as tf
import timm.layers.activations_me as torch_activations
import timm.layers.format as torch_format
import timm.layers.padding as torch_padding
import timm.layers.pos_embed_rel as torch_rel_pos
import timm.layers.pos_embed_sincos as torch_rope
import timm.layers.weight_init as torch_weight_init
import torch
from timm.layers.interpolate import RegularGridInterpolator as TorchInterpolator

from transpiler.runtime import nn

random = np.random.default_rng(0)


def samples(*shape: int) -> np.ndarray:
    return random.standard_normal(shape).astype(np.float32)


# format


def stored(x: np.ndarray, fmt: str) -> np.ndarray:
    return x.transpose(0, 2, 3, 1) if fmt == "NCHW" else x


@pytest.mark.parametrize("fmt", ["NCHW", "NHWC", "NCL", "NLC"])
def test_axes_are_those_of_the_stored_tensor(override, fmt):
    ours = override("timm.layers.format")
    shape = {"NCHW": (2, 5, 3, 4), "NHWC": (2, 3, 4, 5), "NCL": (2, 5, 7), "NLC": (2, 7, 5)}[fmt]
    x = samples(*shape)
    held = stored(x, fmt)
    assert held.shape[ours.get_channel_dim(fmt)] == x.shape[torch_format.get_channel_dim(fmt)] == 5
    expected = x.mean(torch_format.get_spatial_dim(fmt))
    np.testing.assert_allclose(held.mean(ours.get_spatial_dim(torch_format.Format(fmt))), expected, rtol=1e-6)


@pytest.mark.parametrize("target", ["NCHW", "NHWC", "NCL", "NLC"])
@pytest.mark.parametrize("source", ["nchw_to", "nhwc_to"])
@pytest.mark.parametrize("dynamic", [(), (0,), (0, 1, 2)])
def test_conversions(override, source, target, dynamic):
    convert = getattr(override("timm.layers.format"), source)
    x = samples(2, 5, 3, 4) if source == "nchw_to" else samples(2, 3, 4, 5)
    expected = stored(getattr(torch_format, source)(torch.tensor(x), torch_format.Format(target)).numpy(), target)
    held = stored(x, "NCHW") if source == "nchw_to" else x
    shape = [None if axis in dynamic else size for axis, size in enumerate(held.shape)]
    function = tf.function(lambda t: convert(t, torch_format.Format(target)), input_signature=[tf.TensorSpec(shape)])
    np.testing.assert_array_equal(function(held), expected)
    if target in ("NLC", "NCL") and dynamic == (0,):
        assert function.get_concrete_function().output_shapes.as_list()[1:] == list(expected.shape[1:])


def test_images_stay_the_same_tensor(override):
    ours = override("timm.layers.format")
    x = tf.zeros((1, 2, 3, 4))
    assert all(ours.nchw_to(x, fmt) is x and ours.nhwc_to(x, fmt) is x for fmt in torch_format.Format if "HW" in fmt)


# activations_me

ACTIVATIONS = {
    "swish_me": "SwishMe",
    "mish_me": "MishMe",
    "hard_sigmoid_me": "HardSigmoidMe",
    "hard_swish_me": "HardSwishMe",
    "hard_mish_me": "HardMishMe",
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_and_its_gradient(override, name):
    ours = override("timm.layers.activations_me")
    x = 3 * samples(4, 50)
    theirs = torch.tensor(x, requires_grad=True)
    value = getattr(torch_activations, name)(theirs)
    value.sum().backward()
    held = tf.constant(x)
    layer = getattr(ours, ACTIVATIONS[name])(inplace=True)
    assert isinstance(layer, nn.Module)
    with tf.GradientTape() as tape:
        tape.watch(held)
        result = layer(held)
    np.testing.assert_allclose(result, value.detach(), atol=1e-6)
    np.testing.assert_allclose(tape.gradient(result, held), theirs.grad, atol=3e-6)
    np.testing.assert_array_equal(getattr(ours, name)(held, inplace=True), result)


# interpolate


def test_interpolation_inside_on_and_outside_the_grid(override):
    points = [[-3.5, -1.0, 0.0, 1.0, 3.5], [-2.0, 0.0, 2.5]]
    values = samples(5, 3)
    targets = np.meshgrid(np.linspace(-5, 5, 21, dtype=np.float32), np.array([-3, -2, 0.3, 2.5, 9], np.float32))
    expected = TorchInterpolator([torch.tensor(p) for p in points], torch.tensor(values))(
        [torch.tensor(t) for t in targets]
    )
    result = override("timm.layers.interpolate").RegularGridInterpolator(
        [tf.constant(p) for p in points], tf.constant(values)
    )([tf.constant(t) for t in targets])
    assert tf.is_tensor(result) and result.dtype == tf.float32
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_interpolation_on_a_grid_of_one_point(override):
    result = override("timm.layers.interpolate").RegularGridInterpolator([[0.0]], [7.0])([[-1.0, 0.0, 1.0]])
    np.testing.assert_array_equal(result, [7.0, 7.0, 7.0])


# pos_embed_rel


def positions(window: tuple[int, int]) -> int:
    return (2 * window[0] - 1) * (2 * window[1] - 1)


@pytest.fixture
def resize(override):
    ours = override("timm.layers.pos_embed_rel")
    # timm's interpolator works on torch tensors only
    ours.RegularGridInterpolator = override("timm.layers.interpolate").RegularGridInterpolator
    return ours.resize_rel_pos_bias_table


@pytest.mark.parametrize("extra", [0, 3])
@pytest.mark.parametrize(
    ("old", "new", "given"),
    [((7, 7), (12, 12), False), ((12, 12), (7, 7), False), ((7, 7), (6, 10), False), ((4, 6), (8, 5), True)],
)
def test_flat_table(resize, old, new, given, extra):
    table = samples(positions(old) + extra, 3)
    arguments = (new, (positions(new) + extra, 3), old if given else None)
    expected = torch_rel_pos.resize_rel_pos_bias_table(torch.tensor(table), *arguments)
    result = resize(tf.Variable(table), *arguments)
    assert tf.is_tensor(result) and result.dtype == tf.float32
    np.testing.assert_allclose(result, expected, atol=2e-6)


@pytest.mark.parametrize(("old", "new"), [((7, 7), (12, 12)), ((5, 8), (8, 4)), ((1, 1), (2, 2))])
def test_table_with_an_axis_for_each_direction(resize, old, new):
    shape = [2, 2 * new[0] - 1, 2 * new[1] - 1]
    table = samples(2, 2 * old[0] - 1, 2 * old[1] - 1)
    expected = torch_rel_pos.resize_rel_pos_bias_table(torch.tensor(table), new, shape)
    np.testing.assert_allclose(resize(tf.constant(table), new, shape), expected, atol=2e-6)


def test_bfloat16_table_keeps_its_dtype(resize):
    table = tf.cast(samples(positions((7, 7)), 3), tf.bfloat16)
    expected = torch_rel_pos.resize_rel_pos_bias_table(
        torch.tensor(tf.cast(table, tf.float32).numpy()).bfloat16(), (8, 8), (positions((8, 8)), 3)
    )
    result = resize(table, (8, 8), (positions((8, 8)), 3))
    assert result.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(result, tf.float32), expected.float(), atol=0.02)


@pytest.mark.parametrize("window", [(7, 7), (3, 8)])
def test_table_of_the_right_size_is_handed_back(resize, window):
    table = tf.constant(samples(positions(window), 3))
    assert resize(table, window, (positions(window), 3)) is table


def test_window_that_can_not_be_told(resize):
    with pytest.raises(ValueError, match="of 77 positions .* is not square; pass old_window_size"):
        resize(samples(positions((4, 6)), 3), (8, 5), (positions((8, 5)), 3))


def test_scipy_is_refused(override, resize):
    resize.__globals__["_USE_SCIPY"] = True
    with pytest.raises(NotImplementedError, match="TIMM_USE_SCIPY_INTERP"):
        resize(samples(9, 1), (3, 3), (25, 1))


# weight_init


@pytest.fixture
def weight_init(override):
    return override("timm.layers.weight_init")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("trunc_normal_", {}),
        ("trunc_normal_", {"std": 0.02}),
        ("trunc_normal_", {"mean": 0.5, "std": 2.0, "a": -1.0, "b": 3.0}),
        ("trunc_normal_tf_", {"std": 0.02}),
        ("trunc_normal_tf_", {"mean": 1.0, "std": 0.5, "a": -1.0, "b": 3.0}),
        ("variance_scaling_", {"distribution": "truncated_normal"}),
        ("variance_scaling_", {"mode": "fan_out", "scale": 2.0}),
        ("variance_scaling_", {"mode": "fan_avg", "distribution": "uniform"}),
    ],
)
def test_distribution(weight_init, name, arguments):
    torch.manual_seed(0)
    tf.random.set_seed(0)
    theirs = torch.empty(300, 200)
    getattr(torch_weight_init, name)(theirs, **arguments)
    ours = nn.Parameter(tf.zeros((300, 200)))
    result = getattr(weight_init, name)(ours, **arguments)
    assert result is (None if name == "variance_scaling_" else ours)
    value = np.asarray(ours)
    spread = theirs.std().item()
    quantiles = [0.001, 0.02, 0.2, 0.5, 0.8, 0.98, 0.999]
    error = np.quantile(value, quantiles) - np.quantile(theirs.numpy(), quantiles)
    assert np.abs(error / spread).max() < 0.25 and np.abs(error[1:-1] / spread).max() < 0.05
    assert value.std() == pytest.approx(spread, rel=0.02)


def test_fans_are_read_in_torch_layout(weight_init):
    layer = nn.Linear(400, 100, bias=False)
    weight_init.variance_scaling_(layer.weight, mode="fan_in")
    assert np.asarray(layer.weight).std() == pytest.approx(math.sqrt(1 / 400), rel=0.05)


def test_unknown_choices(weight_init):
    tensor = nn.Parameter(tf.zeros((3, 3)))
    with pytest.raises(ValueError, match="invalid distribution cauchy"):
        weight_init.variance_scaling_(tensor, distribution="cauchy")
    with pytest.raises(ValueError, match="invalid mode fan"):
        weight_init.variance_scaling_(tensor, mode="fan")


def test_no_meta_device(weight_init):
    assert not weight_init.is_meta_device() and not weight_init.is_meta_device("meta")


# convolutions with kernels of their own for each image


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 1},
        {"kernel_size": 3, "stride": 2, "groups": 4, "out_channels": 4},
        {"kernel_size": 3, "groups": 2, "bias": True, "dilation": 2},
    ],
    ids=str,
)
def test_each_image_meets_its_own_kernel(override, options):
    from timm.layers.cond_conv2d import CondConv2d as TorchCondConv2d

    arguments = {"in_channels": 4, "out_channels": 6, "num_experts": 3, **options}
    theirs, ours = TorchCondConv2d(**arguments), override("timm.layers.cond_conv2d").CondConv2d(**arguments)
    ours.load_state_dict(theirs.state_dict())
    x, routing = samples(2, 4, 7, 6), samples(2, 3)
    expected = theirs(torch.from_numpy(x), torch.from_numpy(routing)).detach().numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(ours(x.transpose(0, 2, 3, 1), routing), expected, rtol=1e-4, atol=1e-5)


def test_experts_are_drawn_one_by_one(override):
    make = override("timm.layers.cond_conv2d").get_condconv_initializer
    weight = nn.Parameter(tf.zeros((2, 12)))
    make(lambda expert: expert.assign(tf.ones(expert.shape) * expert.shape[0]), 2, (3, 4))(weight)
    np.testing.assert_array_equal(weight, np.full((2, 12), 3.0))
    with pytest.raises(ValueError, match="num_experts"):
        make(lambda expert: None, 2, (3, 5))(weight)


@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16", "float32", "float64", "int64"])
def test_frequencies_are_kept_in_float32_at_least(override, dtype):
    ours = override("timm.layers.pos_embed_sincos")
    expected = torch_rope._freq_buffer_dtype(None if dtype is None else getattr(torch, dtype))
    actual = ours._freq_buffer_dtype(None if dtype is None else tf.as_dtype(dtype))
    assert actual.name == str(expected).removeprefix("torch.")


@pytest.mark.parametrize(("kernel_size", "stride", "dilation"), [(3, 2, 1), (2, 3, 1), (5, 1, 2), (1, 2, 1)])
def test_same_padding_of_sizes_known_and_unknown(override, kernel_size, stride, dilation):
    ours = override("timm.layers.padding").get_same_padding
    for size in range(1, 12):
        expected = torch_padding.get_same_padding(size, kernel_size, stride, dilation)
        assert ours(size, kernel_size, stride, dilation) == expected
        in_graph = tf.function(ours)(tf.constant(size), kernel_size, stride, dilation)
        assert (in_graph.dtype, int(in_graph)) == (tf.int32, expected)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(("tokens", "embeddings"), [("float32", "float32"), ("bfloat16", "float32"), ("bfloat16",) * 2])
def test_tokens_are_turned_in_the_wider_dtype(override, half, tokens, embeddings):
    x = torch.randn(2, 3, 5, 8).to(getattr(torch, tokens))
    sin, cos = torch.randn(2, 5, 8).to(getattr(torch, embeddings))
    turn = override("timm.layers.pos_embed_sincos").apply_rot_embed
    ours = turn(*(tf.cast(part.float().numpy(), str(part.dtype)[6:]) for part in (x, sin, cos)), half=half)
    assert ours.dtype.name == tokens
    expected = torch_rope.apply_rot_embed(x, sin, cos, half=half).float().numpy()
    np.testing.assert_allclose(tf.cast(ours, tf.float32), expected, rtol=1e-6, atol=1e-6)


def test_a_model_is_converted_for_inference_in_place_or_as_a_copy(override):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)
            self.deployed = False

        def switch_to_deploy(self):
            self.deployed = True

    convert = override("timm.models.repghost").repghost_model_convert
    model = nn.Sequential(Block(), Block())
    assert all(block.deployed for block in convert(model)) and not any(block.deployed for block in model)
    assert convert(model, do_copy=False) is model and all(block.deployed for block in model)
    with pytest.raises(NotImplementedError, match="save_path"):
        convert(model, "there.pth")
