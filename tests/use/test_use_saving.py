"""Saving and copying: what comes back is the same to the bit."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from use_models import SIZE, SMALL, images, shake, small_model


def same(first: Any, second: Any) -> None:
    """The same outputs, state and trainable variables, in the same order and under the same paths."""
    x = images()
    np.testing.assert_array_equal(first(x), second(x))
    ours, theirs = first.state_dict(), second.state_dict()
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert [v.path for v in first.trainable_variables] == [v.path for v in second.trainable_variables]


def reloaded(model: Any, folder: Path) -> Any:
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


@pytest.mark.parametrize("name", SMALL)
def test_each_way_of_saving(generated_package: ModuleType, name: str, tmp_path: Path) -> None:
    model = small_model(generated_package, name)
    same(reloaded(model, tmp_path), model)
    same(copy.deepcopy(model), model)
    other = small_model(generated_package, name)
    for file in ("a.weights.h5", "a.safetensors"):
        model.save_weights(tmp_path / file)
        shake(other)
        other.load_weights(tmp_path / file)
        same(other, model)
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "checkpoint"))
    written = sum(key.endswith("VARIABLE_VALUE") for key, _ in tf.train.list_variables(path))
    assert written - 1 == len(model.variables), "nothing is dropped; one is the checkpoint's own counter"
    shake(other)
    tf.train.Checkpoint(model=other).restore(path).assert_consumed()
    same(other, model)


def test_clone(generated_package: ModuleType) -> None:
    model = small_model(generated_package, "swin_tiny_patch4_window7_224")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    same(clone, model)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("vit_tiny_patch16_224", lambda model: model.reset_classifier(3, "avg")),  # also adds and removes norms
        ("vit_tiny_patch16_224", lambda model: model.set_input_size((48, 48))),
        ("vit_tiny_patch16_224", lambda model: model.prune_intermediate_layers(1, prune_norm=True, prune_head=True)),
        ("swin_tiny_patch4_window7_224", lambda model: model.set_input_size((48, 64), window_size=(3, 4))),
        ("resnet18", lambda model: model.reset_classifier(3, "catavgmax")),
        ("resnet18", lambda model: (model.reset_classifier(0), model.reset_classifier(2))),
        ("convnext_atto", lambda model: model.set_grad_checkpointing(True)),
    ],
    ids=str,
)
def test_changed_model(generated_package: ModuleType, name: str, change: Any, tmp_path: Path) -> None:
    model = small_model(generated_package, name)
    change(model)
    x = images(2, (48, 64)) if "swin" in name else images(2, (48, 48))
    if name == "vit_tiny_patch16_224" and model.patch_embed.img_size != (48, 48):
        x = images()
    again = reloaded(model, tmp_path)
    np.testing.assert_array_equal(again(x), model(x))
    assert len({variable.path for variable in model.variables}) == len(model.variables)
    assert getattr(again, "grad_checkpointing", None) == getattr(model, "grad_checkpointing", None)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("vit_tiny_patch16_224", {"features_only": True, "out_indices": (0, 1)}),
        ("resnet18", {"features_only": True, "out_indices": (1, 3)}),
        ("swin_tiny_patch4_window7_224", {"features_only": True, "out_indices": (0, 1)}),
    ],
    ids=str,
)
def test_features(generated_package: ModuleType, name: str, kwargs: dict[str, Any], tmp_path: Path) -> None:
    model = generated_package.create_model(name, **SMALL[name], **kwargs)
    again = reloaded(model, tmp_path)
    for ours, expected in zip(again(images()), model(images()), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert again.feature_info.channels() == model.feature_info.channels()


def test_classes_and_partials_as_arguments(generated_package: ModuleType, tmp_path: Path) -> None:
    layers = import_module(f"{generated_package.__name__}.timm.layers")
    model = small_model(
        generated_package,
        "vit_tiny_patch16_224",
        act_layer="silu",
        norm_layer=partial(layers.LayerNorm, eps=0.5),
        mlp_layer=layers.GluMlp,
    )
    again = reloaded(model, tmp_path)
    same(again, model)
    assert again.blocks[0].norm1.eps == 0.5


def test_what_no_file_can_hold_is_named(generated_package: ModuleType, tmp_path: Path) -> None:
    runtime = import_module(f"{generated_package.__name__}.runtime.nn")
    model = generated_package.create_model(
        "vit_tiny_patch16_224", **SMALL["vit_tiny_patch16_224"], act_layer=lambda: runtime.ReLU()
    )
    with pytest.raises(NotImplementedError, match="VisionTransformer .* act_layer"):
        model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "a.weights.h5")


def test_trainable_flags(generated_package: ModuleType, tmp_path: Path) -> None:
    model = small_model(generated_package, "swin_tiny_patch4_window7_224")
    model.trainable = False
    model.trainable = True
    model.patch_embed.trainable = False
    model.layers_[0].blocks.trainable = False
    model.layers_[0].blocks[1].attn.trainable = True
    model.head.fc.weight.trainable = False
    same(reloaded(model, tmp_path), model)
    inputs = keras.Input((*SMALL["swin_tiny_patch4_window7_224"]["img_size"], 3))
    wrapped = keras.Model(inputs, model(inputs))
    wrapped.save(tmp_path / "wrapped.keras")
    again = keras.models.load_model(tmp_path / "wrapped.keras")
    assert len(again.trainable_variables) == len(model.trainable_variables) < len(model.variables)


def test_the_package_s_own_functional_model(
    generated_package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras finds the class of the package imported last; here that is not the one that wrote the file."""
    shutil.copytree(Path(str(generated_package.__file__)).parent / "runtime", tmp_path / "later" / "runtime")
    monkeypatch.syspath_prepend(tmp_path)
    known = keras.saving.get_custom_objects()
    for name, value in known.items():
        monkeypatch.setitem(known, name, value)  # put back at the end
    import_module("later.runtime.functional_model")
    network = small_model(generated_package, "resnet18")
    inputs = keras.Input((*SIZE, 3))
    model = generated_package.FunctionalModel(inputs, network(inputs))
    model.save(tmp_path / "model.keras")
    for again in (keras.models.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)):
        assert isinstance(again, generated_package.FunctionalModel)
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again(images()), model(images()))


