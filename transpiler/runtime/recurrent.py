"""Recurrent layers over sequences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from keras import ops

from . import functional as F
from .drawing import Uniform, add_drawn_weight, draw
from .module import Module

State = tuple[tf.Tensor, tf.Tensor]


class LSTM(Module):
    """`torch.nn.LSTM`: one layer or several, one after the other, each in one direction or in both.

    The weights are stored as torch names and shapes them: `weight_ih_l0` (4 x hidden, input), `weight_hh_l0`
    (4 x hidden, hidden), and two biases (4 x hidden,); the gates are those for input, forgetting, cell and output.

    Args:
        input_size: size of the last axis of the input.
        hidden_size: size of the last axis of the output, once a direction.
        num_layers: how many layers follow one another.
        bias: whether the gates have biases.
        batch_first: (B, T, C) rather than (T, B, C).
        dropout: probability of dropout between layers while training.
        bidirectional: whether the sequence is read backwards too.
        proj_size: not supported but for 0.

    Raises:
        NotImplementedError: the hidden state is to be projected.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if proj_size:
            raise NotImplementedError(f"LSTM with proj_size={proj_size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        for layer, suffix in self._suffixes():
            inputs = input_size if layer == 0 else hidden_size * (1 + bidirectional)
            self._add(f"weight_ih_{suffix}", (4 * hidden_size, inputs))
            self._add(f"weight_hh_{suffix}", (4 * hidden_size, hidden_size))
            if bias:
                self._add(f"bias_ih_{suffix}", (4 * hidden_size,))
                self._add(f"bias_hh_{suffix}", (4 * hidden_size,))

    def _suffixes(self) -> Iterator[tuple[int, str]]:
        """Each layer's number, with how torch ends the names of its weights: once a direction."""
        for layer in range(self.num_layers):
            yield layer, f"l{layer}"
            if self.bidirectional:
                yield layer, f"l{layer}_reverse"

    def _first_values(self) -> Uniform:
        bound = 1 / math.sqrt(self.hidden_size)
        return Uniform(-bound, bound)

    def _add(self, name: str, shape: tuple[int, ...]) -> None:
        setattr(self, name, add_drawn_weight(self, name, shape, self._first_values()))

    def reset_parameters(self) -> None:
        """Draw all weights anew, as torch does at first."""
        for parameter in self.parameters():
            draw(parameter, self._first_values())

    def flatten_parameters(self) -> None:
        """Does nothing: torch lays its weights out for cuDNN."""

    def call(self, x: Any, hx: State | None = None) -> tuple[tf.Tensor, State]:
        """The hidden states of the last layer, and the last hidden and cell states of every layer and direction.

        Args:
            x: (B, T, C) with `batch_first`, else (T, B, C).
            hx: the first hidden and cell states, each (layers x directions, B, hidden); zeros without.

        Returns:
            (B, T, directions x hidden), or (T, B, ...) as x, and two tensors as those of `hx`.

        Raises:
            ValueError: x has another number of axes.
        """
        x = tf.convert_to_tensor(x)
        if x.shape.rank != 3:
            raise ValueError(f"LSTM: expected a batch of sequences, with three axes, not the shape {x.shape}")
        x = x if self.batch_first else tf.transpose(x, (1, 0, 2))
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            directions = []
            for suffix in [suffix for number, suffix in self._suffixes() if number == layer]:
                first = self._zeros(x) if hx is None else (hx[0][len(last)], hx[1][len(last)])
                hidden, state = F.lstm(x, *self._weights(suffix), first, backwards=suffix.endswith("_reverse"))
                directions.append(hidden)
                last.append(state)
            x = tf.concat(directions, axis=-1)
        hidden_states, cell_states = (tf.stack(states) for states in zip(*last, strict=True))
        return x if self.batch_first else tf.transpose(x, (1, 0, 2)), (hidden_states, cell_states)

    def _zeros(self, x: tf.Tensor) -> State:
        zeros = tf.zeros((ops.shape(x)[0], self.hidden_size), self.compute_dtype)
        return zeros, zeros

    def _weights(self, suffix: str) -> tuple[Any, Any, Any]:
        """The weights of one layer and direction; torch's two biases only ever meet as their sum."""
        bias = None
        if self.bias:
            bias = tf.add(getattr(self, f"bias_ih_{suffix}"), getattr(self, f"bias_hh_{suffix}"))
        return getattr(self, f"weight_ih_{suffix}"), getattr(self, f"weight_hh_{suffix}"), bias
