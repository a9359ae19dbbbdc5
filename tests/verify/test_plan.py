"""Reduced depth, other sizes and the cost estimate, from shapes alone."""

import pytest
import torch
from torch import nn

from transpiler.verify.cost import Cost, constructor_arguments, measure_cost
from transpiler.verify.errors import VerifyError
from transpiler.verify.plan import make_plan, reduced_depth, size_candidates
from transpiler.verify.record import Settings


@pytest.mark.parametrize(
    ("arguments", "reduced"),
    [
        ({"depth": 12}, {"depth": 3}),
        ({"depth": 3}, {}),
        ({"depths": (2, 2, 18, 2)}, {"depths": (2, 2, 2, 2)}),
        ({"depths": (1, 1, 3, 1)}, {"depths": (1, 1, 2, 1)}),
        ({"depths": ((1, 2), 3)}, {}),
        ({"cfg": object()}, {}),
    ],
)
def test_reduced_depth(arguments: dict, reduced: dict) -> None:
    assert reduced_depth(arguments) == reduced


def test_vit_gets_a_size_of_whole_patches_and_one_that_needs_padding() -> None:
    first = next(size_candidates({"dynamic_img_size": False, "dynamic_img_pad": False}, (16, 16), (224, 224)))
    assert first.kwargs == {"dynamic_img_size": True, "dynamic_img_pad": True}
    whole, broken = first.sizes
    assert whole[0] % 16 == whole[1] % 16 == 0
    assert whole[0] != whole[1]
    assert broken[0] % 16 and broken[1] % 16


def test_swin_gets_an_odd_grid() -> None:
    first = next(size_candidates({"dynamic_img_size": False, "strict_img_size": True}, (4, 4), (224, 224)))
    assert [side // 4 % 2 for side in first.sizes[0]] == [1, 1]


def test_a_convolutional_model_is_first_tried_as_it_is_at_odd_sizes() -> None:
    first = next(size_candidates({}, None, (224, 224)))
    assert first.kwargs == {}
    assert first.sizes == ((233, 201),)


def test_cost_counts_parameters_arithmetic_and_the_largest_tensor() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.ReLU()).requires_grad_(False)
    cost = measure_cost(model, (3, 10, 10))
    assert cost == Cost(parameters=24, tflop=2 * 24 * 100 / 1e12, largest_activation=800)


def test_constructor_arguments_include_overrides_and_defaults() -> None:
    from timm.models.vision_transformer import VisionTransformer

    constructor = VisionTransformer.__init__
    arguments = constructor_arguments("test_vit", VisionTransformer, {})
    assert arguments["embed_dim"] == 64
    assert arguments["class_token"] is True
    assert VisionTransformer.__init__ is constructor


def test_plans_for_a_small_model_whole_reduced_and_refused() -> None:
    assert make_plan("test_vit", Settings()).reduced == {}
    assert make_plan("test_vit", Settings(quick=True)).reduced == {"depth": 3}
    assert make_plan("test_vit", Settings(tflop=1e-9)).reduced == {"depth": 3}
    with pytest.raises(VerifyError, match="GiB"):
        make_plan("test_vit", Settings(memory_gib=1e-6))


def test_an_architecture_that_fixes_its_depths_stays_whole() -> None:
    """timm's function says `dict(depths=..., **kwargs)`: another value is a TypeError there."""
    assert make_plan("poolformer_s12", Settings(quick=True)).reduced == {}
