"""Whole models against timm's: outputs, features, state and gradients, with weights that are random throughout."""

from __future__ import annotations

from types import ModuleType

import pytest
from parity_models import HIERA, SAM, SMALL_MODELS, SWIN, VIT, SmallModel

from transpiler.verify.checks import Comparison, state_dict_error
from transpiler.verify.errors import NotApplicable
from transpiler.verify.gradients import TOLERANCE as GRADIENT_TOLERANCE
from transpiler.verify.gradients import gradient_error
from transpiler.verify.pair import build_pair, random_images
from transpiler.verify.randomise import seed_of
from transpiler.verify.record import TOLERANCES, Settings

TOLERANCE = Settings().tolerance


def compare(
    package: ModuleType, model: SmallModel, size: tuple[int, int] | None = None, **kwargs: object
) -> Comparison:
    """Both models, with `kwargs` added to the small model's own, and images of `size` or of the model's own."""
    pair = build_pair(package, model.arch, seed_of(model.arch), **{**model.kwargs, **kwargs})
    return Comparison(pair, random_images(1, pair.upstream.pretrained_cfg["input_size"][0], *(size or model.size)))


@pytest.fixture(scope="module", params=SMALL_MODELS, ids=str)
def comparison(request: pytest.FixtureRequest, generated_package: ModuleType) -> Comparison:
    return compare(generated_package, request.param)


def test_logits(comparison: Comparison) -> None:
    assert comparison.eager() <= TOLERANCE


def test_logits_in_a_graph_of_unknown_batch(comparison: Comparison) -> None:
    assert comparison.graph() <= TOLERANCE


def test_features(comparison: Comparison) -> None:
    assert comparison.features() <= TOLERANCE


def test_pre_logits(comparison: Comparison) -> None:
    assert comparison.pre_logits() <= TOLERANCE


@pytest.mark.parametrize("options", [{}, {"norm": True}, {"indices": 1, "stop_early": True}], ids=str)
def test_intermediates(comparison: Comparison, options: dict[str, object]) -> None:
    try:
        assert comparison.intermediates(**options) <= TOLERANCE
    except NotApplicable as reason:  # Hiera has no norm to apply
        pytest.skip(str(reason))


@pytest.mark.parametrize("model", SMALL_MODELS, ids=str)
def test_float64_leaves_nothing_to_rounding(generated_package: ModuleType, model: SmallModel) -> None:
    pair = build_pair(generated_package, model.arch, seed_of(model.arch), dtype="float64", **model.kwargs)
    channels = pair.upstream.pretrained_cfg["input_size"][0]
    assert Comparison(pair, random_images(1, channels, *model.size, "float64")).eager() <= TOLERANCES["float64"]


def test_state_dict_comes_back(comparison: Comparison) -> None:
    assert state_dict_error(comparison.pair) == 0.0


@pytest.mark.parametrize("model", SMALL_MODELS, ids=str)
def test_gradients(generated_package: ModuleType, model: SmallModel) -> None:
    comparison = compare(generated_package, model)
    assert gradient_error(comparison.pair, comparison.images) <= GRADIENT_TOLERANCE


@pytest.mark.parametrize("model", [VIT, SWIN, SAM, HIERA], ids=str)
def test_compiled_by_xla(generated_package: ModuleType, model: SmallModel) -> None:
    assert compare(generated_package, model).xla() <= TOLERANCE


@pytest.mark.parametrize("fused", [False, True], ids=["manual", "fused"])
@pytest.mark.parametrize("model", [VIT, SWIN, SAM, HIERA], ids=str)
def test_attention_paths(generated_package: ModuleType, model: SmallModel, fused: bool) -> None:
    comparison = compare(generated_package, model)
    attentions = [module for module in comparison.pair.generated.modules() if hasattr(module, "fused_attn")]
    assert attentions
    for attention in attentions:
        attention.fused_attn = fused
    assert comparison.eager() <= TOLERANCE
    assert comparison.graph() <= TOLERANCE


@pytest.mark.parametrize("pool", ["", "avg", "avgmax", "max", "token", "map"])
def test_pooling_of_vit(generated_package: ModuleType, pool: str) -> None:
    comparison = compare(generated_package, VIT, global_pool=pool)
    assert comparison.eager() <= TOLERANCE


@pytest.mark.parametrize("pool", ["", "avg", "avgmax", "max", "catavgmax"])
def test_pooling_of_swin(generated_package: ModuleType, pool: str) -> None:
    comparison = compare(generated_package, SWIN, global_pool=pool)
    assert comparison.eager() <= TOLERANCE


@pytest.mark.parametrize(
    ("model", "kwargs"),
    [
        (VIT, {"out_indices": (0, 1)}),
        (SWIN, {}),
        (SWIN, {"out_indices": (1, -1)}),
        (SAM, {"out_indices": (0, 1)}),
        (HIERA, {}),
    ],
    ids=["vit", "swin", "swin, two stages", "sam", "hiera"],
)
def test_features_only(generated_package: ModuleType, model: SmallModel, kwargs: dict[str, object]) -> None:
    kwargs = {**model.kwargs, **kwargs, "features_only": True}
    del kwargs["num_classes"]
    comparison = compare(generated_package, SmallModel(model.arch, model.size, kwargs))
    assert comparison.eager() <= TOLERANCE
    assert comparison.pair.generated.feature_info.channels() == comparison.pair.upstream.feature_info.channels()


