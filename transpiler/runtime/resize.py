"""Resizing and pixel-shuffling layers for images (B, H, W, C)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from . import functional as F
from .module import Module


class Upsample(Module):
    """`torch.nn.Upsample`."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def call(self, x: Any) -> tf.Tensor:
        return F.interpolate(
            x, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )


class PixelShuffle(Module):
    """`torch.nn.PixelShuffle`."""

    def __init__(self, upscale_factor: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.upscale_factor = upscale_factor

    def call(self, x: Any) -> tf.Tensor:
        return F.pixel_shuffle(x, self.upscale_factor)


class PixelUnshuffle(Module):
    """`torch.nn.PixelUnshuffle`."""

    def __init__(self, downscale_factor: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.downscale_factor = downscale_factor

    def call(self, x: Any) -> tf.Tensor:
        return F.pixel_unshuffle(x, self.downscale_factor)


class Unfold(Module):
    """`torch.nn.Unfold` of images (B, H, W, C): torch's (B, C × kernel size, places)."""

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def call(self, x: Any) -> tf.Tensor:
        return F.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)
