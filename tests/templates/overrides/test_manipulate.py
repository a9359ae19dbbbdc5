"""Gradient checkpointing: the same values and gradients as without."""

import pytest
import tensorflow as tf

from transpiler.runtime import nn


def layers() -> list[nn.Module]:
    return [nn.Linear(4, 4) for _ in range(5)]


@pytest.mark.parametrize(
    "arguments", [{}, {"every": 2}, {"every": 9}, {"skip_last": True}, {"every": 3, "skip_last": True}]
)
@pytest.mark.parametrize("container", [list, lambda steps: nn.Sequential(*steps), iter])
def test_values_and_gradients(override, container, arguments):
    steps = layers()
    x = tf.random.normal((2, 4))
    variables = [v for step in steps for v in (step.kernel.value, step.bias.value)]
    with tf.GradientTape() as tape:
        expected = x
        for step in steps:
            expected = step(expected)
    wanted = tape.gradient(expected, variables)
    with tf.GradientTape() as tape:
        result = override("timm.models._manipulate").checkpoint_seq(container(steps), x, **arguments)
    tf.debugging.assert_near(result, expected)
    for mine, theirs in zip(tape.gradient(result, variables), wanted, strict=True):
        tf.debugging.assert_near(mine, theirs)


def test_flatten(override):
    steps = layers()
    x = tf.random.normal((2, 4))
    expected = override("timm.models._manipulate").checkpoint_seq(steps, x)
    nested = [nn.Sequential(*steps[:2]), nn.Sequential(*steps[2:])]
    tf.debugging.assert_near(override("timm.models._manipulate").checkpoint_seq(nested, x, flatten=True), expected)


def test_checkpoint_passes_arguments_on(override):
    result = override("timm.models._manipulate").checkpoint(
        lambda x, y, scale: (x + y) * scale, tf.ones(2), tf.ones(2), use_reentrant=False, scale=3.0
    )
    assert result.numpy().tolist() == [6.0, 6.0]
