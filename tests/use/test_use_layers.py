"""Layers taken alone, as parts of a user's own Functional and Sequential models."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
import timm.layers
import torch
from use_models import error, shake


class Alone(NamedTuple):
    """A layer and what it takes: the shape of one input without the batch."""

    module: str
    name: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.module.rpartition('.')[2]}.{self.name}"


LAYERS = [
    Alone("layers.attention", "Attention", {"dim": 8, "num_heads": 2, "qkv_bias": True}, (6, 8)),
    Alone("layers.mlp", "Mlp", {"in_features": 8, "hidden_features": 12}, (6, 8)),
    Alone("layers.patch_embed", "PatchEmbed", {"img_size": 16, "patch_size": 8, "embed_dim": 8}, (16, 16, 3)),
    Alone("layers.norm", "LayerNorm2d", {"num_channels": 8}, (4, 4, 8)),
    Alone("layers.drop", "DropPath", {"drop_prob": 0.2}, (4, 8)),
    Alone("models.vision_transformer", "Block", {"dim": 8, "num_heads": 2, "init_values": 0.1}, (6, 8)),
    Alone("models.swin_transformer", "WindowAttention", {"dim": 8, "num_heads": 2, "window_size": 4}, (16, 8)),
    Alone(
        "models.swin_transformer",
        "SwinTransformerBlock",
        {"dim": 8, "input_resolution": (8, 8), "num_heads": 2, "window_size": 4, "shift_size": 2},
        (8, 8, 8),
    ),
    Alone("models.swin_transformer", "PatchMerging", {"dim": 8}, (8, 8, 8)),
    Alone("models.swin_transformer_v2", "WindowAttention", {"dim": 8, "num_heads": 2, "window_size": (4, 4)}, (16, 8)),
    Alone(
        "models.vision_transformer_sam",
        "Block",
        {"dim": 8, "num_heads": 2, "window_size": 3, "use_rel_pos": True, "input_size": (6, 6)},
        (6, 6, 8),
    ),
    Alone(
        "models.hieradet_sam2",
        "MultiScaleBlock",
        {"dim": 8, "dim_out": 16, "num_heads": 2, "q_stride": (2, 2), "window_size": 4},
        (8, 8, 8),
    ),
    Alone("models.resnet", "BasicBlock", {"inplanes": 8, "planes": 8}, (4, 4, 8)),
    Alone("models.convnext", "ConvNeXtBlock", {"in_chs": 8}, (4, 4, 8)),
]
IN_XLA = {"Attention", "SwinTransformerBlock", "PatchEmbed"}


def made(package: ModuleType, alone: Alone) -> Any:
    keras.utils.set_random_seed(0)
    layer = getattr(import_module(f"{package.__name__}.timm.{alone.module}"), alone.name)(**alone.arguments)
    shake(layer)
    return layer


def inputs_of(shape: tuple[int, ...], count: int = 3) -> np.ndarray:
    return np.random.default_rng(count).standard_normal((count, *shape)).astype(np.float32)


def functional(layer: Any, shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize("alone", LAYERS, ids=str)
def test_in_a_functional_model(generated_package: ModuleType, alone: Alone) -> None:
    layer, x = made(generated_package, alone), inputs_of(alone.shape)
    expected = layer(x)
    model = functional(layer, alone.shape)
    assert model.output_shape == (None, *expected.shape[1:])
    model.compile(jit_compile=alone.name in IN_XLA)
    assert error(model.predict(x, verbose=0), expected) < 1e-5
    again = type(layer).from_config(layer.get_config())
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), expected)


@pytest.mark.parametrize("alone", LAYERS, ids=str)
def test_in_a_sequential_model(generated_package: ModuleType, alone: Alone, tmp_path: Path) -> None:
    layers = [made(generated_package, alone), made(generated_package, alone)]
    first = layers[0](inputs_of(alone.shape))
    if first.shape[1:] != alone.shape:
        layers[1:] = [keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input(alone.shape), *layers])
    paths = [variable.path for variable in model.variables]
    assert len(set(paths)) == len(paths)
    assert all(variable.path.startswith(f"{layers[0].name}/") for variable in layers[0].variables)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(inputs_of(alone.shape)), model(inputs_of(alone.shape)))
    assert [variable.path for variable in again.layers[0].variables] == paths[: len(again.layers[0].variables)]


@pytest.mark.parametrize("alone", LAYERS, ids=str)
def test_in_half_precision(generated_package: ModuleType, alone: Alone) -> None:
    """The layer casts what it is given, whoever calls it; softmax and statistics are in float32."""
    x = inputs_of(alone.shape)
    expected = made(generated_package, alone)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        layer = made(generated_package, alone)
        model = functional(layer, alone.shape)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer(x).dtype, model(x).dtype} == {tf.float16} and model.output.dtype == "float16"
    assert error(model(x), expected(x)) < 0.01
    graph = tf.function(model).get_concrete_function(tf.TensorSpec((None, *alone.shape))).graph
    wide = [op for op in graph.get_operations() if op.type in {"Softmax", "Rsqrt", "Mean", "FusedBatchNormV3"}]
    assert {op.outputs[-1].dtype for op in wide} <= {tf.float32}  # of a fused one, the statistics
    assert wide or alone.name in {"Mlp", "PatchEmbed", "DropPath"}


def test_the_training_flag_and_seeds(generated_package: ModuleType) -> None:
    attention = Alone("layers.attention", "Attention", {"dim": 8, "num_heads": 2, "attn_drop": 0.9}, (6, 8))
    model = functional(made(generated_package, attention), attention.shape)
    x = inputs_of(attention.shape)
    np.testing.assert_array_equal(model(x), model(x, training=False))
    assert error(model(x, training=True), model(x)) > 0.01


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32], ids=str)
@pytest.mark.parametrize("fused", [True, False])
def test_masks(generated_package: ModuleType, dtype: torch.dtype, fused: bool) -> None:
    """A mask is one more input, boolean (True takes part) or added to the scores, as timm takes it."""
    theirs = timm.layers.Attention(8, num_heads=2).eval()
    ours = import_module(f"{generated_package.__name__}.timm.layers.attention").Attention(8, num_heads=2)
    theirs.fused_attn = ours.fused_attn = fused
    ours.load_state_dict(theirs.state_dict())
    mask = torch.rand(3, 1, 6, 6) > 0.3
    mask[..., 0] = True  # a row without any gives NaN in torch
    if dtype == torch.float32:
        mask = torch.randn(3, 1, 6, 6)
    x = inputs_of((6, 8))
    inputs = keras.Input((6, 8)), keras.Input((1, 6, 6), dtype="bool" if dtype == torch.bool else "float32")
    model = keras.Model(inputs, ours(inputs[0], attn_mask=inputs[1]))
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x), attn_mask=mask)
    assert error(model.predict([x, mask.numpy()], verbose=0), expected) < 1e-5


def one_of_keras(layer: Any) -> Callable[[Any], Any]:
    class OfKeras(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__(dtype="mixed_float16")
            self.before, self.inside = keras.layers.Dense(8, dtype="mixed_float16"), layer

        def call(self, x: Any) -> Any:
            return self.inside(self.before(x))

    return OfKeras()


def test_a_layer_keeps_its_precision_in_a_layer_of_another(generated_package: ModuleType) -> None:
    alone = LAYERS[5]
    layer = made(generated_package, alone)
    assert one_of_keras(layer)(inputs_of(alone.shape)).dtype == tf.float32
    inputs = keras.Input(alone.shape)
    half = keras.layers.Dense(8, dtype="mixed_float16")(inputs)
    model = keras.Model(inputs, layer(half))
    assert model(inputs_of(alone.shape)).dtype == tf.float32
