"""The comparisons. Each returns its error figure or raises ParityFailure or NotApplicable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .compare import Array, worst_error
from .errors import NotApplicable, ParityFailure
from .frameworks import tf, torch
from .pair import Pair, as_torch, from_tensorflow, from_torch

# What timm raises where a form of a model lacks a method or option, and where a model cannot take a size.
_OF_A_METHOD = (AssertionError, TypeError, AttributeError, NotImplementedError)
_OF_A_SIZE = (AssertionError, IndexError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Comparison:
    """Both models of a pair on one batch of channels-last images; timm's results are computed once."""

    pair: Pair
    images: Array
    is_other_size: bool = False

    def _asked(self, call: Callable[[], Any]) -> Any:
        """timm's answer; to images of another size than its own it may have none."""
        return _or_not_applicable(call, _OF_A_SIZE) if self.is_other_size else call()

    @property
    def expected(self) -> dict[str, Array]:
        return self._upstream_pass[0]

    @cached_property
    def _upstream_features(self) -> Any:
        """Those made on the way to the output where timm's forward goes through forward_features."""
        kept, model = self._upstream_pass[1], self.pair.upstream
        if kept or not hasattr(model, "forward_features"):
            return kept[0] if kept else None
        with torch.no_grad():  # a form may have the method and refuse it
            return _or_not_applicable(lambda: model.forward_features(as_torch(self.images)))

    @cached_property
    def _upstream_pass(self) -> tuple[dict[str, Array], list[Any]]:
        """timm's output, and what its forward_features gave on the way."""
        model, images = self.pair.upstream, as_torch(self.images)
        with torch.no_grad(), _recorded(model, "forward_features") as results:
            output = from_torch(self._asked(lambda: model(images)), self.pair.layout)
        return output, results

    @cached_property
    def _generated_features(self) -> Any:
        return self.pair.generated.forward_features(tf.constant(self.images))

    @cached_property
    def _traced(self) -> Any:
        """The generated model as a graph with unknown batch size."""
        signature = [tf.TensorSpec((None, *self.images.shape[1:]), self.images.dtype)]
        return tf.function(lambda images: self.pair.generated(images), input_signature=signature)

    def eager(self) -> float:
        return worst_error(self.expected, from_tensorflow(self.pair.generated(tf.constant(self.images))))

    def graph(self) -> float:
        """tf.function with unknown batch size, called with two batch sizes: one trace serves both."""
        error = worst_error(self.expected, from_tensorflow(self._traced(tf.constant(self.images))))
        return max(error, self._error_of_one(self._traced))

    def xla(self) -> float:
        """The same graph compiled by XLA, for one image: for another batch size it would be compiled again."""
        return self._error_of_one(tf.function(self._traced, jit_compile=True, autograph=False))

    def _error_of_one(self, function: Callable[[Any], Any]) -> float:
        single = {label: value[:1] for label, value in self.expected.items()}
        return worst_error(single, from_tensorflow(function(tf.constant(self.images[:1]))))

    def features(self) -> float:
        return worst_error(
            from_torch(self._upstream_features, self.pair.layout), from_tensorflow(self._generated_features)
        )

    def pre_logits(self) -> float:
        with torch.no_grad():
            expected = _or_not_applicable(
                lambda: self.pair.upstream.forward_head(self._upstream_features, pre_logits=True)
            )
        actual = self.pair.generated.forward_head(self._generated_features, pre_logits=True)
        return worst_error(from_torch(expected, self.pair.layout), from_tensorflow(actual))

    def intermediates(self, **kwargs: Any) -> float:
        """Every intermediate, and the final features that come with them."""
        with torch.no_grad():
            upstream = self.pair.upstream
            final, expected = _or_not_applicable(
                lambda: self._asked(lambda: upstream.forward_intermediates(as_torch(self.images), **kwargs))
            )
        actual_final, actual = self.pair.generated.forward_intermediates(tf.constant(self.images), **kwargs)
        return max(
            worst_error(from_torch(expected, kwargs.get("output_fmt", "NCHW")), from_tensorflow(actual)),
            worst_error(from_torch(final, self.pair.layout), from_tensorflow(actual_final)),
        )


def state_dict_error(pair: Pair) -> float:
    """0.0 when the generated model gives back exactly the names, order, layouts and values it was given."""
    actual = pair.generated.state_dict()
    if list(actual) != list(pair.state):
        missing, extra = set(pair.state) - set(actual), set(actual) - set(pair.state)
        detail = f"missing {sorted(missing)[:5]}, extra {sorted(extra)[:5]}" if missing or extra else "in another order"
        raise ParityFailure(f"state_dict() has other names: {detail}")
    for name, expected in pair.state.items():
        value = np.asarray(actual[name])
        if value.shape != expected.shape or value.dtype != expected.dtype:
            raise ParityFailure(f"{name} is {value.dtype}{value.shape}, timm's is {expected.dtype}{expected.shape}")
        if not np.array_equal(value, expected):
            raise ParityFailure(f"{name} comes back with other values")
    return 0.0


@contextmanager
def _recorded(model: Any, method: str) -> Iterator[list[Any]]:
    """Within, the results of a model's method are kept, in the order of its calls."""
    results: list[Any] = []
    original = getattr(model, method, None)
    if original is None:
        yield results
        return

    def record(*args: Any, **kwargs: Any) -> Any:
        results.append(original(*args, **kwargs))
        return results[-1]

    setattr(model, method, record)
    try:
        yield results
    finally:
        delattr(model, method)


def _or_not_applicable(call: Callable[[], Any], refusals: tuple[type[Exception], ...] = _OF_A_METHOD) -> Any:
    """What timm refuses is not asked of the generated model."""
    try:
        return call()
    except refusals as error:
        raise NotApplicable(f"timm: {type(error).__name__}: {error}") from error
