"""SwinV2-CR with a chosen width of its meta network, and its attention, for timm.models.swin_transformer_v2_cr."""

from timm.layers import Mlp
from timm.models._builder import build_model_with_cfg
from timm.models.swin_transformer_v2_cr import SwinTransformerV2Cr, checkpoint_filter_fn
from transpiler.runtime import functional as F
from transpiler.runtime import nn
from transpiler.runtime.swin_config import read_swinv2_config, with_config
from transpiler.runtime.windows import add_bias, attend_in_windows, cosine_scores, shifted_window_attention

META_HIDDEN_DIM = 384


class WindowMultiHeadAttention:
    def call(self, x, mask=None):
        """Forward pass of window multi-head self-attention.

        Stands for timm.models.swin_transformer_v2_cr.WindowMultiHeadAttention.forward;
        hand-written so that one transpose cuts a map into windows and splits their heads.

        Args:
            x: Input tensor of shape (B * windows, N, C), or a map (B, H, W, C) that windows divide.
            mask: Attention mask for the shift case.

        Returns:
            Output tensor with the shape of x.
        """

        def attend(query, key, value):
            attn = cosine_scores(query, key, self.logit_scale)
            attn = add_bias(attn, self._relative_positional_encodings()[0], mask)
            return self.attn_drop(F.softmax(attn, axis=-1)) @ value

        x = attend_in_windows(x, self.window_size, self.num_heads, self.qkv, attend)
        return self.proj_drop(self.proj(x))


class SwinTransformerV2CrBlock:
    def _shifted_window_attn(self, x):
        """Stands for timm.models.swin_transformer_v2_cr.SwinTransformerV2CrBlock._shifted_window_attn;
        hand-written as the attention takes maps.

        Args:
            x: Input tensor of shape (B, H, W, C).

        Returns:
            Output tensor of shape (B, H, W, C).
        """
        return shifted_window_attention(self, x)


def _create_swin_transformer_v2_cr(variant, pretrained=False, **kwargs):
    """Create a Swin Transformer V2 CR model.

    Stands for timm.models.swin_transformer_v2_cr._create_swin_transformer_v2_cr; hand-written for `meta_hidden_dim`,
    which timm's classes don't pass on, and `config`.

    Args:
        variant: Model variant name.
        pretrained: If True, load pretrained weights.
        **kwargs: Additional model arguments, and two more. `config`: a yaml file of microsoft/Swin-Transformer. Its
            widths, depths, heads and windows replace those of the variant; its other values are defaults, which
            arguments replace. Needs PyYAML. `meta_hidden_dim`: hidden features of the network that makes the relative
            position bias; timm's weights have 384.

    Returns:
        SwinTransformerV2Cr model instance.

    Raises:
        ValueError: The file has a key that is unknown, or says what SwinTransformerV2Cr can't be; or pretrained
            weights are asked for with another meta_hidden_dim.
    """
    config = kwargs.pop("config", None)
    meta_hidden_dim = kwargs.pop("meta_hidden_dim", META_HIDDEN_DIM)
    if config is not None:
        kwargs = with_config(_cr_arguments(read_swinv2_config(config), config), kwargs)
    if pretrained and meta_hidden_dim != META_HIDDEN_DIM:
        raise ValueError(f"Pretrained weights have meta_hidden_dim={META_HIDDEN_DIM}. Received: {meta_hidden_dim}")
    default_out_indices = tuple(i for i, _ in enumerate(kwargs.get("depths", (1, 1, 1, 1))))
    out_indices = kwargs.pop("out_indices", default_out_indices)

    model = build_model_with_cfg(
        SwinTransformerV2Cr,
        variant,
        pretrained,
        pretrained_filter_fn=checkpoint_filter_fn,
        feature_cfg=dict(flatten_sequential=True, out_indices=out_indices),
        **kwargs,
    )
    if meta_hidden_dim != META_HIDDEN_DIM:
        _set_meta_hidden_dim(model, meta_hidden_dim)
    return model


def _set_meta_hidden_dim(model, hidden_dim: int) -> None:
    """Replace the meta networks, as WindowMultiHeadAttention makes them, by ones of another width."""
    for module in list(model.modules()):
        if isinstance(module, WindowMultiHeadAttention):
            module.meta_mlp = Mlp(
                2, hidden_features=hidden_dim, out_features=module.num_heads, act_layer=nn.ReLU, drop=(0.125, 0.0)
            )


def _cr_arguments(described: dict, config: str) -> dict:
    """The arguments without the two that SwinTransformerV2Cr has not: its bias is of raw offsets, qkv has a bias."""
    described = dict(described)
    if any(described.pop("pretrained_window_sizes")):
        raise ValueError(f"{config}: MODEL.SWINV2.PRETRAINED_WINDOW_SIZES has no meaning for SwinTransformerV2Cr")
    if not described.pop("qkv_bias"):
        raise ValueError(f"{config}: MODEL.SWINV2.QKV_BIAS must be True for SwinTransformerV2Cr")
    return described
