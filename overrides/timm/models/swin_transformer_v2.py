"""SwinV2 from the yaml files of microsoft/Swin-Transformer, and its attention, for timm.models.swin_transformer_v2."""

import tensorflow as tf

from timm.models._builder import build_model_with_cfg
from timm.models.swin_transformer_v2 import SwinTransformerV2, checkpoint_filter_fn
from transpiler.runtime import functional as F
from transpiler.runtime.swin_config import read_swinv2_config, with_config
from transpiler.runtime.windows import add_bias, attend_in_windows, cosine_scores, shifted_window_attention


class WindowAttention:
    def call(self, x, mask=None):
        """Forward pass of window attention.

        Stands for timm.models.swin_transformer_v2.WindowAttention.forward;
        hand-written so that one transpose cuts a map into windows and splits their heads.

        Args:
            x: Input features with shape of (num_windows*B, N, C), or a map (B, H, W, C) that windows divide.
            mask: Attention mask with shape of (num_windows, Wh*Ww, Wh*Ww) or None.

        Returns:
            Output features with the shape of x.
        """

        def qkv(x):
            if self.q_bias is None:
                return self.qkv(x)
            qkv_bias = tf.concat((self.q_bias, self.k_bias, self.v_bias), axis=0)
            return self.qkv(x) + qkv_bias if self.qkv_bias_separate else F.linear(x, self.qkv.weight, qkv_bias)

        def position_bias():  # nH, Wh*Ww, Wh*Ww
            area = self.window_size[0] * self.window_size[1]
            table = tf.reshape(self.cpb_mlp(self.relative_coords_table), (-1, self.num_heads))
            bias = tf.gather(table, tf.reshape(self.relative_position_index, (-1,)))
            return 16 * tf.sigmoid(tf.reshape(tf.transpose(bias), (self.num_heads, area, area)))

        def attend(q, k, v):
            attn = cosine_scores(q, k, self.logit_scale)
            attn = add_bias(attn, position_bias(), mask)
            return self.attn_drop(self.softmax(attn)) @ v

        x = attend_in_windows(x, self.window_size, self.num_heads, qkv, attend)
        return self.proj_drop(self.proj(x))


class SwinTransformerV2Block:
    def _attn(self, x):
        """Apply windowed attention with optional shift.

        Stands for timm.models.swin_transformer_v2.SwinTransformerV2Block._attn;
        hand-written as the attention takes maps.

        Args:
            x: Input tensor of shape (B, H, W, C).

        Returns:
            Output tensor of shape (B, H, W, C).
        """
        return shifted_window_attention(self, x)


def _create_swin_transformer_v2(variant: str, pretrained: bool = False, **kwargs) -> SwinTransformerV2:
    """Create a Swin Transformer V2 model.

    Stands for timm.models.swin_transformer_v2._create_swin_transformer_v2; hand-written for `config`.

    Args:
        variant: Model variant name.
        pretrained: If True, load pretrained weights.
        **kwargs: Additional model arguments, and `config`: a yaml file of microsoft/Swin-Transformer. Its widths,
            depths, heads and windows replace those of the variant; its other values are defaults, which arguments
            replace. Needs PyYAML.

    Returns:
        SwinTransformerV2 model instance.

    Raises:
        ValueError: The file has a key that is unknown, or says what SwinTransformerV2 can't be.
    """
    config = kwargs.pop("config", None)
    if config is not None:
        kwargs = with_config(read_swinv2_config(config), kwargs)
    default_out_indices = tuple(i for i, _ in enumerate(kwargs.get("depths", (1, 1, 1, 1))))
    out_indices = kwargs.pop("out_indices", default_out_indices)

    model = build_model_with_cfg(
        SwinTransformerV2,
        variant,
        pretrained,
        pretrained_filter_fn=checkpoint_filter_fn,
        feature_cfg=dict(flatten_sequential=True, out_indices=out_indices),
        **kwargs,
    )
    return model
