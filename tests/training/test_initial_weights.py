"""Weights as they are drawn, against timm's: every parameter's distribution."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import timm
import torch

from transpiler.verify.training.curves import MODELS, Trained

from transpiler.verify.frameworks import keras  # isort: skip

# The two-sample Kolmogorov-Smirnov statistic exceeds this, for one distribution, once in 10^5 (sqrt(-ln(5e-6) / 2)).
SELDOM = 2.47


@pytest.mark.parametrize(
    "model, options",
    [
        *((model, {}) for model in MODELS),
        (MODELS[0], {"init_values": 1e-4, "weight_init": "jax"}),
        (MODELS[0], {"weight_init": "moco"}),
        (MODELS[0], {"weight_init": "jax_nlhb", "class_token": False, "global_pool": "avg"}),
    ],
    ids=str,
)
def test_distributions_are_timms(generated_package: ModuleType, model: Trained, options: dict[str, Any]) -> None:
    torch.manual_seed(1)
    keras.utils.set_random_seed(1)
    kwargs = {**model.kwargs, **options, "num_classes": 11}
    theirs = timm.create_model(model.arch, **kwargs).state_dict()
    ours = generated_package.create_model(model.arch, **kwargs).state_dict()
    assert list(ours) == list(theirs)
    drawn = 0
    for name, expected in theirs.items():
        values, wanted = ours[name].ravel().astype(np.float64), expected.numpy().ravel().astype(np.float64)
        if wanted.std() == 0.0 or "buffer" in name:
            np.testing.assert_array_equal(values, wanted, err_msg=name)
            continue
        drawn += not np.array_equal(values, wanted)
        assert largest_difference(values, wanted) < SELDOM * np.sqrt(2 / len(values)), name
        if len(values) > 500:  # of uniform and of truncated distributions; torch's own may end in one wild value
            tail, wanted_tail = (np.quantile(np.abs(each), 0.99) for each in (values, wanted))
            assert tail == pytest.approx(wanted_tail, rel=0.25), name
    assert drawn > 5


def largest_difference(left: np.ndarray, right: np.ndarray) -> float:
    """Between the shares of values below any one value."""
    at = np.sort(np.concatenate([left, right]))
    below = [np.searchsorted(np.sort(values), at, side="right") / len(values) for values in (left, right)]
    return float(np.abs(below[0] - below[1]).max())


def test_a_wrong_scale_is_seen() -> None:
    normal = np.random.default_rng(0).normal(size=(2, 3000))
    assert largest_difference(normal[0], normal[1]) < SELDOM * np.sqrt(2 / 3000)
    assert largest_difference(normal[0], normal[1] * 0.85) > SELDOM * np.sqrt(2 / 3000)
