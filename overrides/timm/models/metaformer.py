"""MetaFormer's stage, in which one flag turns images into tokens and back."""

import tensorflow as tf
from keras import ops

from timm.models._manipulate import checkpoint_seq
from timm.models.metaformer import Attention, Downsampling, LayerNorm2d, MetaFormerBlock, StarReLU
from transpiler.runtime import functional as F
from transpiler.runtime import nn


class MetaFormerStage(nn.Module):
    """Blocks of one size, after a convolution that halves the image.

    Stands for timm.models.metaformer.MetaFormerStage; hand-written because the original's blocks take images or tokens by a flag,
    which asks twice. Takes and gives images (B, H, W, C); attention works on their tokens (B, H * W, C).
    """

    def __init__(
        self,
        in_chs,
        out_chs,
        depth=2,
        token_mixer=nn.Identity,
        mlp_act=StarReLU,
        mlp_bias=False,
        downsample_norm=LayerNorm2d,
        norm_layer=LayerNorm2d,
        proj_drop=0.0,
        dp_rates=[0.0] * 2,
        layer_scale_init_value=None,
        res_scale_init_value=None,
        **kwargs,
    ):
        super().__init__()
        self.grad_checkpointing = False
        self.use_nchw = not issubclass(token_mixer, Attention)
        if in_chs == out_chs:
            self.downsample = nn.Identity()
        else:
            self.downsample = Downsampling(
                in_chs, out_chs, kernel_size=3, stride=2, padding=1, norm_layer=downsample_norm
            )
        self.blocks = nn.Sequential(
            *[
                MetaFormerBlock(
                    dim=out_chs,
                    token_mixer=token_mixer,
                    mlp_act=mlp_act,
                    mlp_bias=mlp_bias,
                    norm_layer=norm_layer,
                    proj_drop=proj_drop,
                    drop_path=dp_rates[i],
                    layer_scale_init_value=layer_scale_init_value,
                    res_scale_init_value=res_scale_init_value,
                    use_nchw=self.use_nchw,
                    **kwargs,
                )
                for i in range(depth)
            ]
        )

    def set_grad_checkpointing(self, enable=True):
        self.grad_checkpointing = enable

    def call(self, x):
        x = self.downsample(x)
        size = ops.shape(x)
        if not self.use_nchw:
            x = F.flatten(x, 1, 2)
        x = checkpoint_seq(self.blocks, x) if self.grad_checkpointing else self.blocks(x)
        return x if self.use_nchw else tf.reshape(x, size)
