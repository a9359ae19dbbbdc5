"""What timm offers for training: parameter groups, gradient checkpointing, drop path, freezing; with Keras' own beside it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import timm
import timm.optim
import torch

from transpiler.verify.pair import as_torch
from transpiler.verify.training.curves import MODELS, Trained

from transpiler.verify.frameworks import keras, tf  # isort: skip

VIT, RESNET = MODELS[0], MODELS[5]
LABELS = np.array([1, 4])


def images_of(model: Trained) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, *model.size, 3), dtype=np.float32)


def made(package: ModuleType, model: Trained, **options: Any) -> Any:
    keras.utils.set_random_seed(0)
    return package.create_model(model.arch, **{**model.kwargs, "num_classes": 11, **options})


def compiled(model: Any, optimizer: Any) -> Any:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)
    return model


# ---- parameter groups --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("layer_decay", [None, 0.75])
def test_groups_are_timms(generated_package: ModuleType, model: Trained, layer_decay: float | None) -> None:
    upstream = timm.create_model(model.arch, **model.kwargs)
    undecayed = getattr(upstream, "no_weight_decay", set)()
    if layer_decay is None:
        groups = timm.optim.param_groups_weight_decay(upstream, 0.05, no_weight_decay_list=undecayed)
    else:
        groups = timm.optim.param_groups_layer_decay(upstream, 0.05, undecayed, layer_decay=layer_decay)
    expected = {
        id(each): (group.get("lr_scale", 1.0), group["weight_decay"] > 0)
        for group in groups
        for each in group["params"]
    }
    generated = made(generated_package, model)
    ours = generated_package.optim.parameter_groups(generated, layer_decay=layer_decay)
    paths = {name: each.path for name, each in generated.named_parameters()}
    for name, each in upstream.named_parameters():
        scale = ours["learning_rate_scales"].get(paths[name], 1.0)
        assert (scale, paths[name] not in ours["no_weight_decay"]) == expected[id(each)], name


def test_layer_decay_trains_as_timms_groups(generated_package: ModuleType) -> None:
    upstream = timm.create_model(VIT.arch, **VIT.kwargs, num_classes=11).train()
    generated = made(generated_package, VIT)
    generated.load_state_dict(upstream.state_dict())
    groups = timm.optim.param_groups_layer_decay(upstream, 0.2, upstream.no_weight_decay(), layer_decay=0.5)
    for group in groups:
        group["lr"] = 1e-3 * group["lr_scale"]
    theirs = torch.optim.AdamW(groups, eps=1e-8)
    ours = generated_package.optim.AdamW(
        1e-3, weight_decay=0.2, epsilon=1e-8, **generated_package.optim.parameter_groups(generated, layer_decay=0.5)
    )
    compiled(generated, ours)
    before = generated.state_dict()
    for _ in range(2):
        loss = torch.nn.functional.cross_entropy(upstream(as_torch(images_of(VIT))), torch.from_numpy(LABELS))
        theirs.zero_grad()
        loss.backward()
        theirs.step()
        generated.fit(images_of(VIT), LABELS, verbose=0)
    after = generated.state_dict()
    for name, value in upstream.state_dict().items():
        moved = np.abs(after[name] - before[name]).max()
        # The mean: the single elements whose gradient is zero but for rounding go either way.
        assert np.abs(after[name] - value.numpy()).mean() < 0.02 * moved, name


def test_groups_are_in_the_model_file(generated_package: ModuleType, tmp_path: Path) -> None:
    optim = generated_package.optim
    model = made(generated_package, VIT)
    compiled(model, optim.SGD(0.1, weight_decay=0.1, **optim.parameter_groups(model, layer_decay=0.5)))
    model.fit(images_of(VIT), LABELS, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.learning_rate_scales["patch_embed/proj/kernel"] == 0.5**4
    for each in (model, again):
        each.fit(images_of(VIT), LABELS, verbose=0)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value, err_msg=name)


def test_unknown_paths_are_refused(generated_package: ModuleType) -> None:
    optimizer = generated_package.optim.AdamW(1e-3, no_weight_decay=["no/such/kernel"])
    with pytest.raises(ValueError, match="AdamW knows of paths that no variable has: no/such/kernel"):
        optimizer.build([keras.Variable(1.0, name="weight")])


# ---- gradient checkpointing, drop path ---------------------------------------------------------------------------------


def loss_and_gradients(model: Any, images: np.ndarray) -> tuple[float, list[np.ndarray]]:
    tf.random.set_seed(3)  # the same draws in each call
    variables = [variable.value for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(images, training=True)))
    gradients = tape.gradient(loss, variables)
    return float(loss), [np.asarray(tf.convert_to_tensor(gradient)) for gradient in gradients]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_checkpointing_changes_no_gradient(generated_package: ModuleType, model: Trained) -> None:
    generated = made(generated_package, model, drop_path_rate=0.0)
    images = images_of(model)
    statistics = [buffer.numpy() for buffer in generated.buffers() if hasattr(buffer, "assign")]
    loss, gradients = loss_and_gradients(generated, images)
    generated.set_grad_checkpointing()
    moved = [buffer.numpy() for buffer in generated.buffers() if hasattr(buffer, "assign")]
    for buffer, value in zip([b for b in generated.buffers() if hasattr(b, "assign")], statistics, strict=True):
        buffer.assign(value)
    again, recomputed = loss_and_gradients(generated, images)
    assert again == pytest.approx(loss, rel=1e-5)
    scale = max(np.abs(gradient).max() for gradient in gradients)
    for left, right in zip(gradients, recomputed, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5 * scale)
    del moved


def test_checkpointing_drops_the_same_paths_again(generated_package: ModuleType) -> None:
    model = made(generated_package, VIT, drop_path_rate=0.5, proj_drop_rate=0.3)
    model.set_grad_checkpointing()
    images, generator = images_of(VIT), np.random.default_rng(0)
    loss, gradients = loss_and_gradients(model, images)
    directions = [generator.standard_normal(gradient.shape, dtype=np.float32) for gradient in gradients]
    expected = sum(float((gradient * way).sum()) for gradient, way in zip(gradients, directions, strict=True))
    losses = []
    for step in (1e-4, -2e-4):
        for variable, way in zip(model.trainable_variables, directions, strict=True):
            variable.assign_add(step * way)
        losses.append(loss_and_gradients(model, images)[0])
    assert abs(losses[0] - loss) > 1e-6
    assert (losses[0] - losses[1]) / 2e-4 == pytest.approx(expected, rel=0.05)


def test_drop_path_is_for_training(generated_package: ModuleType) -> None:
    model = made(generated_package, VIT, drop_path_rate=0.9)
    images = images_of(VIT)
    np.testing.assert_array_equal(model(images), model(images))
    assert np.abs(model(images, training=True) - model(images, training=True)).max() > 0


# ---- freezing ----------------------------------------------------------------------------------------------------------


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_a_frozen_block_stands_still_until_it_is_unfrozen(generated_package: ModuleType, tmp_path: Path) -> None:
    # A zero at the end of each branch would keep what is before it still in the first step.
    model = made(generated_package, RESNET, zero_init_last=False)
    model.layer1.trainable = False
    compiled(model, keras.optimizers.SGD(0.1))
    start = model.state_dict()
    model.fit(images_of(RESNET), LABELS, verbose=0)
    moved = changed(start, model.state_dict())
    assert {name for name in start if not name.startswith("layer1.")} == moved  # and no statistics of layer1

    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert not again.layer1.trainable and again.layer2.trainable
    start = again.state_dict()
    again.fit(images_of(RESNET), LABELS, verbose=0)
    assert changed(start, again.state_dict()) == moved

    again.trainable = True  # it is already: what is below it must be unfrozen all the same
    compiled(again, keras.optimizers.SGD(0.1))
    start = again.state_dict()
    again.fit(images_of(RESNET), LABELS, verbose=0)
    assert changed(start, again.state_dict()) == set(start)


# ---- Keras' own --------------------------------------------------------------------------------------------------------


def test_accumulated_gradients_are_those_of_the_whole_batch(generated_package: ModuleType) -> None:
    images, labels = np.concatenate([images_of(VIT)] * 2), np.array([1, 4, 2, 9])
    states = []
    for steps, batch in ((None, 4), (2, 2)):
        model = made(generated_package, VIT)
        compiled(model, keras.optimizers.SGD(0.1, gradient_accumulation_steps=steps))
        model.fit(images, labels, batch_size=batch, shuffle=False, verbose=0)
        states.append(model.state_dict())
    for name, value in states[0].items():
        np.testing.assert_allclose(states[1][name], value, atol=1e-5, err_msg=name)
