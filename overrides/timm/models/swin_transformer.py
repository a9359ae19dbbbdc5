"""Swin's attention on maps, for timm.models.swin_transformer."""

import tensorflow as tf

from transpiler.runtime.windows import add_bias, attend_in_windows, shifted_window_attention


class WindowAttention:
    def call(self, x, mask=None):
        """Forward pass.

        Stands for timm.models.swin_transformer.WindowAttention.forward;
        hand-written so that one transpose cuts a map into windows and splits their heads.

        Args:
            x: Input features with shape of (num_windows*B, N, C), or a map (B, H, W, C) that windows divide.
            mask: (0/-inf) mask with shape of (num_windows, Wh*Ww, Wh*Ww) or None.

        Returns:
            Output features with the shape of x.
        """

        def attend(q, k, v):
            attn = tf.matmul(q * self.scale, k, transpose_b=True)
            attn = add_bias(attn, self._get_rel_pos_bias()[0], mask)
            return self.attn_drop(self.softmax(attn)) @ v

        x = attend_in_windows(x, self.window_size, self.num_heads, self.qkv, attend)
        return self.proj_drop(self.proj(x))


class SwinTransformerBlock:
    def _attn(self, x):
        """Stands for timm.models.swin_transformer.SwinTransformerBlock._attn;
        hand-written as the attention takes maps.

        Args:
            x: Input features with shape (B, H, W, C).

        Returns:
            Output features with shape (B, H, W, C).
        """
        return shifted_window_attention(self, x)
