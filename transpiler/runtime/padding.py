"""Padding layers for images (B, H, W, C); amounts are torch's (left, right, top, bottom)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .functional.padding import pad_image
from .module import Module


class ConstantPad2d(Module):
    """`torch.nn.ConstantPad2d`."""

    mode = "constant"

    def __init__(self, padding: Any, value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = (padding,) * 4 if isinstance(padding, int) else tuple(padding)
        self.value = value

    def call(self, x: Any) -> tf.Tensor:
        return pad_image(x, self.padding, self.mode, self.value)


class ZeroPad2d(ConstantPad2d):
    """`torch.nn.ZeroPad2d`."""

    def __init__(self, padding: Any, **kwargs: Any):
        super().__init__(padding, 0.0, **kwargs)


class ReflectionPad2d(ZeroPad2d):
    """`torch.nn.ReflectionPad2d`."""

    mode = "reflect"


class ReplicationPad2d(ZeroPad2d):
    """`torch.nn.ReplicationPad2d`."""

    mode = "replicate"
