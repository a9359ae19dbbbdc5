"""Registries, walks, containers, hooks, state dictionaries."""

import copy
from collections import OrderedDict

import numpy as np
import pytest
import torch
from runtime_comparison import assert_close, sample
from torch import nn as torch_nn

import keras  # isort: skip
import tensorflow as tf  # isort: skip
from transpiler.runtime import nn  # isort: skip


class Block(nn.Module):
    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.norm = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, dim)
        self.gamma = nn.Parameter(tf.ones(dim))
        self.register_buffer("count", tf.constant(3, tf.int64))
        self.register_buffer("table", tf.ones((dim,)), persistent=False)

    def call(self, x):
        return self.fc(self.norm(x)) * self.gamma * self.table


class TorchBlock(torch_nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = torch_nn.LayerNorm(dim)
        self.fc = torch_nn.Linear(dim, dim)
        self.gamma = torch_nn.Parameter(torch.ones(dim))
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("table", torch.ones(dim), persistent=False)


class Network(nn.Module):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stem = nn.Conv2d(3, 4, 2, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.layers_ = nn.Sequential(Block(4), Block(4))
        self.head = nn.Linear(4, 2)

    def call(self, x):
        return self.head(self.layers_(self.bn(self.stem(x))))


class TorchNetwork(torch_nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = torch_nn.Conv2d(3, 4, 2, bias=False)
        self.bn = torch_nn.BatchNorm2d(4)
        self.layers = torch_nn.Sequential(TorchBlock(4), TorchBlock(4))
        self.head = torch_nn.Linear(4, 2)


def test_names_are_torchs_names_in_torchs_order():
    ours, theirs = Network(), TorchNetwork()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    assert [name for name, _ in ours.named_buffers()] == [name for name, _ in theirs.named_buffers()]
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]
    assert [name for name, _ in ours.named_children()] == [name for name, _ in theirs.named_children()]
    for name, tensor in theirs.state_dict().items():
        assert ours.state_dict()[name].shape == tuple(tensor.shape)
        assert ours.state_dict()[name].dtype.name == str(tensor.dtype).removeprefix("torch.")


def test_walks():
    network = Network()
    assert network.get_submodule("layers.1.fc") is network.layers_[1].fc
    assert network.get_submodule("") is network
    assert network.get_parameter("layers.0.fc.weight").shape == (4, 4)
    assert network.get_buffer("bn.running_var") is network.bn.moving_variance
    for missing in (lambda: network.get_submodule("layers.7"), lambda: network.get_parameter("head.scale")):
        with pytest.raises(AttributeError, match="has no"):
            missing()
    visited = []
    network.apply(visited.append)
    assert visited[-1] is network and visited[0] is network.stem and len(visited) == len(list(network.modules()))
    network.head.requires_grad_(False)
    assert len(network.trainable_weights) == len(list(network.parameters())) - 2
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        network.nothing  # noqa: B018


@pytest.mark.parametrize("kind", ["numpy", "torch", "torch bfloat16", "tensorflow", "variables"])
def test_load_state_dict_of_many_kinds(kind):
    theirs = TorchNetwork()
    state = theirs.state_dict()
    if kind == "torch bfloat16":
        state = {name: t.bfloat16() if t.is_floating_point() else t for name, t in state.items()}
    given = {
        "numpy": lambda t: t.numpy(),
        "tensorflow": lambda t: tf.constant(t.numpy()),
        "variables": lambda t: keras.Variable(t.numpy(), trainable=False),
    }.get(kind, lambda t: t)
    ours = Network()
    assert ours.load_state_dict({name: given(tensor) for name, tensor in state.items()}) == ([], [])
    for name, tensor in ours.state_dict().items():
        assert_close(tensor, state[name].float().numpy())


def test_load_state_dict_names_every_fault_and_changes_nothing():
    network = Network()
    before = network.state_dict()
    state = {name: value + 1 for name, value in before.items()}
    del state["head.bias"]
    state["old.weight"] = np.zeros(3)
    state["stem.weight"] = np.zeros((4, 3, 2, 3), np.float32)
    with pytest.raises(RuntimeError) as error:
        network.load_state_dict(state)
    for name in ("head.bias", "old.weight", "stem.weight", "(4, 3, 2, 3)", "(4, 3, 2, 2)"):
        assert name in str(error.value)
    with pytest.raises(RuntimeError, match="stem.weight"):
        network.load_state_dict(state, strict=False)
    for name, value in network.state_dict().items():
        assert (value == before[name]).all(), name

    state["stem.weight"] = before["stem.weight"]
    result = network.load_state_dict(state, strict=False)
    assert result.missing_keys == ["head.bias"] and result.unexpected_keys == ["old.weight"]
    assert (network.state_dict()["head.weight"] == before["head.weight"] + 1).all()
    with pytest.raises(TypeError, match="mapping"):
        network.load_state_dict([1])


def test_replacing_and_deleting_children_lets_go_of_the_old_ones():
    network = Network()
    network(sample(1, 4, 4, 3))
    weights = len(network.weights)
    network.head = nn.Linear(4, 9)
    assert len(network.weights) == weights
    assert network(sample(1, 4, 4, 3)).shape[-1] == 9
    network.head = nn.Identity()
    assert len(network.weights) == weights - 2
    del network.stem
    assert "stem.weight" not in network.state_dict() and not hasattr(network, "stem")
    network.bn = None
    assert network.bn is None and "bn.weight" not in network.state_dict()
    assert not any("bn" in variable.path for variable in network.weights)


def test_shared_child_is_kept_while_one_name_holds_it():
    module = nn.Module()
    module.first = module.second = nn.Linear(2, 2)
    assert len(list(module.parameters())) == 2
    assert list(module.state_dict()) == ["first.weight", "first.bias", "second.weight", "second.bias"]
    del module.first
    assert len(module.weights) == 2


def test_children_before_init_and_numeric_names():
    class Early(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(2, 2)
            self.depth = 3
            super().__init__()
            setattr(self, "0", nn.Linear(2, 2))

    assert list(Early().state_dict()) == ["fc.weight", "fc.bias", "0.weight", "0.bias"]


def test_parameters_and_buffers_can_be_replaced():
    block = Block(4)
    block.gamma = nn.Parameter(tf.zeros(7))
    assert block.get_parameter("gamma").shape == (7,) and len(block.weights) == 6
    block.gamma = None
    assert block.gamma is None and len(block.weights) == 5 and "gamma" not in block.state_dict()
    block.register_parameter("gamma", nn.Parameter(tf.ones(4)))
    assert list(dict(block.named_parameters())) == ["gamma", "norm.weight", "norm.bias", "fc.weight", "fc.bias"]

    block.count = tf.constant(5, tf.int64)
    assert block.state_dict()["count"] == 5
    block.table = tf.zeros(4)
    assert not block.table.numpy().any() and "table" not in block.state_dict()
    block.register_buffer("later", None)
    assert block.later is None
    block.later = tf.ones(2)
    assert block.state_dict()["later"].shape == (2,)


def test_weight_of_a_stock_layer_can_be_replaced():
    linear = nn.Linear(3, 2)
    linear.weight = nn.Parameter(sample(5, 3))
    assert linear.kernel.shape == (3, 5) and linear.weight.shape == (5, 3) and len(linear.weights) == 2
    assert list(linear.state_dict()) == ["weight", "bias"]
    linear.bias = None
    assert list(linear.state_dict()) == ["weight"]
    assert_close(linear(np.eye(3, dtype=np.float32)), linear.weight.numpy().T)


def test_stock_keras_layer_as_a_child():
    module = nn.Sequential(nn.Linear(2, 3), keras.layers.Dense(4))
    assert module(sample(1, 2)).shape == (1, 4)
    assert [name for name, _ in module.named_parameters()] == ["0.weight", "0.bias", "1.kernel", "1.bias"]
    module.load_state_dict(module.state_dict())


def test_stored_tensor():
    linear = nn.Linear(3, 2)
    weight = linear.weight
    value = sample(2, 3)
    weight.assign(value)
    assert (linear.kernel.numpy() == value.T).all() and (weight.numpy() == value).all()
    assert weight.shape == (2, 3) and weight.ndim == 2 and weight.numel() == 6 and len(weight) == 2
    assert_close(tf.reshape(weight, (3, 2)), value.reshape(3, 2))
    assert_close(keras.ops.transpose(weight), value.T)
    assert_close(2 * weight + 1, 2 * value + 1)
    assert_close(value * weight, value * value)
    assert_close(tf.constant(value) - weight, 0 * value)
    assert_close(weight[0], value[0])
    assert_close(np.asarray(weight), value)
    assert_close(tf.concat([weight, weight], 0), np.concatenate([value, value]))
    weight.trainable = False
    assert linear.trainable_weights == [linear.bias]
    with pytest.raises(ValueError, match="shape"):
        weight.assign(value.T)
    with pytest.raises(AttributeError):
        linear.weight.nothing  # noqa: B018


def test_parameter_slice():
    linear = nn.Linear(3, 4)
    part = nn.ParameterSlice(linear.weight, np.s_[1:3])
    nn.init.ones_(part)
    assert part.shape == (2, 3) and (linear.weight.numpy()[1:3] == 1).all()
    assert (linear.weight.numpy()[0] != 1).any()
    nn.init.zeros_(nn.ParameterSlice(linear.bias, np.s_[2:]))
    assert not linear.bias.numpy()[2:].any() and linear.bias.numpy()[:2].any()
    nn.init.constant_(nn.ParameterSlice(part, np.s_[0, 1]), 5.0)
    assert linear.weight.numpy()[1, 1] == 5


def test_sequential():
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)]
    sequential = nn.Sequential(*layers)
    assert len(sequential) == 3 and list(sequential) == layers and sequential[-1] is layers[2]
    assert isinstance(sequential[:2], nn.Sequential) and list(sequential[:2]) == layers[:2]
    assert list(sequential[1:].state_dict()) == ["2.weight", "2.bias"]
    assert sequential(sample(5, 2)).shape == (5, 4)
    sequential.append(nn.Linear(4, 5))
    assert sequential(sample(5, 2)).shape == (5, 5)
    sequential[0] = nn.Linear(6, 3)
    assert sequential(sample(5, 6)).shape == (5, 5) and len(sequential.weights) == 6
    del sequential[-1]
    assert len(sequential) == 3 and len(sequential.weights) == 4
    named = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 1), act=nn.ReLU()))
    assert named.conv is named[0] and list(named.state_dict()) == ["conv.weight", "conv.bias"]
    assert not nn.Sequential()
    with pytest.raises(IndexError):
        sequential[3]


