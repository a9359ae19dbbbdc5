"""Functions against torch's, in eager and with an unknown batch."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from runtime_comparison import assert_close, sample, to_numpy, to_torch

import tensorflow as tf  # isort: skip
from transpiler.runtime import functional as F  # isort: skip
from transpiler.runtime import nn  # isort: skip


def in_dynamic_graph(function, *arrays):
    """Run `function` in a graph that does not know the batch size."""
    tensors = [tf.convert_to_tensor(array) for array in arrays]
    signature = [tf.TensorSpec([None, *t.shape[1:]], t.dtype) for t in tensors]
    return tf.function(function, input_signature=signature)(*tensors)


RESIZES = [
    {"size": (5, 13), "mode": "nearest"},
    {"size": (20, 22), "mode": "nearest"},
    {"scale_factor": 2, "mode": "nearest"},
    {"scale_factor": 0.7, "mode": "nearest"},
    {"size": (7, 13), "mode": "nearest-exact"},
    {"size": (5, 13), "mode": "bilinear"},
    {"size": (5, 13), "mode": "bilinear", "align_corners": True},
    {"size": (5, 13), "mode": "bilinear", "antialias": True},
    {"size": 1, "mode": "bilinear", "align_corners": True},
    {"scale_factor": (1.7, 0.6), "mode": "bilinear"},
    {"scale_factor": (1.7, 0.6), "mode": "bilinear", "recompute_scale_factor": True},
    {"scale_factor": 0.55, "mode": "bilinear", "antialias": True},
    {"size": (4, 17), "mode": "bicubic"},
    {"size": (14, 5), "mode": "bicubic", "align_corners": True},
    {"size": (14, 5), "mode": "bicubic", "antialias": True},
    {"scale_factor": (1.3, 0.45), "mode": "bicubic"},
    {"scale_factor": (0.45, 1.3), "mode": "bicubic", "antialias": True},
    {"size": (10, 11), "mode": "bicubic"},
    {"size": (4, 5), "mode": "area"},
]


@pytest.mark.parametrize("arguments", RESIZES, ids=str)
def test_interpolate(arguments):
    x = sample(2, 10, 11, 3)
    expected = to_numpy(TF.interpolate(to_torch(x, True), **arguments), True)
    assert_close(F.interpolate(x, **arguments), expected)
    assert_close(in_dynamic_graph(lambda t: F.interpolate(t, **arguments), x), expected)
    unknown = tf.function(lambda t: F.interpolate(t, **arguments), input_signature=[tf.TensorSpec([None] * 3 + [3])])
    assert_close(unknown(x), expected, 2e-5)


@pytest.mark.parametrize("arguments", [{"size": 9}, {"size": 4}, {"size": (13,)}, {"scale_factor": 2.0}], ids=str)
@pytest.mark.parametrize("mode", ["linear", "nearest"])
def test_interpolate_a_sequence(mode, arguments):
    x = sample(2, 7, 3)
    expected = TF.interpolate(torch.from_numpy(np.asarray(x)).permute(0, 2, 1), mode=mode, **arguments).permute(0, 2, 1)
    assert_close(F.interpolate(x, mode=mode, **arguments), expected.numpy())


def test_interpolate_gradient():
    x = sample(2, 6, 7, 3)
    for arguments in (RESIZES[1], RESIZES[12], RESIZES[14]):
        torch_x = to_torch(x, True).requires_grad_(True)
        TF.interpolate(torch_x, **arguments).square().sum().backward()
        variable = tf.Variable(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(F.interpolate(variable, **arguments)))
        assert_close(tape.gradient(loss, variable), to_numpy(torch_x.grad, True))


def test_interpolate_refuses():
    with pytest.raises(ValueError, match="mode"):
        F.interpolate(sample(1, 4, 4, 1), size=2, mode="trilinear")
    with pytest.raises(ValueError, match="exactly one"):
        F.interpolate(sample(1, 4, 4, 1))
    assert nn.Upsample(scale_factor=2, mode="bicubic")(sample(1, 4, 4, 1)).shape == (1, 8, 8, 1)


ATTENTIONS = ["none", "boolean", "floating", "causal", "scale", "grouped", "masked row"]


@pytest.mark.parametrize("case", ATTENTIONS)
def test_attention(case):
    heads = 2 if case == "grouped" else 4
    q, k, v = sample(2, 4, 5, 8), sample(2, heads, 6, 8, seed=1), sample(2, heads, 6, 3, seed=2)
    arguments = {"none": {}, "causal": {"is_causal": True}, "scale": {"scale": 0.3}, "grouped": {"enable_gqa": True}}
    mask = sample(2, 1, 5, 6, seed=3)
    if case == "boolean":
        mask = mask > -0.5
    if case == "masked row":
        mask = np.ones((2, 1, 5, 6), bool)
        mask[:, :, 2] = False
    given = arguments.get(case, {"attn_mask": mask})
    theirs = {key: torch.from_numpy(value) if key == "attn_mask" else value for key, value in given.items()}
    expected = TF.scaled_dot_product_attention(*(torch.from_numpy(t) for t in (q, k, v)), **theirs).numpy()
    assert_close(F.scaled_dot_product_attention(q, k, v, **given), expected)
    if "attn_mask" not in given:
        assert_close(in_dynamic_graph(lambda *t: F.scaled_dot_product_attention(*t, **given), q, k, v), expected)


def test_attention_in_bfloat16_keeps_dtype():
    q = tf.cast(sample(1, 2, 4, 8), tf.bfloat16)
    y = F.scaled_dot_product_attention(q, q, q, attn_mask=tf.zeros((4, 4)))
    assert y.dtype == tf.bfloat16


def test_linear_and_convolution_with_torch_layout_weights():
    x, weight, bias = sample(2, 5, 4), sample(6, 4), sample(6, seed=1)
    expected = TF.linear(*(torch.from_numpy(t) for t in (x, weight, bias))).numpy()
    assert_close(F.linear(x, weight, bias), expected)
    layer = nn.Linear(4, 6)
    assert_close(F.linear(x, layer.weight, layer.bias), layer(x).numpy())

    image, kernel = sample(2, 7, 7, 4), sample(6, 2, 3, 3)
    arguments = {"stride": 2, "padding": 1, "groups": 2}
    expected = to_numpy(TF.conv2d(to_torch(image, True), torch.from_numpy(kernel), **arguments), True)
    assert_close(F.conv2d(image, kernel, **arguments), expected)
    convolution = nn.Conv2d(4, 6, 3, bias=False, **arguments)
    assert_close(F.conv2d(image, convolution.weight, **arguments), convolution(image).numpy())

    kernel = sample(4, 3, 3, 3)
    expected = to_numpy(TF.conv_transpose2d(to_torch(image, True), torch.from_numpy(kernel), stride=2), True)
    assert_close(F.conv_transpose2d(image, kernel, stride=2), expected)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad(mode):
    x = sample(2, 6, 5, 3)
    for amounts in [(1, 2), (1, 2, 3, 0)]:
        expected = to_numpy(TF.pad(to_torch(x, True), amounts, mode=mode), True) if len(amounts) == 4 else None
        if expected is not None:
            assert_close(F.pad_image(x, amounts, mode), expected)
            unknown = tf.function(
                lambda t: F.pad_image(t, (1, 2, 3, 0), mode), input_signature=[tf.TensorSpec([None] * 3 + [3])]
            )
            assert_close(unknown(x), expected)
        tokens = torch.from_numpy(x[:, :, :, 0])
        if len(amounts) == 2:
            assert_close(F.pad(x[:, :, :, 0], amounts, mode), TF.pad(tokens, amounts, mode=mode).numpy())


def test_pad_crops_and_fills():
    x = sample(2, 6, 5, 3)
    expected = TF.pad(torch.from_numpy(x), (-1, 2, 0, -2), value=7.0).numpy()
    assert_close(F.pad(x, (-1, 2, 0, -2), value=7.0), expected)
    amount = tf.constant(2)
    assert_close(F.pad_image(x, (0, amount, 0, amount)), np.pad(x, [(0, 0), (0, 2), (0, 2), (0, 0)]))
    assert F.pad(x, (0, 0)) is not None


@pytest.mark.parametrize(
    "index, value",
    [
        (np.s_[:, 1:3], 2.0),
        (np.s_[:, 0], sample(2, 5)),
        (np.s_[..., -1], 1.0),
        (np.s_[:, ::2, 1:], sample(2, 2, 4)),
        (np.s_[1, 2], sample(5)),
        (np.s_[:, 1:3, :], sample(1, 5)),
        (np.s_[0], sample(4, 5)),
        (np.s_[...], 0.5),
        (np.s_[:, -2:], sample(2, 2, 5)),
    ],
)
def test_slice_assign(index, value):
    x = sample(2, 4, 5)
    expected = x.copy()
    expected[index] = value
    assert_close(F.slice_assign(x, index, value), expected)
    unknown = tf.function(lambda t: F.slice_assign(t, index, value), input_signature=[tf.TensorSpec([None] * 3)])
    assert_close(unknown(x), expected)


def test_slice_assign_mask():
    x = sample(2, 4, 5)
    mask = x[..., 0] > 0
    expected = x.copy()
    expected[mask] = 3.0
    assert_close(F.slice_assign(x, mask, 3.0), expected)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_along(axis):
    x = sample(3, 4, 5)
    index = np.random.default_rng(0).integers(0, x.shape[axis], (2, 3, 4))
    expected = torch.gather(torch.from_numpy(x), axis, torch.from_numpy(index)).numpy()
    assert_close(F.gather_along(x, axis, index), expected)


def test_statistics():
    x = sample(3, 4, 5)
    t = torch.from_numpy(x)
    assert_close(F.var(x, -1), t.var(-1).numpy())
    assert_close(F.var(x, (0, 2), unbiased=False), t.var((0, 2), unbiased=False).numpy())
    assert_close(F.std(x, 1, keepdim=True), t.std(1, keepdim=True).numpy())
    assert_close(F.std(x), t.std().numpy())
    for ours, theirs in zip(F.var_mean(x, (1, 2)), torch.var_mean(t, (1, 2)), strict=True):
        assert_close(ours, theirs.numpy())
    assert_close(in_dynamic_graph(lambda y: F.std_mean(y, 0)[0], x), torch.std_mean(t, 0)[0].numpy())


def test_batch_norm_of_a_weight_as_in_weight_standardisation():
    weight = sample(1, 9, 6)
    expected = TF.batch_norm(torch.from_numpy(weight).permute(0, 2, 1), None, None, training=True).permute(0, 2, 1)
    assert_close(F.batch_norm(weight, None, None, training=True), expected.numpy())


def test_normalize_in_half_precision_has_finite_gradients():
    """Of what padding makes: a layer's output for a vector of zeros."""
    kernel = tf.Variable(tf.ones((2, 3), tf.float16))
    with tf.GradientTape() as tape:
        normalized = F.normalize(tf.constant([[0.0, 0.0], [1.0, 2.0]], tf.float16) @ kernel, axis=-1)
        loss = tf.reduce_sum(normalized * tf.constant([1.0, 2.0, 4.0], tf.float16))
    np.testing.assert_array_equal(normalized[0], 0.0)
    assert np.isfinite(tape.gradient(loss, kernel)).all()