@pytest.mark.parametrize(
    "kwargs",
    [
        {"class_token": False, "global_pool": "avg"},
        {"qk_norm": True, "init_values": 0.1},
        {"reg_tokens": 3, "no_embed_class": True},
        {"pos_embed": "none"},
        {"patch_drop_rate": 0.5, "drop_path_rate": 0.3, "proj_drop_rate": 0.2, "attn_drop_rate": 0.1},
        {"in_chans": 1},
        {"num_classes": 0},
        {"fc_norm": True, "final_norm": False},
    ],
    ids=str,
)
def test_arguments_of_vit(generated_package: ModuleType, kwargs: dict[str, object]) -> None:
    comparison = _with_channels(generated_package, VIT, kwargs)
    assert comparison.eager() <= TOLERANCE
    assert comparison.features() <= TOLERANCE


@pytest.mark.parametrize(
    "kwargs",
    [
        {"window_size": (4, 6)},
        {"window_size": 8, "always_partition": True},
        {"drop_path_rate": 0.3, "proj_drop_rate": 0.2, "attn_drop_rate": 0.1},
        {"in_chans": 1},
        {"num_classes": 0},
        {"patch_size": 2, "img_size": (32, 48)},
    ],
    ids=str,
)
def test_arguments_of_swin(generated_package: ModuleType, kwargs: dict[str, object]) -> None:
    comparison = _with_channels(generated_package, SWIN, kwargs)
    assert comparison.eager() <= TOLERANCE
    assert comparison.features() <= TOLERANCE


@pytest.mark.parametrize(
    "kwargs",
    [
        {"window_size": 4},
        {"window_size": 0},
        {"global_attn_indexes": ()},
        {"global_attn_indexes": (0, 1)},
        {"use_abs_pos": False},
        {"use_rel_pos": False},
        {"use_rel_pos": False, "use_rope": True, "window_size": 2},
        {"use_rel_pos": False, "use_rope": True, "window_size": 2, "ref_feat_shape": ((4, 4), (3, 3))},
        {"neck_chans": 0},
        {"neck_chans": 24},
        {"head_hidden_size": 20},
        {"neck_chans": 0, "head_hidden_size": 20},
        {"global_pool": "max"},
        {"num_classes": 0},
        {"qk_norm": True, "init_values": 0.1, "pre_norm": True},
        {"in_chans": 1},
    ],
    ids=str,
)
def test_arguments_of_sam(generated_package: ModuleType, kwargs: dict[str, object]) -> None:
    comparison = _with_channels(generated_package, SAM, kwargs)
    assert comparison.eager() <= TOLERANCE
    assert comparison.features() <= TOLERANCE
    assert comparison.intermediates() <= TOLERANCE


@pytest.mark.parametrize(
    "kwargs",
    [
        {"patch_size": (4, 4)},
        {"global_att_blocks": ()},
        {"q_pool": 2},
        {"init_values": 0.1},
        {"weight_init": "jax"},
        {"num_classes": 0},
        {"global_pool": "max"},
        {"in_chans": 1},
    ],
    ids=str,
)
def test_arguments_of_hiera(generated_package: ModuleType, kwargs: dict[str, object]) -> None:
    comparison = _with_channels(generated_package, HIERA, kwargs)
    assert comparison.eager() <= TOLERANCE
    assert comparison.features() <= TOLERANCE
    assert comparison.intermediates(coarse=False) <= TOLERANCE


def test_intermediates_of_hiera_are_channels_last_in_any_format(generated_package: ModuleType) -> None:
    comparison = compare(generated_package, HIERA)
    assert comparison.intermediates(output_fmt="NHWC") <= TOLERANCE


def _with_channels(package: ModuleType, model: SmallModel, kwargs: dict[str, object]) -> Comparison:
    comparison = compare(package, model, **kwargs)
    channels, size = kwargs.get("in_chans", 3), kwargs.get("img_size", model.size)
    return Comparison(comparison.pair, random_images(1, channels, *size))


@pytest.mark.parametrize(
    ("model", "kwargs", "size"),
    [
        (VIT, {"dynamic_img_size": True}, (80, 48)),
        (VIT, {"dynamic_img_size": True, "dynamic_img_pad": True}, (75, 53)),
        (SWIN, {"strict_img_size": False}, (96, 64)),
        (SWIN, {"strict_img_size": False}, (100, 76)),
        (SWIN, {"dynamic_img_size": True}, (100, 76)),
        (SAM, {}, (80, 112)),  # both position tables resized, windows padded on both sides
        (SAM, {}, (48, 48)),
        (HIERA, {}, (96, 160)),
    ],
    ids=str,
)
def test_other_sizes(
    generated_package: ModuleType, model: SmallModel, kwargs: dict[str, object], size: tuple[int, int]
) -> None:
    comparison = compare(generated_package, model, size, **kwargs)
    assert comparison.eager() <= TOLERANCE
    assert comparison.graph() <= TOLERANCE
    assert comparison.intermediates() <= TOLERANCE
