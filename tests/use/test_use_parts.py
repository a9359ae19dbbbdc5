"""Parts of a model by name: layers, variables, and what layers give as outputs of a Functional model."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from use_models import SIZE, SMALL, error, images, small_model

VIT = "vit_tiny_patch16_224"


@pytest.mark.parametrize(
    ("name", "layer"), [(VIT, "blocks.1.attn"), ("swin_tiny_patch4_window7_224", "layers.0.blocks.1.attn.qkv")]
)
def test_a_layer_by_its_name(generated_package: ModuleType, name: str, layer: str) -> None:
    model = small_model(generated_package, name)
    assert model.get_layer(layer) is model.get_submodule(layer) and model.get_layer(layer).name == layer
    assert model.get_layer("head") is model.head and model.get_layer(index=0) is model.layers[0]
    with pytest.raises(ValueError, match="No such layer: blocks.7.attn"):
        model.get_layer("blocks.7.attn")


@pytest.mark.parametrize("name", SMALL)
def test_paths_are_places(generated_package: ModuleType, name: str) -> None:
    model = small_model(generated_package, name)
    paths = [variable.path for variable in model.variables]
    assert len(set(paths)) == len(paths)
    for name, parameter in model.named_parameters():
        assert parameter.path.rpartition("/")[0] == name.rpartition(".")[0].replace(".", "/")
    model.compile("sgd", jit_compile=False)
    assert set(model.get_state_tree()["trainable_variables"]) >= {paths[-1].split("/")[0]}


def test_an_optimizer_leaves_out_what_is_named(generated_package: ModuleType) -> None:
    model = small_model(generated_package, VIT)
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias", "pos_embed"])
    optimizer.build(model.trainable_variables)
    decayed = {v.path for v in model.trainable_variables if optimizer._use_weight_decay(v)}
    assert "blocks/0/attn/qkv/kernel" in decayed and "pos_embed" not in decayed
    assert not [path for path in decayed if "norm" in path or "bias" in path]


def rows_of_summary(model: Any, **options: Any) -> dict[str, str]:
    """Shapes by the layers' names, and their numbers of parameters after a slash."""
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text), **options)
    rows = [line.split("│")[1:4] for line in "\n".join(lines).split("\n") if line.startswith("│")]
    return {name.split(" (")[0].strip(" └"): f"{shape.strip()} / {count.strip()}" for name, shape, count in rows}


def test_summary_of_a_model_that_was_not_called(generated_package: ModuleType) -> None:
    model = small_model(generated_package, VIT)
    shown = rows_of_summary(model)
    assert shown["patch_embed"] == "(None, 24, 12) / 2,316"
    assert shown["blocks"] == "(None, 25, 12) / 3,768" and shown["head"] == "(None, 5) / 65"
    assert rows_of_summary(model, expand_nested=True)["qkv"] == "(None, 25, 36) / 468"


def test_summary_has_the_shapes_of_the_last_call(generated_package: ModuleType) -> None:
    model = small_model(generated_package, "sam2_hiera_tiny")
    model(images(3, (32, 96)))
    # HieraDet goes through its blocks itself.
    assert rows_of_summary(model)["blocks"].startswith("(None, 4, 12, 16) /")
    assert "?" not in "".join(rows_of_summary(model, expand_nested=True).values())
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(images(2, (64, 32)), np.zeros((2, 5)), verbose=0)
    assert rows_of_summary(model)["blocks"].startswith("(None, 8, 4, 16) /")


def test_summary_after_a_change_of_size(generated_package: ModuleType) -> None:
    model = small_model(generated_package, "swin_tiny_patch4_window7_224")
    model(images())
    model.set_input_size((64, 32))
    assert rows_of_summary(model)["patch_embed"].startswith("(None, 16, 8, 8) /")
    assert not {"layers", "compute_output_shape"} & {name for layer in model.modules() for name in vars(layer)}


def of_a_functional_model(model: Any) -> tuple[keras.Model, dict[str, Any]]:
    """A model of named outputs, and what they have to be."""
    inputs = keras.Input((*SIZE, 3))
    final, intermediates = model.forward_intermediates(inputs, indices=[0, 1], norm=True)
    features = model.forward_features(inputs)
    outputs = {
        **{"final": final, "first": intermediates[0], "second": intermediates[1]},
        **{"features": features, "pooled": model.forward_head(features, pre_logits=True)},
        **model.layer_outputs(inputs, ["blocks.1.attn", "head"]),
    }
    x = images()
    final, intermediates = model.forward_intermediates(x, indices=[0, 1], norm=True)
    features = model.forward_features(x)
    expected = {
        **{"final": final, "first": intermediates[0], "second": intermediates[1]},
        **{"features": features, "pooled": model.forward_head(features, pre_logits=True), "head": model(x)},
        **{"blocks.1.attn": model.layer_outputs(x, ["blocks.1.attn"])["blocks.1.attn"]},
    }
    return keras.Model(inputs, outputs), expected


def test_named_outputs(generated_package: ModuleType, tmp_path: Path) -> None:
    """The parts share the model's weights, in the file too."""
    model = small_model(generated_package, VIT)
    functional, expected = of_a_functional_model(model)
    assert {name: output.shape[1:] for name, output in functional.output.items()} == {
        name: tuple(value.shape[1:]) for name, value in expected.items()
    }
    functional.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert len(again.variables) == len(functional.variables) == len(model.variables)
    ours, reloaded = functional.predict(images(), verbose=0), again.predict(images(), verbose=0)
    for name, value in expected.items():
        assert error(ours[name], value) < 1e-5, name
        np.testing.assert_array_equal(reloaded[name], ours[name], err_msg=name)


def test_a_part_is_trained_and_drops(generated_package: ModuleType) -> None:
    model = small_model(generated_package, VIT, proj_drop_rate=0.5)
    inputs = keras.Input((*SIZE, 3))
    part = keras.Model(inputs, keras.layers.Dense(2)(model.forward_features(inputs)[:, 0]))
    assert error(part(images(), training=True), part(images())) > 0.01
    before = model.blocks[0].mlp.fc1.kernel.numpy()
    part.compile("sgd", "mse", jit_compile=False)
    part.fit(images(), np.ones((2, 2)), verbose=0)
    assert np.abs(model.blocks[0].mlp.fc1.kernel.numpy() - before).max() > 0


def test_a_part_computes_in_the_model_s_precision(generated_package: ModuleType) -> None:
    model = small_model(generated_package, VIT, dtype="mixed_bfloat16")
    inputs = keras.Input((*SIZE, 3))
    part = keras.Model(inputs, model.forward_features(inputs))
    assert part(images()).dtype.name == "bfloat16"


def test_a_layer_that_is_not_called(generated_package: ModuleType) -> None:
    model = small_model(generated_package, VIT, fused_attn=None)
    with pytest.raises(ValueError, match=r"VisionTransformer does not call blocks.0.attn.attn_drop"):
        model.layer_outputs(images(), ["blocks.0.attn.attn_drop"])