@pytest.mark.parametrize("eps", [1e-12, 1e-3, 1e-30])
def test_normalize_of_vectors_shorter_than_eps(eps):
    x = np.array([[0.0, 0.0, 0.0], [1e-16, -2e-16, 0.0], [3.0, 4.0, 12.0]], np.float32)
    t = torch.tensor(x, requires_grad=True)
    expected = TF.normalize(t, dim=-1, eps=eps)
    expected.sum().backward()
    v = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(v)
        actual = F.normalize(v, axis=-1, eps=eps)
        total = tf.reduce_sum(actual)
    assert_close(actual, expected.detach().numpy())
    for ours, torchs in zip(tape.gradient(total, v).numpy(), t.grad.numpy(), strict=True):
        np.testing.assert_allclose(ours, torchs, rtol=1e-5)


def test_small_functions():
    x = sample(3, 4, 5)
    t = torch.from_numpy(x)
    assert_close(F.normalize(x, axis=-1), TF.normalize(t, dim=-1).numpy())
    assert_close(F.normalize(x, p=1.0, axis=1), TF.normalize(t, p=1.0, dim=1).numpy())
    assert_close(F.roll(x, (1, -2), (1, 2)), torch.roll(t, (1, -2), (1, 2)).numpy())
    assert_close(F.roll(x, 3), torch.roll(t, 3).numpy())
    assert_close(F.expand(x[:, :1], (2, -1, 4, -1)), t[:, :1].expand(2, -1, 4, -1).numpy())
    assert_close(F.masked_fill(x, x > 0, -1.0), t.masked_fill(t > 0, -1.0).numpy())
    assert_close(F.triu(x, 1), torch.triu(t, 1).numpy())
    assert_close(F.tril(x), torch.tril(t).numpy())
    index = torch.tensor([0, 2, 1])
    assert (F.one_hot(index.numpy()).numpy() == TF.one_hot(index).numpy()).all()
    assert F.one_hot(index.numpy(), 5).dtype == tf.int64
    assert_close(F.repeat_interleave(x, 2, 1), t.repeat_interleave(2, 1).numpy())
    assert_close(F.repeat_interleave(x, 2), t.repeat_interleave(2).numpy())
    assert_close(in_dynamic_graph(lambda y: F.expand(y[:, :1], (-1, 6, -1)), x), t[:, :1].expand(-1, 6, -1).numpy())


