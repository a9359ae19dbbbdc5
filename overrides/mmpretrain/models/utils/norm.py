"""Normalization of images of mmpretrain.models.utils.norm, whose layout is an argument."""

from mmpretrain.registry import MODELS
from transpiler.runtime import nn


@MODELS.register_module("LN2d")
class LayerNorm2d(nn.LayerNorm):
    """LayerNorm over the channels of images (B, H, W, C).

    Stands for mmpretrain.models.utils.norm.LayerNorm2d; hand-written because the original asks at each call where the
    channels are: both of its `data_format`s are stored alike here.
    """

    def __init__(self, num_channels, **kwargs):
        super().__init__(num_channels, **kwargs)
        self.num_channels = self.normalized_shape[0]

    def call(self, x, data_format="channel_first"):
        if data_format not in ("channel_first", "channel_last"):
            raise ValueError(f"data_format must be channel_first or channel_last, not {data_format!r}")
        return super().call(x)
