"""Attention within the windows of a map (Liu et al., Swin Transformer, 2021), with one transpose each way.

A linear layer takes every token for itself, so the map is projected before it is cut into windows, and one transpose
does what a partition and a split into heads do in turn. Heads come first then, and q, k and v lie apart in memory.
No tensor that is transposed has more than the six axes TFLite allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from .functional.padding import pad
from .functional.rolling import roll
from .functional.shape import normalize

Attend = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def attend_in_windows(
    x: tf.Tensor, window_size: tuple[int, int], num_heads: int, qkv: Callable[[tf.Tensor], tf.Tensor], attend: Attend
) -> tf.Tensor:
    """Self-attention among the tokens of each window.

    Args:
        x: a map (B, H, W, C) that windows divide, or windows (B * windows, tokens, C).
        window_size: height and width.
        qkv: projects (..., C) to (..., 3 * heads * dim).
        attend: takes q, k and v, each (heads, B * windows, tokens, dim), and gives what v is like.

    Returns:
        (B, H, W, heads * dim) or (B * windows, tokens, heads * dim).
    """
    sizes = ops.shape(x)
    is_map = len(sizes) == 4
    map_of_windows = x if is_map else tf.reshape(x, (-1, *window_size, sizes[-1]))
    heads = attend(*_split(qkv(map_of_windows), window_size, num_heads))
    merged = _merge(heads, window_size, ops.shape(map_of_windows)[1:3])
    return merged if is_map else tf.reshape(merged, (*sizes[:-1], merged.shape[-1]))


def _split(qkv: tf.Tensor, window_size: tuple[int, int], num_heads: int) -> list[tf.Tensor]:
    """(B, H, W, 3 * heads * dim) as three of (heads, B * windows, tokens, dim)."""
    height, width = window_size
    dim = qkv.shape[-1] // (3 * num_heads)
    windows = tf.reshape(qkv, (-1, height, ops.shape(qkv)[2] // width, width, 3 * num_heads, dim))
    heads = tf.transpose(windows, (4, 0, 2, 1, 3, 5))
    return tf.unstack(tf.reshape(heads, (3, num_heads, -1, height * width, dim)))


def _merge(heads: tf.Tensor, window_size: tuple[int, int], size: tuple[Any, Any]) -> tf.Tensor:
    """(heads, B * windows, tokens, dim) as the map (B, H, W, heads * dim) of `size`."""
    num_heads, dim = heads.shape[0], heads.shape[-1]
    windows = tf.reshape(heads, (num_heads, -1, size[1] // window_size[1], *window_size, dim))
    return tf.reshape(tf.transpose(windows, (1, 3, 2, 4, 0, 5)), (-1, *size, num_heads * dim))


def cosine_scores(q: tf.Tensor, k: tf.Tensor, logit_scale: tf.Tensor) -> tf.Tensor:
    """Scaled cosine of each pair of tokens (Liu et al., Swin Transformer V2, 2022).

    Args:
        q, k: (heads, B * windows, tokens, dim).
        logit_scale: a head's logarithm, in any shape; at most log(100) counts.

    Returns:
        (heads, B * windows, tokens, tokens).
    """
    scale = tf.exp(tf.minimum(tf.reshape(logit_scale, (-1, 1, 1, 1)), math.log(1.0 / 0.01)))
    return tf.matmul(normalize(q, axis=-1) * scale, normalize(k, axis=-1), transpose_b=True)


def add_bias(scores: tf.Tensor, bias: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """Scores (heads, B * windows, tokens, tokens), a bias (heads, tokens, tokens), a mask (windows, tokens, tokens)."""
    bias = tf.expand_dims(bias, 1)
    if mask is None:
        return scores + bias
    windows = tf.reshape(scores, (scores.shape[0], -1, *ops.shape(mask)))
    return tf.reshape(windows + tf.expand_dims(bias + mask, 1), ops.shape(scores))


def shifted_window_attention(block: Any, x: tf.Tensor) -> tf.Tensor:
    """The attention of one of Swin's blocks: rolled back by its shift and padded to whole windows; both undone after.

    Args:
        block: has `attn`, which takes maps, its `window_size`, `shift_size` and `attn_mask`, or makes that if it is a
            `dynamic_mask`.
        x: (B, H, W, C).
    """
    _, height, width, _ = ops.shape(x)
    has_shift = any(block.shift_size)
    if has_shift:
        x = roll(x, [-shift for shift in block.shift_size], axis=(1, 2))
    below, right = (-size % window for size, window in zip((height, width), block.window_size, strict=True))
    x = pad(x, (0, 0, 0, right, 0, below))
    mask = block.get_attn_mask(x) if getattr(block, "dynamic_mask", False) else block.attn_mask
    x = block.attn(x, mask=mask)[:, :height, :width, :]
    return roll(x, block.shift_size, axis=(1, 2)) if has_shift else x