@pytest.mark.parametrize(
    ("shifts", "axis"), [((-3, 2), (1, 2)), ((3, 1), (2, 1)), ((7,), (1,)), ((1, 2, 3), (0, 1, 2)), ((2, 1), (2, 3))]
)
def test_roll(shifts, axis):
    """Values and gradient, with the batch known and open; gathers of known sizes and slices of others are one."""
    x = sample(2, 5, 6, 3)
    t = torch.tensor(x, requires_grad=True)
    expected = torch.roll(t, shifts, axis)
    weight = sample(*x.shape)
    expected.backward(torch.from_numpy(weight))
    v = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(v)
        actual = F.roll(v, shifts, axis)
        total = tf.reduce_sum(actual * weight)
    assert_close(actual, expected.detach().numpy())
    assert_close(tape.gradient(total, v), t.grad.numpy())
    for shape in ((None, 5, 6, 3), (None, None, None, 3)):
        run = tf.function(lambda y: F.roll(y, shifts, axis), input_signature=[tf.TensorSpec(shape)])
        assert_close(run(x), expected.detach().numpy())


def test_check():
    F.check(True, "fine")
    with pytest.raises(AssertionError, match="wrong"):
        F.check(bool(0), "wrong")
    with pytest.raises(tf.errors.InvalidArgumentError, match="uneven"):
        F.check(tf.constant(False), "uneven")


