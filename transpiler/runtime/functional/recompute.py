"""Recomputation: intermediate results are forgotten and computed again for the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ..keras_private import current_call_state
from .random import draw_seed, repeated_draws

_TORCH_OPTIONS = ("use_reentrant", "preserve_rng_state", "determinism_check", "context_fn", "debug")


def checkpoint(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`torch.utils.checkpoint.checkpoint`: run `function(*args, **kwargs)` without keeping what it computes.

    The second run, for the gradient, sees the same random numbers, training flag and compute dtype.
    """
    kwargs = {name: value for name, value in kwargs.items() if name not in _TORCH_OPTIONS}
    values = keras.tree.flatten((args, kwargs))
    # Gradients flow to floating tensors only; the rest is closed over.
    places = [place for place, value in enumerate(values) if tf.is_tensor(value) and _is_floating(value)]
    seed, call_state = draw_seed(), current_call_state()

    def run(*tensors: Any) -> Any:
        replaced = dict(zip(places, tensors, strict=True))
        flat = [replaced.get(place, value) for place, value in enumerate(values)]
        inner_args, inner_kwargs = keras.tree.pack_sequence_as((args, kwargs), flat)
        with call_state(), repeated_draws(seed):
            return function(*inner_args, **inner_kwargs)

    return tf.recompute_grad(run)(*[tf.convert_to_tensor(values[place]) for place in places])


def _is_floating(value: Any) -> bool:
    return tf.as_dtype(value.dtype).is_floating