def test_optimizer(generated_package: ModuleType, tmp_path: Path) -> None:
    """Trained on, the reloaded model and the first one stay the same."""
    model = small_model(generated_package, "vit_tiny_patch16_224")
    model.reset_classifier(3)
    model.blocks[0].trainable = False
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    x, y = images(), np.ones((2, 3), np.float32)
    model.fit(x, y, verbose=0)
    again = reloaded(model, tmp_path)
    same(again, model)
    for each in (model, again):
        each.fit(x, y, verbose=0, shuffle=False)
    same(again, model)
    assert int(again.optimizer.iterations) == 2


FRESH = """
import sys
sys.path.insert(0, sys.argv[1])
import keras, numpy as np
__import__(sys.argv[2])
model = keras.models.load_model(sys.argv[3])
np.save(sys.argv[4], model(np.load(sys.argv[5])))
"""


def test_fresh_process(generated_package: ModuleType, generated_folder: Path, tmp_path: Path) -> None:
    model = small_model(generated_package, "swin_tiny_patch4_window7_224", dtype="mixed_bfloat16")
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", images())
    arguments = [generated_folder.parent, generated_folder.name, *(tmp_path / n for n in ("model.keras", "y", "x.npy"))]
    command = [sys.executable, "-c", FRESH, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    expected = np.asarray(model(images()), np.float32)
    np.testing.assert_array_equal(
        np.load(tmp_path / "y.npy").view("uint16").astype(np.uint32) << 16, expected.view("uint32")
    )
