"""Copies of modules and whole-model files, for models whose constructors take classes."""

import copy
import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from runtime_comparison import assert_close, sample

from transpiler.runtime import arguments, nn
from transpiler.runtime import functional as F
from transpiler.runtime.linear import Linear


@keras.saving.register_keras_serializable("tests")
class Classifier(nn.Model):
    """Made as timm's models are: classes and partials as arguments, a head that may be replaced."""

    def __init__(self, width=4, num_classes=3, norm_layer=nn.LayerNorm, act_layer=None, sizes=(1, 2), **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.sizes_given = sizes
        self.norm = norm_layer(width)
        self.act = (act_layer or nn.ReLU)()
        self.register_buffer("table", tf.ones((width,)), persistent=False)
        self.head = nn.Linear(width, num_classes)

    def reset_classifier(self, num_classes):
        self.num_classes = num_classes
        self.head = nn.Linear(4, num_classes)

    def call(self, x, training=None):
        return self.head(self.act(self.norm(x) + self.table))


def saved_and_loaded(model, folder):
    path = folder / "model.keras"
    model.save(path)
    return keras.models.load_model(path)


MODELS = {
    "defaults": dict,
    "class": lambda: {"norm_layer": nn.RMSNorm},
    "partial": lambda: {"norm_layer": functools.partial(nn.LayerNorm, eps=0.5), "sizes": [(1, 2), {"a": (3,)}]},
}


@pytest.mark.parametrize("arguments", MODELS.values(), ids=MODELS)
def test_whole_model_file(arguments, tmp_path):
    model = Classifier(**arguments())
    again, x = saved_and_loaded(model, tmp_path), sample(2, 4)
    assert_close(again(x), model(x).numpy())
    assert again.sizes_given == model.sizes_given and again.norm.eps == model.norm.eps


def test_whole_model_file_with_another_head(tmp_path):
    model = Classifier(norm_layer=nn.RMSNorm)
    model.reset_classifier(7)
    again, x = saved_and_loaded(model, tmp_path), sample(2, 4)
    assert again.num_classes == 7
    assert_close(again(x), model(x).numpy())


def test_whole_model_file_keeps_the_pretrained_configuration(tmp_path):
    model = Classifier()
    model.pretrained_cfg = {"input_size": (3, 8, 8), "classifier": "head"}
    assert saved_and_loaded(model, tmp_path).pretrained_cfg == model.pretrained_cfg


def test_argument_that_no_file_can_hold(tmp_path):
    model = Classifier(act_layer=lambda: nn.ReLU())
    with pytest.raises(NotImplementedError, match="Classifier.*act_layer"):
        model.save(tmp_path / "model.keras")
    assert_close(copy.deepcopy(model)(sample(2, 4)), model(sample(2, 4)).numpy())


def test_deep_copy_shares_nothing():
    model, x = Classifier(norm_layer=nn.RMSNorm), sample(2, 4)
    before = model(x).numpy()
    other = copy.deepcopy(model)
    assert_close(other(x), before)
    assert list(other.state_dict()) == list(model.state_dict())
    other.head.weight.assign(np.zeros((3, 4), np.float32))
    assert_close(model(x), before)
    assert not other.head.kernel.numpy().any()


def test_deep_copy_may_change():
    model = copy.deepcopy(Classifier())
    model.reset_classifier(5)
    assert len(model.weights) == len(model.state_dict()) == 4
    assert model(sample(2, 4)).shape == (2, 5)


def test_deep_copy_of_a_layer():
    blocks = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    other, x = copy.deepcopy(blocks), sample(2, 4)
    before = blocks(x).numpy()
    other[0].bias.assign(np.ones(4, np.float32))
    assert_close(blocks(x), before)


def test_deep_copy_of_a_compiled_model():
    model, x = Classifier(), sample(2, 4)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((2, 3), np.float32), verbose=0)
    other = copy.deepcopy(model)
    assert_close(other(x), model(x).numpy())
    other.fit(x, np.zeros((2, 3), np.float32), verbose=0)


def test_whole_model_file_keeps_the_optimizer(tmp_path):
    model, x = Classifier(), sample(2, 4)
    model.compile(keras.optimizers.Adam(0.125), "mse")
    model.fit(x, np.zeros((2, 3), np.float32), verbose=0)
    again = saved_and_loaded(model, tmp_path)
    assert float(again.optimizer.learning_rate) == 0.125 and int(again.optimizer.iterations) == 1
    again.fit(x, np.zeros((2, 3), np.float32), verbose=0)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1, 2.5, "a", (True, [])],
        {"a": (1,), 2: {"tuple": [1]}, "name": "runtime.linear:Linear"},
        nn.ReLU,
        F.gelu,
        Linear,
    ],
    ids=str,
)
def test_arguments_come_back(value):
    described = arguments.encode(value)
    again = arguments.decode(json.loads(json.dumps(described)))
    assert again == value and type(again) is type(value)


def test_partials_and_layers_come_back():
    described = arguments.encode(functools.partial(nn.LayerNorm, 4, eps=0.5))
    assert arguments.decode(json.loads(json.dumps(described)))().eps == 0.5
    layer = arguments.decode(json.loads(json.dumps(arguments.encode(nn.Conv2d(3, 4, 3)))))
    assert layer.weight.shape == (4, 3, 3, 3)


@pytest.mark.parametrize(
    "name",
    [
        "runtime.url:download",
        "runtime.checkpoints:read_checkpoint",
        "runtime.checkpoints:np",
        "runtime.checkpoints:Path",
        "runtime.hub:download_from_hub",
        "runtime.arguments:SafeLoader.run",
        "...os:system",
        "runtime.functional:tf.io.write_file",
        "runtime.linear:StoredTensor",
    ],
)
def test_a_file_can_name_nothing_harmful(name):
    with pytest.raises((ValueError, AttributeError, ImportError, TypeError)):
        arguments.decode({"name": name})
