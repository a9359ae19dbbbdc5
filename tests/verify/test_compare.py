"""The error figure, and the comparisons that would prove nothing."""

import numpy as np
import pytest

from transpiler.verify.compare import channels_last, flatten_outputs, relative_error, vacuous, worst_error
from transpiler.verify.errors import ParityFailure

RANDOM = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)


def test_error_is_relative_to_the_scale_of_the_expected_output() -> None:
    expected = np.array([[0.0, 10.0], [1.0, -5.0]])
    assert relative_error(expected, expected + 0.1) == pytest.approx(0.01)


def test_worst_of_all_outputs_is_taken() -> None:
    expected = {"0": RANDOM, "1": RANDOM * 2}
    actual = {"0": RANDOM, "1": RANDOM * 2.02}
    assert worst_error(expected, actual) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (np.zeros((2, 3)), "zero everywhere"),
        (np.full((2, 3), 4.0), "constant"),
        (np.array([[1.0, 2.0], [1.0, 2.0]]), "same for different images"),
        (np.array([[1.0, np.nan], [0.0, 2.0]]), "not finite"),
        (np.zeros((0, 3)), "empty"),
    ],
)
def test_vacuous_outputs_fail(expected: np.ndarray, reason: str) -> None:
    assert reason in vacuous(expected)
    with pytest.raises(ParityFailure, match=reason):
        relative_error(expected, expected)


def test_values_that_are_not_finite_fail() -> None:
    broken = RANDOM.copy()
    broken[0, 0, 0] = np.inf
    with pytest.raises(ParityFailure, match="generated model gives values that are not finite"):
        relative_error(RANDOM, broken)


def test_other_shape_and_other_structure_fail() -> None:
    with pytest.raises(ParityFailure, match=r"expected shape \(2, 3, 4\), got \(2, 4, 3\)"):
        relative_error(RANDOM, RANDOM.transpose(0, 2, 1))
    with pytest.raises(ParityFailure, match="structure"):
        worst_error({"0": RANDOM, "1": RANDOM}, {"0": RANDOM})
    with pytest.raises(ParityFailure, match="no output"):
        worst_error({}, {})


def test_nested_outputs_are_labelled_by_place() -> None:
    assert flatten_outputs((1, [2, None], {"a": 3})) == {"0": 1, "1.0": 2, "2.a": 3}
    assert flatten_outputs(7) == {"": 7}


def test_only_images_are_turned() -> None:
    assert channels_last(np.zeros((1, 2, 3, 4))).shape == (1, 3, 4, 2)
    assert channels_last(np.zeros((1, 2, 3))).shape == (1, 2, 3)
