"""Dtype policies, given to create_model or set for all layers."""

from __future__ import annotations

from types import ModuleType

import keras
import numpy as np
import pytest
import tensorflow as tf
from use_models import SMALL, error, images, small_model

LARGEST_ERROR = {"mixed_bfloat16": 0.1, "bfloat16": 0.1, "mixed_float16": 0.01, "float64": 1e-5}


@pytest.mark.parametrize("policy", LARGEST_ERROR)
@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "samvit_base_patch16", "resnet18"]
)
def test_precision(generated_package: ModuleType, name: str, policy: str) -> None:
    expected = small_model(generated_package, name)
    model = generated_package.create_model(name, **{**SMALL[name], "num_classes": 5}, dtype=policy)
    model.load_state_dict(expected.state_dict())
    described = keras.DTypePolicy(policy)
    assert {v.dtype for v in model.variables if "int" not in v.dtype} == {described.variable_dtype}
    with tf.GradientTape() as tape:
        output = model(images())
        loss = tf.reduce_mean(tf.cast(output, tf.float32) ** 2)
    assert output.dtype.name == described.compute_dtype
    assert error(tf.cast(output, tf.float64), expected(images())) < LARGEST_ERROR[policy]
    for gradient in tape.gradient(loss, model.trainable_variables):
        assert np.isfinite(np.asarray(tf.cast(tf.convert_to_tensor(gradient), tf.float64))).all()
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        same = generated_package.create_model(name, **{**SMALL[name], "num_classes": 5})
    finally:
        keras.config.set_dtype_policy(previous)
    same.load_state_dict(expected.state_dict())
    np.testing.assert_array_equal(same(images()), output)


@pytest.mark.parametrize("kind", ["rope", "rope_mixed", "dinov3"])
def test_rotary_embeddings_of_another_size_are_made_in_float32(generated_package: ModuleType, kind: str) -> None:
    arguments = {**SMALL["vit_tiny_patch16_224"], "num_heads": 1, "num_classes": 5, "dynamic_img_size": True}
    name = "vit_small_patch16_dinov3" if kind == "dinov3" else f"vit_small_patch16_{kind}_224"
    expected = generated_package.create_model(name, **arguments)
    model = generated_package.create_model(name, **arguments, dtype="mixed_bfloat16")
    model.load_state_dict(expected.state_dict())
    larger = images(size=(64, 32))
    assert error(tf.cast(model(larger), tf.float32), expected(larger)) < LARGEST_ERROR["mixed_bfloat16"]


def test_a_new_head_has_the_model_s_precision(generated_package: ModuleType) -> None:
    model = small_model(generated_package, "vit_tiny_patch16_224", dtype="bfloat16")
    model.reset_classifier(3)
    assert model.head.kernel.dtype == "bfloat16" and model(images()).dtype == tf.bfloat16
    assert generated_package.create_model("resnet18", **SMALL["resnet18"]).fc.kernel.dtype == "float32"
