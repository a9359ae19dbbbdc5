"""Rotary position embeddings: the dtype that their frequencies are kept in, and the one they turn tokens in."""

from __future__ import annotations

import keras
import tensorflow as tf


def _freq_buffer_dtype(dtype: tf.DType | str | None) -> tf.DType:
    """The dtype of frequencies and grid positions: that of variables if none is given, float32 at least.

    Stands for timm.layers.pos_embed_sincos._freq_buffer_dtype; hand-written for torch's default dtype.
    """
    chosen = tf.as_dtype(keras.config.dtype_policy().variable_dtype if dtype is None else dtype)
    return tf.float32 if chosen.is_floating and chosen.size < tf.float32.size else chosen


def apply_rot_embed(x: tf.Tensor, sin_emb: tf.Tensor, cos_emb: tf.Tensor, half: bool = False) -> tf.Tensor:
    """Apply rotary embeddings and return the result in x's dtype.

    Stands for timm.layers.pos_embed_sincos.apply_rot_embed; hand-written as torch turns tokens of half precision in
    float32 where the embeddings are.
    x is (..., D), sin_emb and cos_emb broadcast to it. With `half`, dimension i turns with i + D / 2, else pairs do.
    """
    if half:
        first, second = tf.split(x, 2, axis=-1)
        turned = tf.concat([-second, first], axis=-1)
    else:
        turned = tf.reshape(tf.stack([-x[..., 1::2], x[..., ::2]], axis=-1), keras.ops.shape(x))
    dtype = keras.backend.result_type(x.dtype, cos_emb.dtype)
    out = tf.cast(x, dtype) * tf.cast(cos_emb, dtype) + tf.cast(turned, dtype) * tf.cast(sin_emb, dtype)
    return tf.cast(out, x.dtype)
