"""SwinV2 from the yaml files of microsoft/Swin-Transformer, for timm.models.swin_transformer_v2."""

from timm.models._builder import build_model_with_cfg
from timm.models.swin_transformer_v2 import SwinTransformerV2, checkpoint_filter_fn
from transpiler.runtime.swin_config import read_swinv2_config, with_config


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