def test_module_list_and_dict():
    modules = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    modules.insert(0, nn.Identity())
    assert isinstance(modules[0], nn.Identity) and len(modules) == 4 and len(modules.weights) == 6
    assert isinstance(modules[1:], nn.ModuleList) and len(modules[1:]) == 3
    modules += [nn.Identity()]
    assert len(modules) == 5 and modules[4] in modules
    assert next(iter(modules.state_dict())) == "1.weight"

    table = nn.ModuleDict({"a": nn.Linear(2, 2), "input": nn.Linear(2, 3)})
    assert list(table) == ["a", "input"] and "a" in table and table["input"] is table.input_
    assert list(table.state_dict()) == ["a.weight", "a.bias", "input.weight", "input.bias"]
    table["a"] = nn.Identity()
    assert table.pop("input").out_features == 3 and list(table.keys()) == ["a"] and not table.weights
    assert [name for name, _ in table.items()] == ["a"] and len(list(table.values())) == 1


def test_containers_are_in_tensorflow_checkpoints(tmp_path):
    network = Network()
    path = tf.train.Checkpoint(model=network).write(str(tmp_path / "checkpoint"))
    fresh = Network()
    tf.train.Checkpoint(model=fresh).read(path).assert_consumed()
    for name, value in network.state_dict().items():
        assert (fresh.state_dict()[name] == value).all(), name


