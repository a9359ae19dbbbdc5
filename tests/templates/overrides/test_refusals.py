"""Overrides that stand for what can't be done in TensorFlow: each says what to use instead."""

import pytest


@pytest.mark.parametrize(
    ("module", "name", "arguments", "way_out"),
    [
        ("timm.layers._fx", "get_graph_node_names", (None,), "named_modules"),
        ("timm.layers._fx", "create_feature_extractor", (None, []), "features_only=True"),
        ("timm.models._features_fx", "FeatureGraphNet", (None, (1,)), "'getter', 'list' or 'hook'"),
        ("timm.models._features_fx", "GraphExtractNet", (None, []), "forward_intermediates"),
        ("timm.models._helpers", "resume_checkpoint", (None, "x.pth"), "load_checkpoint.*BackupAndRestore"),
    ],
)
def test_refuses_with_a_way_out(override, module, name, arguments, way_out):
    with pytest.raises(NotImplementedError, match=way_out) as caught:
        getattr(override(module), name)(*arguments)
    assert "\n" not in str(caught.value)
