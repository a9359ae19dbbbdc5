"""Stand-ins for the torch.fx entry points of timm.layers._fx: they refuse, and say what to use."""

from transpiler.runtime import nn


def get_graph_node_names(model: nn.Module) -> tuple[list[str], list[str]]:
    """Stands for timm.layers._fx.get_graph_node_names; hand-written because TensorFlow has no torch.fx tracer.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(
        "get_graph_node_names traces with torch.fx; list the layers with `model.named_modules()` instead"
    )


def create_feature_extractor(model: nn.Module, return_nodes: dict[str, str] | list[str]):
    """Stands for timm.layers._fx.create_feature_extractor; hand-written because TensorFlow has no torch.fx tracer.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(
        "create_feature_extractor traces with torch.fx; use `create_model(..., features_only=True)`, "
        "`model.forward_intermediates(x)`, or a forward hook on `model.get_submodule(name)`"
    )