def test_hooks():
    linear = nn.Linear(2, 2)
    seen = []
    before = linear.register_forward_pre_hook(lambda module, args: (args[0] * 0.0,))
    after = linear.register_forward_hook(lambda module, args, output: seen.append(output.shape))
    assert_close(linear(sample(3, 2)), np.tile(linear.bias.numpy(), (3, 1)))
    assert seen == [(3, 2)]
    before.remove()
    after.remove()
    linear(sample(3, 2))
    assert len(seen) == 1
    replaced = linear.register_forward_hook(lambda module, args, output: output + 1)
    first = linear.register_forward_hook(lambda module, args, output: output * 0, prepend=True)
    assert_close(linear(sample(3, 2)), np.ones((3, 2)))
    replaced.remove()
    first.remove()


def test_calls_take_any_arguments():
    class Free(nn.Module):
        def call(self, x, size=None, mask=None, flag=True, *rest):
            return x, size, mask, flag, rest

    class Nothing(nn.Module):
        def call(self):
            return self.training

    x = tf.ones((1, 2))
    assert Free()(x, (2, 3), None, False, "rest")[1:] == ((2, 3), None, False, ("rest",))
    assert Nothing()() is False
    assert Nothing()(training=True) is True
    assert nn.Identity(3, anything=4)(x) is x


