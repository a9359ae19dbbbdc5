"""Stand-ins for the torch.fx feature extractors of timm.models._features_fx: they refuse, and say what to use."""

from transpiler.runtime import nn


class FeatureGraphNet(nn.Module):
    """Stands for timm.models._features_fx.FeatureGraphNet; hand-written because TensorFlow has no torch.fx tracer.

    Raises:
        NotImplementedError: When constructed.
    """

    def __init__(
        self,
        model: nn.Module,
        out_indices: tuple[int, ...],
        out_map: dict | None = None,
        output_fmt: str = "NCHW",
        return_dict: bool = False,
    ):
        raise NotImplementedError(
            "feature_cls='fx' traces with torch.fx; use feature_cls='getter', 'list' or 'hook', "
            "or leave feature_cls out for the model's own choice"
        )


class GraphExtractNet(nn.Module):
    """Stands for timm.models._features_fx.GraphExtractNet; hand-written because TensorFlow has no torch.fx tracer.

    Raises:
        NotImplementedError: When constructed.
    """

    def __init__(
        self,
        model: nn.Module,
        return_nodes: dict[str, str] | list[str],
        squeeze_out: bool = True,
        return_dict: bool = False,
    ):
        raise NotImplementedError(
            "GraphExtractNet traces with torch.fx; use `create_model(..., features_only=True)`, "
            "`model.forward_intermediates(x)`, or a forward hook on `model.get_submodule(name)`"
        )
