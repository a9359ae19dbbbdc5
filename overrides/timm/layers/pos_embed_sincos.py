"""Rotary position embeddings: the dtype that their frequencies are kept in."""

from __future__ import annotations

import keras
import tensorflow as tf


def _freq_buffer_dtype(dtype: tf.DType | str | None) -> tf.DType:
    """The dtype of frequencies and grid positions: that of variables if none is given, float32 at least.

    Stands for timm.layers.pos_embed_sincos._freq_buffer_dtype; hand-written for torch's default dtype.
    """
    chosen = tf.as_dtype(keras.config.dtype_policy().variable_dtype if dtype is None else dtype)
    return tf.float32 if chosen.is_floating and chosen.size < tf.float32.size else chosen