def test_training_flag_reaches_every_layer_and_no_further():
    class Leaf(nn.Module):
        def call(self, x):
            return self.training

    class Root(nn.Module):
        def __init__(self):
            super().__init__()
            self.leaf = Leaf()

        def call(self, x):
            return [self.leaf(x), self.leaf(x, training=False), self.leaf(x)]

    x = tf.ones(1)
    assert Root()(x) == [False, False, False]
    assert Root()(x, training=True) == [True, False, True]
    assert Root()(x) == [False, False, False]
    with pytest.raises(ZeroDivisionError):
        nn.Sequential(type("Fails", (nn.Module,), {"call": lambda self, x: 1 // 0})())(x, training=True)
    assert Root()(x) == [False, False, False]


def test_keras_functional_model_of_modules():
    block = Block(4)
    inputs = keras.Input((5, 4))
    model = keras.Model(inputs, nn.Linear(4, 2)(block(inputs)))
    assert model.predict(sample(3, 5, 4), verbose=0).shape == (3, 5, 2)
    assert nn.Conv2d(3, 4, 3, stride=2, padding=1).compute_output_shape((None, 9, 9, 3)) == (None, 5, 5, 4)


def test_config_round_trip():
    layer = nn.Conv2d(3, 4, (3, 5), padding=(1, 2), bias=False, name="stem")
    again = nn.Conv2d.from_config(layer.get_config())
    assert again.name == "stem" and again.padding == (1, 2) and again.weight.shape == (4, 3, 3, 5)
    with pytest.raises(NotImplementedError, match="Flexible.*size"):
        Flexible(size=object()).get_config()


def test_containers_round_trip():
    """They come back with what they hold by then."""
    children = nn.Sequential(OrderedDict(fc=nn.Linear(4, 3), act=nn.ReLU()))
    children.add_module("last", nn.Linear(3, 2))
    children.fc.trainable = False
    again = nn.Sequential.from_config(children.get_config())
    assert list(again.state_dict()) == list(children.state_dict())
    assert len(again.trainable_variables) == 2
    assert len(nn.ModuleList.from_config(nn.ModuleList([nn.ReLU(), nn.ReLU()]).get_config())) == 2
    assert list(nn.ModuleDict.from_config(nn.ModuleDict({"a": nn.ReLU()}).get_config())) == ["a"]


class Flexible(nn.Module):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)


def test_low_rank_adaptation_of_stock_layers():
    linear, x = nn.Linear(4, 3), sample(2, 4)
    before = linear(x).numpy()
    linear.enable_lora(2)
    assert_close(linear(x), before)
    linear.lora_kernel_b.assign(sample(2, 3))
    assert np.abs(linear(x).numpy() - before).max() > 0.1
    assert len(linear.trainable_weights) == 3


class Resizing(nn.Module):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.table = nn.Parameter(tf.zeros(size))
        self._register_load_state_dict_pre_hook(self.resize)

    def resize(self, state_dict, prefix, *args, **kwargs):
        name = prefix + "table"
        if name in state_dict:
            state_dict[name] = state_dict[name][: self.table.shape[0]]


class TorchResizing(torch_nn.Module):
    def __init__(self, size):
        super().__init__()
        self.table = torch_nn.Parameter(torch.zeros(size))
        self._register_load_state_dict_pre_hook(self.resize)

    resize = Resizing.resize


@pytest.mark.parametrize("depth", [0, 1])
def test_hooks_before_loading(depth):
    """They may change what is loaded, of a module that is loaded alone or as part of another."""
    given = {"0." * depth + "table": torch.arange(5.0)}
    theirs, ours = TorchResizing(3), Resizing(3)
    for module, sequence in ((theirs, torch_nn.Sequential), (ours, nn.Sequential)):
        (sequence(module) if depth else module).load_state_dict(given)
    np.testing.assert_array_equal(ours.table.numpy(), theirs.table.detach().numpy())
    assert given["0." * depth + "table"].shape == (5,)
    copied = copy.deepcopy(ours)
    copied.load_state_dict({"table": np.arange(5.0, 10.0)})
    np.testing.assert_array_equal(copied.table.numpy(), [5.0, 6.0, 7.0])


def test_hooks_before_loading_may_report_errors_and_be_removed():
    module = nn.Linear(1, 1)
    handle = module.register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: rest[-1].append("too old"))
    with pytest.raises(RuntimeError, match="too old"):
        module.load_state_dict(module.state_dict())
    handle.remove()
    module.load_state_dict(module.state_dict())


class ChannelScale(nn.Module):
    def __init__(self, shape, **kwargs):
        super().__init__(**kwargs)
        self.scale = nn.ImageParameter(tf.reshape(tf.range(3.0), shape))

    def call(self, x):
        return x * self.scale


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 3, 1, 1)])
def test_a_parameter_of_the_channels_of_images(shape):
    layer = ChannelScale(shape)
    x = sample(2, 4, 5, 3)
    np.testing.assert_array_equal(layer(x), x * np.arange(3, dtype=np.float32))
    state = layer.state_dict()
    assert list(state) == ["scale"] and state["scale"].shape == shape
    layer.load_state_dict({"scale": 2.0 * state["scale"]})
    np.testing.assert_array_equal(layer(x), x * np.arange(0, 6, 2, dtype=np.float32))
    assert [tuple(p.shape) for p in layer.parameters()] == [shape] and len(layer.trainable_variables) == 1
    layer.scale = nn.ImageParameter(tf.ones(shape))
    np.testing.assert_array_equal(layer(x), x)
    assert len(layer.trainable_variables) == 1


