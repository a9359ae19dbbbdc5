"""The comparisons. Each returns its error figure or raises ParityFailure or NotApplicable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .compare import Array, worst_error
from .errors import NotApplicable, ParityFailure
from .frameworks import tf, torch
from .pair import Pair, as_torch, from_tensorflow, from_torch


@dataclass(frozen=True)
class Comparison:
    """Both models of a pair on one batch of channels-last images; timm's results are computed once."""

    pair: Pair
    images: Array

    @cached_property
    def expected(self) -> dict[str, Array]:
        with torch.no_grad():
            return from_torch(self.pair.upstream(as_torch(self.images)), self.pair.layout)

    @cached_property
    def _upstream_features(self) -> Any:
        with torch.no_grad():
            return self.pair.upstream.forward_features(as_torch(self.images))

    def eager(self) -> float:
        return worst_error(self.expected, from_tensorflow(self.pair.generated(tf.constant(self.images))))

    def graph(self, jit_compile: bool = False) -> float:
        """tf.function with unknown batch size, called with two batch sizes: one trace serves both."""
        height, width, channels = self.images.shape[1:]
        signature = [tf.TensorSpec((None, height, width, channels), tf.float32)]
        compiled = tf.function(
            lambda images: self.pair.generated(images), input_signature=signature, jit_compile=jit_compile
        )
        error = worst_error(self.expected, from_tensorflow(compiled(tf.constant(self.images))))
        if jit_compile:
            return error  # XLA would compile again for another batch size
        single = {label: value[:1] for label, value in self.expected.items()}
        return max(error, worst_error(single, from_tensorflow(compiled(tf.constant(self.images[:1])))))

    def features(self) -> float:
        actual = self.pair.generated.forward_features(tf.constant(self.images))
        return worst_error(from_torch(self._upstream_features, self.pair.layout), from_tensorflow(actual))

    def pre_logits(self) -> float:
        with torch.no_grad():
            expected = _or_not_applicable(
                lambda: self.pair.upstream.forward_head(self._upstream_features, pre_logits=True)
            )
        features = self.pair.generated.forward_features(tf.constant(self.images))
        actual = self.pair.generated.forward_head(features, pre_logits=True)
        return worst_error(from_torch(expected, self.pair.layout), from_tensorflow(actual))

    def intermediates(self, **kwargs: Any) -> float:
        """Every intermediate, and the final features that come with them."""
        with torch.no_grad():
            final, expected = _or_not_applicable(
                lambda: self.pair.upstream.forward_intermediates(as_torch(self.images), **kwargs)
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


def _or_not_applicable(call: Callable[[], Any]) -> Any:
    """What timm refuses is not asked of the generated model."""
    try:
        return call()
    except (AssertionError, TypeError, AttributeError, NotImplementedError) as error:
        raise NotApplicable(f"timm: {type(error).__name__}: {error}") from error
