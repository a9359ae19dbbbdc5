"""Models: training, mixed precision, saving, names, export."""

import sys

import numpy as np
import pytest
import torch
from runtime_comparison import assert_close, sample, to_numpy, to_torch
from torch import nn as torch_nn

import h5py  # isort: skip
import keras  # isort: skip
import tensorflow as tf  # isort: skip
from transpiler.runtime import checkpoints, hub, nn  # isort: skip
from transpiler.runtime import functional as F  # isort: skip


class Probe(nn.Dropout):
    """Remembers whether it saw training."""

    def __init__(self, **kwargs):
        super().__init__(0.5, **kwargs)
        self.seen = set()

    def call(self, x):
        self.seen.add(self.training)
        return super().call(x)


class Block(nn.Module):
    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.norm = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, dim)
        self.drop = Probe()
        self.gamma = nn.Parameter(tf.ones(dim))
        self.register_buffer("table", tf.ones((dim,)), persistent=False)

    def call(self, x):
        return x + self.drop(self.fc(self.norm(x))) * self.gamma + self.table


class Network(nn.Model):
    def __init__(self, classes=3, **kwargs):
        super().__init__(**kwargs)
        self.stem = nn.Conv2d(3, 4, 2, 2)
        self.bn = nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(Block(4), Block(4))
        self.head = nn.Linear(4, classes)

    def call(self, x):
        return self.head(tf.reduce_mean(self.blocks(F.gelu(self.bn(self.stem(x)))), (1, 2)))


def images(count=4):
    return sample(count, 8, 8, 3)


def same_outputs(first, second):
    assert_close(first(images()), second(images()).numpy())


@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_reaches_dropout_and_batch_norm(jit_compile):
    model = Network()
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit_compile)
    before = model.state_dict()
    model.fit(images(6), sample(6, 3), batch_size=4, epochs=1, verbose=0)
    assert model.blocks[0].drop.seen == {True}
    after = model.state_dict()
    assert after["bn.num_batches_tracked"] == 2
    # BatchNorm takes a bias before it away, and with it the gradient.
    assert all((before[name] != after[name]).any() for name in before if name != "stem.bias"), "everything moved"
    model.predict(images(), verbose=0)
    assert model.blocks[0].drop.seen == {True, False}
    assert model(images(), training=True).shape == (4, 3)


@pytest.mark.parametrize("momentum", [0.1, 0.3, None])
def test_batch_norm_training_step(momentum):
    ours, theirs = nn.BatchNorm2d(3, momentum=momentum), torch_nn.BatchNorm2d(3, momentum=momentum)
    for seed in range(2):
        x = sample(4, 5, 6, 3, seed=seed) * 2 + 1
        torch_x = to_torch(x, True).requires_grad_(True)
        expected = theirs(torch_x)
        expected.backward(torch.from_numpy(sample(4, 3, 5, 6, seed=9)))
        with tf.GradientTape() as tape:
            variable = tf.Variable(x)
            y = ours(variable, training=True)
        upstream = np.transpose(sample(4, 3, 5, 6, seed=9), (0, 2, 3, 1))
        assert_close(y, to_numpy(expected, True))
        assert_close(tape.gradient(y, variable, upstream), to_numpy(torch_x.grad, True))
    for name, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[name], value.numpy())


def test_frozen_batch_norm_keeps_its_statistics():
    layer = nn.BatchNorm2d(3)
    layer.trainable = False
    x = images()
    assert_close(layer(x, training=True), layer(x).numpy())
    assert layer.num_batches_tracked.numpy() == 0


def test_batch_norm_of_sequences():
    ours, theirs = nn.BatchNorm1d(3), torch_nn.BatchNorm1d(3)
    for x in (sample(4, 3, 5), sample(4, 3)):
        assert_close(ours(x, training=True), theirs(torch.from_numpy(x)).detach().numpy())
    assert_close(ours.running_var.numpy(), theirs.running_var.numpy())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "float16"])
