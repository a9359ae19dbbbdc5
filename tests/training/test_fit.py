"""Keras' own training methods on generated models: fit, evaluate, predict, callbacks, XLA, averaged weights."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from transpiler.verify.frameworks import keras, tf

CLASSES = 5
VIT = ("vit_tiny_patch16_224", {"depth": 1, "embed_dim": 12, "num_heads": 2, "img_size": 32, "num_classes": CLASSES})
RESNET = ("resnet18", {"layers": (1, 1, 1, 1), "channels": (4, 8, 8, 8), "num_classes": CLASSES})


def made(package: ModuleType, model: tuple[str, dict[str, Any]], **options: Any) -> Any:
    keras.utils.set_random_seed(0)
    return package.create_model(model[0], **model[1], **options)


def compiled(model: Any, optimizer: Any, jit_compile: bool = False) -> Any:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile)
    return model


def photos(count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.standard_normal((count, 32, 32, 3), dtype=np.float32), generator.integers(0, CLASSES, count)


def test_with_and_without_xla(generated_package: ModuleType) -> None:
    data = tf.data.Dataset.from_tensor_slices(photos()).batch(4)
    found = []
    for jit_compile in (False, True):
        model = compiled(made(generated_package, VIT), keras.optimizers.SGD(0.01), jit_compile)
        history = model.fit(data, epochs=2, verbose=0).history["loss"]
        found.append([*history, model.evaluate(data, verbose=0)[0], *model.predict(data, verbose=0).ravel()])
    assert found[0][1] < found[0][0]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)


def test_callbacks(generated_package: ModuleType, tmp_path: Path) -> None:
    best = tmp_path / "best.keras"
    callbacks = [
        keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.05 / (epoch + 1)),
        keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=1e9),
        keras.callbacks.TerminateOnNaN(),
    ]
    model = compiled(made(generated_package, RESNET), keras.optimizers.SGD(0.05))
    data = tf.data.Dataset.from_tensor_slices(photos(6)).batch(4)  # the last batch is smaller
    history = model.fit(data, validation_data=data, epochs=5, callbacks=callbacks, verbose=0).history
    assert len(history["loss"]) == 2 and history["learning_rate"] == pytest.approx([0.05, 0.025])
    again = keras.models.load_model(best)
    assert again.evaluate(data, verbose=0)[0] == pytest.approx(min(history["val_loss"]), rel=1e-5)


def test_averaged_weights(generated_package: ModuleType, tmp_path: Path) -> None:
    """The moving average of each trained parameter, its swap for evaluation, and its place in the model file."""
    momentum, states = 0.5, []
    model = compiled(made(generated_package, RESNET), keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=momentum))
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: states.append(model.state_dict()))
    averages = model.state_dict()
    model.fit(*photos(), batch_size=4, shuffle=False, verbose=0, callbacks=[keep])
    for step, state in enumerate(states):
        share = momentum if step else 0.0  # Keras begins with the first values
        averages = {name: share * averages[name] + (1 - share) * value for name, value in state.items()}
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.optimizer.finalize_variable_values(each.trainable_variables)
    trained = {name for name, _ in model.named_parameters()}
    for name, value in model.state_dict().items():
        if name in trained:
            np.testing.assert_allclose(value, averages[name], atol=1e-5, err_msg=name)
            np.testing.assert_array_equal(again.state_dict()[name], value, err_msg=name)


@pytest.mark.parametrize(("model", "operation"), [(VIT, "Softmax"), (RESNET, "Conv2D")], ids=["vit", "resnet"])
def test_checkpointing_computes_the_blocks_twice(generated_package: ModuleType, model: Any, operation: str) -> None:
    network = made(generated_package, model)
    counts = []
    for enable in (False, True):
        network.set_grad_checkpointing(enable)

        @tf.function
        def gradients(images: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(network(images, training=True) ** 2)
            return tape.gradient(loss, [variable.value for variable in network.trainable_variables])

        graph = gradients.get_concrete_function(tf.TensorSpec((2, 32, 32, 3))).graph
        counts.append(sum(op.type == operation for op in graph.get_operations()))
    in_blocks = {"Softmax": 1, "Conv2D": counts[0] - 1}[operation]  # all but the stem's
    assert counts == [counts[0], counts[0] + in_blocks]


def test_a_new_head_is_what_predicts_and_is_trained(generated_package: ModuleType, tmp_path: Path) -> None:
    """Nothing traced of the old one answers, and no optimizer of its variables is kept or saved."""
    model = compiled(made(generated_package, RESNET), keras.optimizers.Adam(0.01))
    images, labels = photos(4)
    model.fit(images, labels, verbose=0)
    model.predict(images, verbose=0)
    model.reset_classifier(3)
    np.testing.assert_allclose(model.predict(images, verbose=0), model(images), atol=1e-5)
    with pytest.raises(ValueError, match="You must call `compile"):
        model.fit(images, labels % 3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, again):
        before = each.state_dict()
        compiled(each, keras.optimizers.Adam(0.01)).fit(images, labels % 3, shuffle=False, verbose=0)
        assert not np.array_equal(each.state_dict()["fc.weight"], before["fc.weight"])
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value, err_msg=name)


def test_a_change_that_keeps_the_variables_keeps_the_optimizer(generated_package: ModuleType) -> None:
    model = compiled(made(generated_package, VIT), keras.optimizers.Adam(0.01))
    model.fit(*photos(4), verbose=0)
    model.set_grad_checkpointing(True)
    model.fit(*photos(4), verbose=0)
    assert int(model.optimizer.iterations) == 2
