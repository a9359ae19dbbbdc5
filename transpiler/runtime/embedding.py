"""Embedding tables."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .drawing import Normal, add_drawn_weight
from .init import normal_
from .module import Module


class Embedding(Module, keras.layers.Embedding):
    """`torch.nn.Embedding`: integers of any shape to rows of `weight` (num_embeddings, embedding_dim)."""

    keras_state = frozenset({"_embeddings"})

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, **kwargs: Any):
        super().__init__(
            input_dim=num_embeddings,
            output_dim=embedding_dim,
            embeddings_initializer=keras.initializers.RandomNormal(0.0, 1.0),
            **kwargs,
        )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self._embeddings = add_drawn_weight(self, "embeddings", (num_embeddings, embedding_dim), Normal(0.0, 1.0))
        self.register_parameter("weight", None)
        self._registry.parameters["weight"] = self._embeddings
        self._clear_padding_row()

    def reset_parameters(self) -> None:
        """Draw the rows anew from N(0, 1)."""
        normal_(self._embeddings)
        self._clear_padding_row()

    def _clear_padding_row(self) -> None:
        if self.padding_idx is not None:
            rows = self._embeddings.numpy()
            rows[self.padding_idx] = 0.0
            self._embeddings.assign(rows)

    def call(self, x: Any) -> tf.Tensor:
        if self.quantization_mode:
            return self.quantized_call(x)
        return tf.gather(tf.convert_to_tensor(self.embeddings), tf.cast(x, tf.int32))