@pytest.mark.parametrize(
    "arguments", [{"kernel_size": 3, "padding": 1}, {"kernel_size": (2, 3), "stride": 2, "dilation": 2}]
)
def test_unfold_and_fold(arguments):
    x = sample(2, 8, 9, 3)
    expected = TF.unfold(to_torch(x, True), **arguments)
    assert_close(F.unfold(x, **arguments), expected.numpy())
    folded = TF.fold(expected, (8, 9), **arguments)
    assert_close(F.fold(expected.numpy(), (8, 9), **arguments), to_numpy(folded, True))


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border"])
@pytest.mark.parametrize("align_corners", [True, False])
def test_grid_sample(mode, padding_mode, align_corners):
    x, theta = sample(2, 6, 7, 3), sample(2, 2, 3, seed=1)
    grid = TF.affine_grid(torch.from_numpy(theta), (2, 3, 5, 4), align_corners=align_corners)
    assert_close(F.affine_grid(theta, (2, 3, 5, 4), align_corners), grid.numpy())
    options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    expected = TF.grid_sample(to_torch(x, True), grid, **options)
    assert_close(F.grid_sample(x, grid.numpy(), **options), to_numpy(expected, True))


def test_dropout_and_bernoulli():
    x = tf.ones((200, 300))
    assert F.dropout(x, 0.3, training=False) is x
    dropped = F.dropout(x, 0.3).numpy()
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)
    assert not F.dropout(x, 1.0).numpy().any()
    channels = F.dropout2d(tf.ones((50, 4, 4, 20)), 0.5).numpy()
    assert ((channels == 0).all((1, 2)) | (channels == 2).all((1, 2))).all()
    assert F.bernoulli((1000,), 0.8).numpy().mean() == pytest.approx(0.8, abs=0.05)
    tf.random.set_seed(1)
    first = F.dropout(x, 0.5).numpy()
    tf.random.set_seed(1)
    assert (F.dropout(x, 0.5).numpy() == first).all()
    assert sorted(F.randperm(5).numpy()) == [0, 1, 2, 3, 4]
    assert F.rand((3,)).shape == F.randn((3,)).shape == (3,)


