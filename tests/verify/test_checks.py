"""What timm's model itself cannot do is not asked of the generated one, and only there."""

from typing import Any

import numpy as np
import pytest
import torch

from transpiler.verify.checks import Comparison
from transpiler.verify.errors import NotApplicable
from transpiler.verify.pair import Pair


class _Unable:
    """A model that cannot take images of this size."""

    def __call__(self, images: torch.Tensor) -> Any:
        return images[:, :, 111]

    forward_intermediates = forward_features = __call__


@pytest.fixture
def pair() -> Pair:
    return Pair(_Unable(), None, {})


def test_a_size_that_timm_cannot_take(pair: Pair) -> None:
    comparison = Comparison(pair, np.zeros((2, 8, 8, 3), np.float32), is_other_size=True)
    for check in (comparison.eager, comparison.graph, comparison.intermediates):
        with pytest.raises(NotApplicable, match="timm: IndexError: index 111 is out of bounds"):
            check()


def test_its_own_size_must_work(pair: Pair) -> None:
    with pytest.raises(IndexError):
        Comparison(pair, np.zeros((2, 8, 8, 3), np.float32)).eager()


class _WithoutFeatures(torch.nn.Module):
    """The features_only form of HRNet has forward_features, and refuses it."""

    def forward(self, images: torch.Tensor) -> Any:
        return images.mean((1, 2, 3))[:, None]

    def forward_features(self, images: torch.Tensor) -> Any:
        raise AssertionError("Not supported")


def test_features_that_timm_refuses_leave_the_output_to_be_compared() -> None:
    images = np.random.default_rng(0).standard_normal((2, 8, 8, 3)).astype(np.float32)
    comparison = Comparison(Pair(_WithoutFeatures(), lambda x: x.numpy().mean((1, 2, 3))[:, None], {}), images)
    assert comparison.eager() < 1e-5
    with pytest.raises(NotApplicable, match="timm: AssertionError: Not supported"):
        comparison.features()