class Overlaid(nn.Model):
    """As timm's RegNet and ByobNet: its keyword arguments change its configuration."""

    def __init__(self, cfg, **kwargs):
        super().__init__()
        if not kwargs.keys() <= cfg.keys():
            raise TypeError(f"no such field: {kwargs}")
        self.cfg = {**cfg, **kwargs}
        self.fc = nn.Linear(self.cfg["width"], 4)


def test_arguments_of_keras_are_no_keyword_arguments_of_upstream():
    model = Overlaid({"width": 3}, width=5, dtype="mixed_bfloat16", name="backbone", trainable=False)
    again = Overlaid.from_config(model.get_config())
    for either in (model, again):
        assert (either.cfg, either.name, either.trainable_variables) == ({"width": 5}, "backbone", [])
        for layer in (either, either.fc):
            assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    assert Overlaid({"width": 3}).compute_dtype == "float32"
    assert Overlaid({"width": 3}).name.startswith("overlaid")
    with pytest.raises(ValueError, match="without '/'"):
        Overlaid({"width": 3}, name="a/b")


def test_positions_keep_their_dtype_in_mixed_precision():
    class Positions(nn.Module):
        keeps_dtype = frozenset({"kept"})

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.register_buffer("kept", tf.ones(2), persistent=False)
            self.register_buffer("cast", tf.ones(2), persistent=False)

        def call(self, x):
            return self.kept, self.cast, x

    assert [value.dtype.name for value in Positions(dtype="mixed_bfloat16")(tf.ones(2))] == [
        "float32",
        "bfloat16",
        "bfloat16",
    ]