def test_half_precision(policy):
    reference = Network()
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = Network()
    finally:
        keras.config.set_dtype_policy(previous)
    model.load_state_dict(reference.state_dict())
    y = model(images())
    assert y.dtype == tf.as_dtype(keras.DTypePolicy(policy).compute_dtype)
    assert_close(tf.cast(y, tf.float32), reference(images()).numpy(), 0.05)
    assert {v.dtype for v in model.trainable_weights} == {keras.DTypePolicy(policy).variable_dtype}


def test_mixed_precision_of_the_root_alone():
    model = Network(dtype="mixed_bfloat16")
    assert model(images()).dtype == tf.bfloat16
    assert model.blocks[0].table.dtype == tf.float32


@pytest.mark.parametrize(
    "layer", [nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.RMSNorm(4), nn.BatchNorm2d(4), nn.Softmax(-1)], ids=repr
)
def test_norms_compute_in_float32_and_keep_the_dtype(layer):
    x = tf.cast(sample(2, 3, 3, 4) * 3 + 20, tf.bfloat16)
    with keras.src.backend.AutocastScope("bfloat16"):
        y = layer.call(x)
    assert y.dtype == tf.bfloat16
    exact = tf.cast(layer.call(tf.cast(x, tf.float32)), tf.bfloat16)
    assert_close(tf.cast(y, tf.float32), tf.cast(exact, tf.float32).numpy(), 1e-6)


@pytest.mark.parametrize("suffix", [".weights.h5", ".safetensors"])
def test_weights_file_round_trip(tmp_path, suffix):
    model, fresh = Network(), Network()
    model(images(), training=True)
    path = tmp_path / f"model{suffix}"
    model.save_weights(path)
    fresh.load_weights(path)
    same_outputs(model, fresh)
    if suffix == ".weights.h5":
        with h5py.File(path) as file:
            assert "blocks/0/fc/vars/0" in file, "under the name of its place"
    if suffix == ".safetensors":
        with pytest.raises(RuntimeError, match="head.weight"):
            Network(classes=5).load_weights(path)


def test_own_parameters_of_stock_subclasses_are_saved(tmp_path):
    class Gained(nn.Linear):
        def __init__(self, **kwargs):
            super().__init__(3, 3, **kwargs)
            self.gain = nn.Parameter(sample(3))

    class Root(nn.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.fc = Gained()

        def call(self, x):
            return self.fc(x) * self.fc.gain

    model, fresh = Root(), Root()
    fresh.fc.gain.assign(np.zeros(3, np.float32))
    model.save_weights(tmp_path / "a.weights.h5")
    fresh.load_weights(tmp_path / "a.weights.h5")
    assert_close(fresh.fc.gain.numpy(), model.fc.gain.numpy())


def test_whole_model_file_round_trip(tmp_path):
    model = Network(classes=2)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"Network": Network})
    same_outputs(model, loaded)


def test_names_and_paths():
    model = Network()
    paths = [variable.path for variable in model.variables]
    assert "blocks/0/fc/kernel" in paths and "bn/moving_mean" in paths and "blocks/1/gamma" in paths
    assert len(set(paths)) == len(paths)
    assert model.blocks[0].fc.path == "blocks/0/fc" and model.get_layer("head") is model.head
    model.head = nn.Linear(4, 7)
    model.compile("sgd", "mse")
    assert model.head.kernel.path == "head/kernel"
    model.get_state_tree()


def test_trainable_reaches_frozen_children():
    model = Network()
    count = len(model.trainable_weights)
    model.blocks.trainable = False
    assert len(model.trainable_weights) == 6
    model.trainable = True
    assert len(model.trainable_weights) == count
    model.trainable = False
    assert not model.trainable_weights


