"""Comparing outputs of the two frameworks: any nesting of tensors, torch's images turned channels-last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ParityFailure

Array = npt.NDArray[Any]


def flatten_outputs(output: Any, label: str = "") -> dict[str, Any]:
    """Tensors of a nested output by their place in it, such as `1.0`; None is left out."""
    if output is None:
        return {}
    if isinstance(output, Mapping):
        items = list(output.items())
    elif isinstance(output, list | tuple):
        items = list(enumerate(output))
    else:
        return {label: output}
    flat: dict[str, Any] = {}
    for key, value in items:
        flat |= flatten_outputs(value, f"{label}.{key}" if label else str(key))
    return flat


def channels_last(array: Array) -> Array:
    """(B, C, H, W) as (B, H, W, C); other ranks as they are."""
    return np.moveaxis(array, 1, -1) if array.ndim == 4 else array


def worst_error(expected: dict[str, Array], actual: dict[str, Array]) -> float:
    """The largest relative error of any tensor. Raises ParityFailure where a figure would mean nothing."""
    if list(expected) != list(actual):
        raise ParityFailure(f"outputs differ in structure: expected {list(expected)}, got {list(actual)}")
    if not expected:
        raise ParityFailure("there is no output to compare")
    return max(relative_error(value, actual[label], label) for label, value in expected.items())


def relative_error(expected: Array, actual: Array, label: str = "") -> float:
    """max|a-b| / max|a| with a the expected array."""
    place = f"output {label}: " if label else ""
    if expected.shape != actual.shape:
        raise ParityFailure(f"{place}expected shape {expected.shape}, got {actual.shape}")
    reason = vacuous(expected)
    if reason:
        raise ParityFailure(f"{place}{reason}")
    if not np.isfinite(actual).all():
        raise ParityFailure(f"{place}the generated model gives values that are not finite")
    difference = np.abs(expected.astype(np.float64) - actual.astype(np.float64)).max()
    return float(difference / np.abs(expected).max())


def vacuous(expected: Array) -> str:
    """Why comparing with this batch of outputs would prove nothing; empty when it proves something."""
    if expected.size == 0:
        return "the expected output is empty"
    if not np.isfinite(expected).all():
        return "timm's model gives values that are not finite: the random weights do not suit it"
    scale = np.abs(expected).max()
    if scale == 0.0:
        return "the expected output is zero everywhere"
    if expected.size > 1 and np.ptp(expected) <= 1e-5 * scale:
        return "the expected output is constant"
    if expected.shape[0] > 1 and np.abs(expected[0] - expected[1]).max() <= 1e-4 * scale:
        return "the expected output is the same for different images"
    return ""
