"""Runs both sides of a transpiled snippet on the same inputs and compares what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip

from row_snippets import Transpiled  # noqa: E402

from transpiler.kinds import Kind, Layout, Sequence, Shape, Tensor, Tuple, element_of, outside  # noqa: E402
from transpiler.layout import to_stored  # noqa: E402

TOLERANCE = 1e-5
_DTYPE_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}


def check_values(done: Transpiled, inputs: Mapping[str, np.ndarray]) -> None:
    """The same values, shapes and dtypes; and the kind that was inferred for the result is what came out."""
    actual = done.tensorflow(**_for_tensorflow(done, inputs))
    _compare(actual, _expected(done, inputs), done.returns)
    _check_kind(actual, done.returns)


def check_graph(done: Transpiled, inputs: Mapping[str, np.ndarray]) -> None:
    """The same under tf.function where the size of the batch is not known."""
    stored = _for_tensorflow(done, inputs)
    batch = next(iter(stored.values())).shape[0]
    signature = {name: tf.TensorSpec(_with_unknown(x.shape, batch), x.dtype, name) for name, x in stored.items()}
    graph = tf.function(done.tensorflow, autograph=False).get_concrete_function(**signature)
    _compare(graph(**stored), _expected(done, inputs), done.returns)


def check_gradient(done: Transpiled, inputs: Mapping[str, np.ndarray]) -> None:
    """The same gradient of the first input, for a random weighting of the result."""
    name = next(iter(inputs))
    theirs = {key: torch.from_numpy(value) for key, value in inputs.items()}
    theirs[name].requires_grad_(True)
    result = done.torch(**theirs)
    weighting = torch.from_numpy(np.random.default_rng(3).standard_normal(tuple(result.shape)).astype(np.float32))
    (expected,) = torch.autograd.grad((result * weighting).sum(), theirs[name])
    ours = _for_tensorflow(done, inputs)
    with tf.GradientTape() as tape:
        tape.watch(ours[name])
        output = done.tensorflow(**ours)
        total = tf.reduce_sum(output * _stored(weighting.numpy(), done.returns))
    gradient = tape.gradient(total, ours[name])
    assert gradient is not None, "no gradient reaches the first input"
    _close(gradient.numpy(), _permuted(expected.numpy(), _is_image(done, name)))


def has_batch(inputs: Mapping[str, np.ndarray]) -> bool:
    return bool(inputs) and next(iter(inputs.values())).ndim >= 2


# Both sides' inputs --------------------------------------------------------------------------------------------------


def _expected(done: Transpiled, inputs: Mapping[str, np.ndarray]) -> Any:
    with torch.no_grad():
        return done.torch(**{name: torch.from_numpy(value.copy()) for name, value in inputs.items()})


def _for_tensorflow(done: Transpiled, inputs: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(_permuted(value, _is_image(done, name))) for name, value in inputs.items()}


def _is_image(done: Transpiled, name: str) -> bool:
    return done.layouts.get(name) is Layout.IMAGE


def _permuted(value: np.ndarray, image: bool) -> np.ndarray:
    return np.ascontiguousarray(value.transpose(to_stored(value.ndim))) if image else value


def _with_unknown(shape: tf.TensorShape, batch: int) -> list[int | None]:
    return [None, *shape[1:]] if len(shape) >= 2 and shape[0] == batch else list(shape)


# Comparing -----------------------------------------------------------------------------------------------------------


def _compare(actual: Any, expected: Any, kind: Kind) -> None:
    if isinstance(expected, torch.Size):
        assert tuple(int(size) for size in actual) == _stored_sizes(tuple(expected), kind)
    elif isinstance(expected, torch.Tensor):
        expected = _stored(expected.numpy(), kind)
        assert tf.is_tensor(actual), f"{type(actual).__name__} instead of a tensor"
        assert actual.dtype.name == expected.dtype.name
        _close(actual.numpy(), expected)
    elif isinstance(expected, (tuple, list)) and expected and isinstance(expected[0], torch.Tensor):
        assert len(actual) == len(expected)
        for number, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
            _compare(ours, theirs, _item(kind, number))
    elif expected is None:
        assert actual is None
    else:
        _close(np.asarray(actual), np.asarray(expected))


def _item(kind: Kind, number: int) -> Kind:
    return kind.items[number] if isinstance(kind, Tuple) else element_of(kind)


def _close(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    if expected.dtype.kind != "f":
        assert np.array_equal(actual, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE * scale)


def _stored(value: np.ndarray, kind: Kind) -> np.ndarray:
    """A torch result as the generated code holds it."""
    return _permuted(value, isinstance(kind, Tensor) and kind.layout is Layout.IMAGE and value.ndim >= 3)


def _stored_sizes(sizes: tuple[int, ...], kind: Kind) -> tuple[int, ...]:
    image = isinstance(kind, Shape) and kind.tensor.layout is Layout.IMAGE
    return tuple(sizes[axis] for axis in to_stored(len(sizes))) if image else sizes


def _check_kind(actual: Any, kind: Kind) -> None:
    """The analysis said nothing about the result that isn't so."""
    kind = outside(kind)
    if tf.is_tensor(actual):
        assert isinstance(kind, Tensor), f"the result is a tensor, and was taken for {kind}"
        assert kind.rank in (None, actual.shape.rank), f"rank {actual.shape.rank}, taken for {kind.rank}"
        dtype = _DTYPE_KINDS[actual.dtype.as_numpy_dtype().dtype.kind]
        assert kind.dtype in (None, dtype), f"{dtype}, taken for {kind.dtype}"
    elif isinstance(actual, (list, tuple)) and actual and tf.is_tensor(actual[0]):
        assert isinstance(kind, (Sequence, Tuple, Shape)), f"several tensors, taken for {kind}"
        for number, item in enumerate(actual) if not isinstance(kind, Shape) else ():
            _check_kind(item, _item(kind, number))
    else:
        assert not isinstance(kind, Tensor), f"{actual!r} was taken for a tensor"


__all__ = ["check_gradient", "check_graph", "check_values", "has_batch"]
