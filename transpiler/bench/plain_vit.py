"""ViT-B/16 written by hand in plain TensorFlow: the yardstick for the generated one.

Written for speed the way one would by hand: no Keras, one matrix product for q, k and v, tokens flattened to two
dimensions before every product, exact GELU. It takes the state dict (torch names and layouts) of
`vit_base_patch16_224`, from which depth, width and patch size are read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

HEAD_WIDTH = 64
EPSILON = 1e-6


class PlainViT(tf.Module):
    """Images (B, H, W, 3) float32 to logits (B, classes)."""

    def take_weights(self, state: Mapping[str, Any]) -> None:
        arrays = {name: np.asarray(value) for name, value in state.items()}
        self.depth = len({name.split(".")[1] for name in arrays if name.startswith("blocks.")})
        self.patch = arrays["patch_embed.proj.weight"].shape[-1]
        self.variables_by_name = {name: tf.Variable(_tf_layout(value)) for name, value in arrays.items()}

    def __call__(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        x = self._embed(images)
        for index in range(self.depth):
            block = f"blocks.{index}"
            x += self._attention(self._norm(x, f"{block}.norm1"), f"{block}.attn")
            x += self._mlp(self._norm(x, f"{block}.norm2"), f"{block}.mlp")
        return self._linear(self._norm(x[:, 0], "norm"), "head")

    def _embed(self, images: tf.Tensor) -> tf.Tensor:
        kernel = self.variables_by_name["patch_embed.proj.weight"]
        x = tf.nn.conv2d(images, kernel, strides=self.patch, padding="VALID")
        x = tf.nn.bias_add(x, self.variables_by_name["patch_embed.proj.bias"])
        batch, width = tf.shape(x)[0], x.shape[-1]
        x = tf.reshape(x, (batch, x.shape[1] * x.shape[2], width))
        token = tf.broadcast_to(self.variables_by_name["cls_token"], (batch, 1, width))
        return tf.concat([token, x], axis=1) + self.variables_by_name["pos_embed"]

    def _attention(self, x: tf.Tensor, name: str) -> tf.Tensor:
        batch, tokens, width = tf.shape(x)[0], x.shape[1], x.shape[2]
        qkv = self._linear(x, f"{name}.qkv")
        qkv = tf.reshape(qkv, (batch, tokens, 3, width // HEAD_WIDTH, HEAD_WIDTH))
        q, k, v = tf.unstack(tf.transpose(qkv, (2, 0, 3, 1, 4)))
        scores = tf.nn.softmax(tf.matmul(q * (1.0 / math.sqrt(HEAD_WIDTH)), k, transpose_b=True))
        x = tf.transpose(tf.matmul(scores, v), (0, 2, 1, 3))
        return self._linear(tf.reshape(x, (batch, tokens, width)), f"{name}.proj")

    def _mlp(self, x: tf.Tensor, name: str) -> tf.Tensor:
        x = self._linear(x, f"{name}.fc1")
        x = 0.5 * x * (1.0 + tf.math.erf(x * 0.7071067811865476))
        return self._linear(x, f"{name}.fc2")

    def _linear(self, x: tf.Tensor, name: str) -> tf.Tensor:
        kernel, bias = self.variables_by_name[f"{name}.weight"], self.variables_by_name[f"{name}.bias"]
        y = tf.nn.bias_add(tf.matmul(tf.reshape(x, (-1, kernel.shape[0])), kernel), bias)
        return y if x.shape.rank == 2 else tf.reshape(y, (-1, x.shape[1], kernel.shape[1]))

    def _norm(self, x: tf.Tensor, name: str) -> tf.Tensor:
        mean, variance = tf.nn.moments(x, axes=-1, keepdims=True)
        scale, offset = self.variables_by_name[f"{name}.weight"], self.variables_by_name[f"{name}.bias"]
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, EPSILON)


def empty_vit() -> PlainViT:
    return PlainViT()


def take_weights(model: PlainViT, state: Mapping[str, Any]) -> None:
    model.take_weights(state)


def _tf_layout(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Linear weights (out, in) as (in, out), convolution weights OIHW as HWIO, everything else as it is."""
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(2, 3, 1, 0))
    return np.ascontiguousarray(array.T) if array.ndim == 2 else array
