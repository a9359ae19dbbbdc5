"""Recurrences over sequences."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .linear import matmul_last_axis


def lstm(
    x: tf.Tensor, weight_ih: Any, weight_hh: Any, bias: Any, first: tuple[Any, Any], backwards: bool = False
) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
    """One layer of long short-term memory in one direction, as `torch.nn.LSTM` defines it.

    Args:
        x: (B, T, C).
        weight_ih: (4 x hidden, C), the gates in torch's order: input, forget, cell, output.
        weight_hh: (4 x hidden, hidden).
        bias: (4 x hidden,) or None.
        first: the hidden and the cell state at first, each (B, hidden).
        backwards: whether the sequence is read from its end.

    Returns:
        The hidden state at each step, (B, T, hidden), and the last hidden and cell states, each (B, hidden).
    """
    gates_of_inputs = matmul_last_axis(x, tf.transpose(weight_ih), bias)
    recurrent = tf.transpose(weight_hh)

    def step(state: tuple[tf.Tensor, tf.Tensor], gates: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        hidden, cell = state
        into, kept, candidate, out = tf.split(gates + tf.matmul(hidden, recurrent), 4, axis=-1)
        cell = tf.sigmoid(kept) * cell + tf.sigmoid(into) * tf.tanh(candidate)
        return tf.sigmoid(out) * tf.tanh(cell), cell

    start = tuple(tf.cast(state, gates_of_inputs.dtype) for state in first)
    hidden, cell = tf.scan(step, tf.transpose(gates_of_inputs, (1, 0, 2)), start, reverse=backwards)
    end = 0 if backwards else -1
    return tf.transpose(hidden, (1, 0, 2)), (hidden[end], cell[end])
