"""Reduced depth, other sizes and the cost estimate, from shapes alone."""

import pytest
import torch
from torch import nn

from transpiler.verify.cost import Cost, measure_cost
from transpiler.verify.errors import VerifyError
from transpiler.verify.plan import DEPTH_LIMITS, make_plan, size_candidates
from transpiler.verify.record import Settings


def test_vit_gets_a_size_of_whole_patches_and_one_that_needs_padding() -> None:
    first = next(size_candidates({"dynamic_img_size", "dynamic_img_pad"}, (16, 16), (224, 224)))
    assert first.kwargs == {"dynamic_img_size": True, "dynamic_img_pad": True}
    whole, broken = first.sizes
    assert whole[0] % 16 == whole[1] % 16 == 0
    assert whole[0] != whole[1]
    assert broken[0] % 16 and broken[1] % 16


def test_swin_gets_an_odd_grid() -> None:
    first = next(size_candidates({"dynamic_img_size", "strict_img_size"}, (4, 4), (224, 224)))
    assert [side // 4 % 2 for side in first.sizes[0]] == [1, 1]


def test_a_convolutional_model_is_first_tried_as_it_is_at_odd_sizes() -> None:
    first = next(size_candidates((), None, (224, 224)))
    assert first.kwargs == {}
    assert first.sizes == ((233, 201),)


def test_cost_counts_parameters_arithmetic_and_the_largest_tensor() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.ReLU()).requires_grad_(False)
    cost = measure_cost(model, (3, 10, 10))
    assert cost == Cost(parameters=24, tflop=2 * 24 * 100 / 1e12, largest_activation=800)


def test_plans_for_a_small_model_whole_reduced_and_refused() -> None:
    assert make_plan("test_vit", Settings()).reduced == {}
    assert make_plan("test_vit", Settings(quick=True)).reduced == {"depth": 3}
    assert make_plan("test_vit", Settings(tflop=1e-9)).reduced == {"depth": 3}
    with pytest.raises(VerifyError, match="GiB"):
        make_plan("test_vit", Settings(memory_gib=1e-6))


def test_depth_is_reduced_where_timms_function_fixes_it() -> None:
    """`dict(depths=..., **kwargs)` in timm's function: another value would be a TypeError there."""
    assert make_plan("poolformer_s12", Settings(quick=True)).reduced == {"depths": (2, 2, 2, 2)}


def test_a_model_that_cannot_be_that_small_keeps_more() -> None:
    """RegNet's four stages follow from its depth."""
    plan = make_plan("regnetx_002", Settings(quick=True))
    assert plan.limit in DEPTH_LIMITS[1:] or plan.limit is None


def test_a_plan_says_why_there_is_no_features_only_form() -> None:
    assert make_plan("test_vit", Settings(quick=True)).no_features_only == ""
    assert make_plan("test_vit", Settings(quick=True), {"out_indices": (99,)}).no_features_only.startswith("timm: ")