def test_functional_wrapping_and_nested_models():
    model = Network()
    inputs = keras.Input((8, 8, 3))
    wrapped = keras.Model(inputs, model(inputs))
    same_outputs(model, wrapped)

    class Outer(nn.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Network()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(images(), training=True)
    assert outer.inner.blocks[0].drop.seen == {True}
    assert "inner/head/kernel" in [variable.path for variable in outer.variables]


def test_export(tmp_path):
    model = Network()
    with pytest.raises(ValueError, match="size of its images; pass input_signature"):
        model.export(tmp_path / "early", verbose=False)
    model.pretrained_cfg = {"input_size": (3, 8, 8)}
    model.export(str(tmp_path / "saved"), verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert_close(loaded.serve(images(3)), model(images(3)).numpy())


def test_summary_and_count():
    lines = []
    model = Network()
    model.summary(print_fn=lambda line, **_: lines.append(line))
    assert any("blocks" in line for line in lines)
    assert model.count_params() == sum(int(np.prod(v.shape)) for v in model.weights)


def test_read_checkpoint(tmp_path):
    from safetensors.torch import save_file

    state = {"a": torch.randn(2, 3), "b": torch.randn(4).bfloat16(), "n": torch.tensor(3)}
    save_file(state, str(tmp_path / "a.safetensors"))
    torch.save(state, tmp_path / "a.pth")
    torch.save(state, tmp_path / "a.pth.tar")
    torch.save(state, tmp_path / "a")
    np.savez(tmp_path / "a.npz", a=state["a"].numpy(), b=state["b"].float().numpy(), n=3)
    for name in ("a.safetensors", "a.pth", "a.pth.tar", "a", "a.npz"):
        read = checkpoints.read_checkpoint(tmp_path / name)
        module = nn.Module()
        module.a, module.b = nn.Parameter(tf.zeros((2, 3))), nn.Parameter(tf.zeros(4))
        module.register_buffer("n", tf.constant(0, tf.int64))
        module.load_state_dict(read)
        for key, value in module.state_dict().items():
            assert_close(value, state[key].float().numpy(), 1e-7)


def test_open_safetensors_handle(tmp_path):
    from safetensors import safe_open

    model, fresh = Network(), Network()
    model.save_weights(tmp_path / "a.safetensors")
    with safe_open(str(tmp_path / "a.safetensors"), framework="np") as handle:
        fresh.load_state_dict(handle)
    same_outputs(model, fresh)


def test_read_checkpoint_refuses(tmp_path):
    with pytest.raises(FileNotFoundError, match="No checkpoint"):
        checkpoints.read_checkpoint(tmp_path / "none.safetensors")
    for name in ("a.txt", "a.safetensors", "a.npz", "a.pth"):
        (tmp_path / name).write_text("not a checkpoint")
        with pytest.raises(ValueError, match="a\\."):
            checkpoints.read_checkpoint(tmp_path / name)


class _Harmful:
    def __reduce__(self):
        return (print, ("run",))


def test_torch_files_can_run_no_code(tmp_path):
    torch.save({"a": _Harmful()}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="not a readable"):
        checkpoints.read_checkpoint(tmp_path / "a.pth")


def test_hub_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConnectionError, match="model.safetensors or pytorch_model.bin of timm/nothing"):
        hub.download_from_hub("timm/nothing", cache_dir=tmp_path)


def test_hub_is_given_up_at_the_first_failure(tmp_path, monkeypatch):
    """Each try costs the user all the retries of huggingface_hub; what is cached is still found."""
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    tried = []

    def download(repo_id, filename, local_files_only=False, **kwargs):
        tried.append((filename, local_files_only))
        if local_files_only and filename == "c":
            return str(tmp_path / "c")
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert hub.download_from_hub("timm/nothing", ("a", "b", "c")) == tmp_path / "c"
    assert tried == [("a", False), ("b", True), ("c", True)]


def test_missing_packages_are_named(tmp_path, monkeypatch):
    for name, needed in (("a.safetensors", "safetensors"), ("a.pth", "torch")):
        (tmp_path / name).touch()
        monkeypatch.setitem(sys.modules, needed, None)
        with pytest.raises(ImportError, match=f"{name} needs {needed}"):
            checkpoints.read_checkpoint(tmp_path / name)
