"""Losses of `torch.nn.functional` that networks compute themselves; training otherwise takes Keras' losses."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_REDUCTIONS = {"mean": tf.reduce_mean, "sum": tf.reduce_sum, "none": tf.identity}


def binary_cross_entropy(input: Any, target: Any, reduction: str = "mean") -> Any:
    """`torch.nn.functional.binary_cross_entropy` of probabilities; logarithms are at least -100, as there.

    Args:
        input: probabilities.
        target: numbers from 0 to 1, of the same shape.
        reduction: `mean`, `sum` or `none`.
    """
    right, wrong = tf.maximum(tf.math.log(input), -100.0), tf.maximum(tf.math.log1p(-input), -100.0)
    return _REDUCTIONS[reduction](-(right * target + wrong * (1.0 - target)))
