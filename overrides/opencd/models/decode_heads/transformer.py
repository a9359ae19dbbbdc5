"""The positional encoding of opencd.models.decode_heads.transformer, whose half precision meets single precision."""

import math

import tensorflow as tf

from transpiler.runtime import nn


class PositionEmbeddingRandom(nn.Module):
    """Sine and cosine of random frequencies of the place, in half precision, as the trained weights expect.

    Stands for opencd.models.decode_heads.transformer.PositionEmbeddingRandom; hand-written because torch promotes the
    original's half precision where it is added to features, and TensorFlow refuses to add the two.
    """

    def __init__(self, num_pos_feats=64, scale=None, **kwargs):
        super().__init__(**kwargs)
        if scale is None or scale <= 0.0:
            scale = 1.0
        self.register_buffer("positional_encoding_gaussian_matrix", scale * tf.random.normal((2, num_pos_feats)))

    def _pe_encoding(self, coords):
        matrix = tf.cast(self.positional_encoding_gaussian_matrix, tf.float32)
        coords = 2 * math.pi * tf.matmul(2 * tf.cast(coords, tf.float32) - 1, matrix)
        coords = tf.cast(coords, tf.float16)
        return tf.cast(tf.concat([tf.sin(coords), tf.cos(coords)], axis=-1), self.compute_dtype)

    def call(self, size):
        """Encoding (C, H, W) of a grid of the size (H, W)."""
        h, w = size
        y = (tf.range(h, dtype=tf.float32) + 0.5) / tf.cast(h, tf.float32)
        x = (tf.range(w, dtype=tf.float32) + 0.5) / tf.cast(w, tf.float32)
        x, y = tf.meshgrid(x, y)
        return tf.transpose(self._pe_encoding(tf.stack([x, y], axis=-1)), (2, 0, 1))

    def forward_with_coords(self, coords_input, image_size):
        """Encoding (B, N, C) of points (B, N, 2) in pixels."""
        return self._pe_encoding(tf.cast(coords_input, tf.float32) / [image_size[1], image_size[0]])
