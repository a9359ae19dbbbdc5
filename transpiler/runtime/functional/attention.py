"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf
from keras import ops

from .random import dropout


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tf.Tensor:
    """`torch.nn.functional.scaled_dot_product_attention`.

    Args:
        query: (…, heads, length, dim). key, value: (…, heads, source length, dim).
        attn_mask: boolean (True takes part) or floating (added), broadcast to (…, length, source length).
        dropout_p: probability, applied whenever it is above 0, as in torch.
        scale: default 1 / sqrt(dim).
        enable_gqa: repeat the heads of key and value to as many as query has.

    Returns:
        (…, heads, length, dim of value). A row whose every place is masked gives 0, as in torch.
    """
    query, key, value = (tf.convert_to_tensor(tensor) for tensor in (query, key, value))
    if enable_gqa:
        key, value = _repeat_heads(key, query), _repeat_heads(value, query)
    scale = _default_scale(query) if scale is None else scale
    # A Python number is multiplied as it is: tf.cast would make a float32 of it first.
    scale = tf.cast(scale, query.dtype) if tf.is_tensor(scale) else scale
    scores = tf.matmul(query * scale, key, transpose_b=True)
    if is_causal:
        length, source = ops.shape(scores)[-2:]
        attn_mask = tf.range(source)[None, :] <= tf.range(length)[:, None]
    weights = _masked_softmax(scores, attn_mask)
    return tf.matmul(dropout(weights, dropout_p, training=dropout_p > 0.0), value)


def _default_scale(query: tf.Tensor) -> Any:
    """1 / sqrt(dim); a graph may not know the size that a -1 stands for."""
    if query.shape[-1] is None:
        wide = query.dtype if query.dtype.size >= 4 else tf.float32
        return tf.math.rsqrt(tf.cast(tf.shape(query)[-1], wide))
    return 1.0 / math.sqrt(query.shape[-1])


def _repeat_heads(tensor: tf.Tensor, query: tf.Tensor) -> tf.Tensor:
    return tf.repeat(tensor, query.shape[-3] // tensor.shape[-3], axis=-3)


def _masked_softmax(scores: tf.Tensor, mask: Any) -> tf.Tensor:
    wide = tf.cast(scores, tf.float32) if scores.dtype.size < 4 else scores
    if mask is None:
        return tf.cast(tf.nn.softmax(wide), scores.dtype)
    mask = tf.convert_to_tensor(mask)
    if mask.dtype != tf.bool:
        return tf.cast(tf.nn.softmax(_with_bias(wide, mask)), scores.dtype)
    # A large finite number, since a row of -inf would give NaN; such a row becomes 0.
    wide = tf.where(mask, wide, wide.dtype.min / 2)
    weights = tf.where(mask, tf.nn.softmax(wide), 0.0)
    return tf.cast(weights, scores.dtype)


def _with_bias(scores: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """`scores + bias`. The terms of a decomposed bias are added one by one, as their sum is as large as the scores."""
    terms = _decomposed(bias)
    if terms is None or scores.dtype != bias.dtype or scores.shape[1:] != bias.shape[1:]:
        return scores + tf.cast(bias, scores.dtype)
    decomposed, first, second = terms
    apart = tf.reshape(scores, (-1, *decomposed.shape[1:])) + first + second
    return tf.reshape(apart, (-1, *scores.shape[1:]))


def _decomposed(bias: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor] | None:
    """The sum that a graph reshapes into `bias`, and its two terms, both broadcast; None if it is no such sum."""
    reshape = getattr(bias, "op", None)  # of a graph's tensors only
    if reshape is None or reshape.type != "Reshape" or reshape.inputs[0].op.type != "AddV2":
        return None
    decomposed = reshape.inputs[0]
    first, second = decomposed.op.inputs
    inner = decomposed.shape[1:]
    if not (inner.is_fully_defined() and bias.shape[1:].is_fully_defined() and first.shape.rank == second.shape.rank):
        return None
    keeps_first_axis = inner.num_elements() == bias.shape[1:].num_elements()
    are_broadcast = all(1 in term.shape[1:] and term.shape[1:] != inner for term in (first, second))
    return (decomposed, first, second) if keeps_first_axis and are_broadcast else None