class _Block(nn.Module):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Linear(6, 6)
        self.drop = nn.Dropout(0.5)

    def call(self, x, shift=None):
        x = self.drop(F.gelu(self.fc(x)))
        return x if shift is None else x + shift


class _Checkpointed(nn.Module):
    def __init__(self, active, **kwargs):
        super().__init__(**kwargs)
        self.active = active
        self.blocks = nn.ModuleList([_Block() for _ in range(2)])

    def call(self, x):
        for block in self.blocks:
            x = F.checkpoint(block, x, shift=x * 2.0, use_reentrant=False) if self.active else block(x, shift=x * 2.0)
        return x


@pytest.mark.parametrize("in_graph", [False, True])
def test_checkpoint_recomputes_with_the_same_numbers(in_graph):
    layer = _Checkpointed(True)
    x = tf.constant(sample(4, 6))

    def value_and_gradient(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = layer(inputs, training=True)
            loss = tf.reduce_sum(y * y)
        return y, tape.gradient(loss, [inputs, *[v.value for v in layer.trainable_weights]])

    y, gradients = (tf.function(value_and_gradient) if in_graph else value_and_gradient)(x)
    assert all(gradient is not None for gradient in gradients)
    plain = _Checkpointed(False)
    plain.load_state_dict(layer.state_dict())
    for block in (*layer.blocks, *plain.blocks):
        block.drop.p = 0.0
    y, gradients = (tf.function(value_and_gradient) if in_graph else value_and_gradient)(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        reference = plain(x, training=True)
        loss = tf.reduce_sum(reference * reference)
    expected = tape.gradient(loss, [x, *[v.value for v in plain.trainable_weights]])
    assert_close(y, reference.numpy())
    for ours, theirs in zip(gradients, expected, strict=True):
        assert_close(ours, theirs.numpy())


def test_checkpoint_uses_one_dropout_mask():
    drop = nn.Dropout(0.5)

    class Scaled(nn.Module):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.drop = drop

        def call(self, x):
            return F.checkpoint(self.drop, x)

    x = tf.ones((100,))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = Scaled()(x, training=True)
    # The gradient of x * mask / (1 - p) is what the forward pass gave for ones.
    assert 0 < float(tf.reduce_mean(y)) != 1.0
    assert_close(tape.gradient(y, x), y.numpy())


def test_softmax_and_rms_norm_functions():
    x = sample(2, 3, 4)
    t = torch.from_numpy(x)
    assert_close(F.softmax(x, 1), t.softmax(1).numpy())
    assert_close(F.log_softmax(x, -1), t.log_softmax(-1).numpy())
    assert_close(F.rms_norm(x, (4,)), TF.rms_norm(t, (4,)).numpy())
    assert_close(F.gelu(x), TF.gelu(t).numpy())
    assert math.isclose(float(F.hardtanh(2.0)), 1.0)


def test_reshaping():
    x = sample(4, 5, 6)
    t = torch.from_numpy(x)
    for start, end in [(0, -1), (1, -1), (0, 1), (1, 1)]:
        assert_close(F.flatten(x, start, end), t.flatten(start, end).numpy())
        assert_close(in_dynamic_graph(lambda y, s=start, e=end: F.flatten(y, s, e), x), t.flatten(start, end).numpy())
    for ours, theirs in [
        (F.split(x, 2, axis=1), t.split(2, 1)),
        (F.split(x, [1, 4], axis=1), t.split([1, 4], 1)),
        (F.chunk(x, 4, axis=2), t.chunk(4, 2)),
    ]:
        assert len(ours) == len(theirs)
        for mine, reference in zip(ours, theirs, strict=True):
            assert_close(mine, reference.numpy())
    assert_close(F.tile(x, (2, 1, 3, 1)), t.repeat(2, 1, 3, 1).numpy())
    assert_close(F.swap_axes(x, 0, -1), t.transpose(0, -1).numpy())


@pytest.mark.parametrize(
    ("shape", "sizes", "swapped"),
    [
        ((2, 12, 6), (2, 6, 3, 4), (-2, -1)),
        ((2, 12, 6), (2, -1, 3, 4), (1, 2)),
        ((2, 2, 12, 3), (2, -1, 3, 4), (-2, -1)),  # heads
        ((2, 2, 12, 3), (2, 6, 3, 4), (1, 2)),  # of four axes, 1 and 2 aren't the last two
        ((2, 12, 6), (2, 3, 4, 6), (-2, -1)),  # other channels than it has
    ],
)
def test_an_image_of_tokens(shape, sizes, swapped):
    x = sample(*shape)
    expected = torch.from_numpy(x).transpose(*swapped).reshape(*sizes).permute(0, 2, 3, 1).numpy()
    assert_close(F.image_of_tokens(x, sizes, swapped), expected)
    if swapped == (-2, -1):
        dynamic = (tf.constant(sizes[0]), *sizes[1:])
        assert_close(in_dynamic_graph(lambda y: F.image_of_tokens(y, dynamic), x), expected)


def test_tokens_that_are_no_pixels_make_no_image():
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        F.image_of_tokens(sample(2, 12, 6), (2, -1, 3, 5))


def test_values():
    x = sample(4, 5)
    t = torch.from_numpy(x)
    for name in ("float16", "bfloat16", "float32", "float64"):
        ours, theirs = F.finfo(name), torch.finfo(getattr(torch, name))
        assert (ours.min, ours.max, ours.eps, ours.tiny) == (theirs.min, theirs.max, theirs.eps, theirs.tiny)
    with pytest.raises(TypeError, match="int32"):
        F.finfo("int32")
    assert_close(F.full_like(x, 2), torch.full_like(t, 2).numpy())
    assert_close(in_dynamic_graph(lambda y: F.full_like(y, 2), x), torch.full_like(t, 2).numpy())
    assert_close(F.linspace(-1, 3, 7), torch.linspace(-1, 3, 7).numpy())
    assert_close(F.log2(tf.abs(x)), t.abs().log2().numpy())
    assert F.numel(x) == 20 and F.to_list(tf.constant([1, 2])) == [1, 2] == F.to_list([1, 2])
    for dim in (0, 1):
        for ours, theirs in zip(F.sort_with_indices(x, dim), t.sort(dim), strict=True):
            assert_close(ours, theirs.numpy())
    assert F.normal_like(tf.zeros(5), mean=9.0).shape == F.uniform_like(tf.zeros(5)).shape == (5,)


@pytest.mark.parametrize("bounds", [(5,), (1, 7, 2), (2.5,), (0, 1.5, 0.5)])
def test_arange_takes_its_dtype_from_its_bounds(bounds):
    ours, theirs = F.arange(*bounds), torch.arange(*bounds)
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_allclose(np.asarray(ours), theirs.numpy())


def test_a_quotient_of_a_size_known_only_when_run():
    quotient = tf.function(lambda x: F.truncated_quotient(tf.shape(x)[0], 8 * 4 / 2 / 2), input_signature=[tf.TensorSpec((None,))])
    for size in (16, 24, 27):
        assert F.truncated_quotient(size, 8.0) == quotient(tf.zeros(size)) == int(size / 8.0)


def test_arange_of_a_size_known_only_when_run():
    count = tf.function(lambda x: F.arange(tf.shape(x)[0]), input_signature=[tf.TensorSpec((None,))])
    assert count(tf.zeros(3)).numpy().tolist() == [0, 1, 2] and count(tf.zeros(3)).dtype == tf.int64


def test_numbers_of_a_beta_distribution_have_its_mean_and_variance():
    """Mean a / (a + b); variance ab / ((a + b)² (a + b + 1))."""
    tf.random.set_seed(5)
    beta = F.Beta(2.0, 6.0)
    numbers = np.array([float(beta.sample()) for _ in range(500)])
    assert abs(numbers.mean() - 0.25) < 0.03 and abs(numbers.var() - 12 / (64 * 9)) < 0.005
