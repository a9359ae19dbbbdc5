"""The only place that reaches into Keras' private modules; verified with Keras 3.15."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
from keras.src.backend import compute_output_spec as output_spec
from keras.src.backend.common import global_state
from keras.src.backend.common.keras_tensor import any_symbolic_tensors
from keras.src.backend.common.variables import AutocastScope, get_autocast_scope

__all__ = [
    "any_symbolic_tensors",
    "as_it_is",
    "autocast_dtype",
    "copied_layer",
    "current_call_context",
    "current_call_state",
    "default_policy",
    "outstanding_draws",
    "output_spec",
    "scope_to_open",
    "set_outstanding_draws",
    "trained_by",
    "training_in_context",
]


def as_it_is(error: Any) -> Any:
    """The error, marked so that Keras doesn't write the arguments of the call around what it says."""
    error._keras_call_info_injected = True
    return error


def trained_by(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """The variables that an optimizer was built for."""
    return list(optimizer._trainable_variables)


def current_call_context() -> Any:
    """The context of the enclosing `Layer.__call__`, or None outside of any."""
    return global_state.get_global_attribute("current_call_ctx")


def autocast_dtype() -> str | None:
    """The dtype variables are read in, or None where no mixed-precision scope is open."""
    scope = get_autocast_scope()
    return None if scope is None else scope.dtype


def scope_to_open(layer: Any) -> AutocastScope | None:
    """The autocast scope that `Layer.__call__` would open; None where the present one holds on."""
    current, policy = get_autocast_scope(), layer._dtype_policy
    if current is None:
        is_mixed = layer.autocast and policy.compute_dtype != policy.variable_dtype
        return AutocastScope(policy.compute_dtype) if is_mixed else None
    if not layer.autocast:
        return AutocastScope(None)
    return None if current.dtype == policy.compute_dtype else AutocastScope(policy.compute_dtype)


@contextmanager
def default_policy(dtype: Any) -> Iterator[None]:
    """Let layers that are made inside the block have this dtype policy unless they are told another one."""
    if dtype is None:
        yield
        return
    # Read as it is: what Keras' getter makes up where nothing is set would no longer follow `floatx`.
    previous = global_state.get_global_attribute("dtype_policy")
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        global_state.set_global_attribute("dtype_policy", previous)


def outstanding_draws() -> Any:
    """What this thread keeps of random values that wait to be drawn, or None where none wait."""
    return global_state.get_global_attribute("outstanding_draws")


def set_outstanding_draws(draws: Any) -> None:
    """Keep that until it is set to None."""
    global_state.set_global_attribute("outstanding_draws", draws)


@contextmanager
def training_in_context(context: Any, training: Any) -> Iterator[None]:
    """Let `training` hold inside the block only."""
    previous = context.get_value("training")
    context.set_value("training", training)
    try:
        yield
    finally:
        context.set_value("training", previous)


def copied_layer(layer: Any, memo: dict[int, Any]) -> Any:
    """A deep copy, attribute by attribute. Keras' own goes through a file, which few layers can be written to."""
    copied = keras.layers.Layer.__new__(type(layer))
    memo[id(layer)] = copied
    # The tracker knows by their ids what it holds, and copies of dicts it watches ask it.
    tracker = copy.deepcopy(vars(layer)["_tracker"], memo)
    for name, (_, store) in tracker.config.items():
        tracker.stored_ids[name] = {id(tracked) for tracked in store}
    for name, value in vars(layer).items():
        copied.__dict__[name] = copy.deepcopy(value, memo)
    return copied


def current_call_state() -> Callable[[], AbstractContextManager[None]]:
    """Remember training flag and compute dtype; the result opens them again, also after the call has ended."""
    context, dtype = current_call_context(), autocast_dtype()
    training = None if context is None else context.get_value("training")

    @contextmanager
    def reopened() -> Iterator[None]:
        ended = context is not None and current_call_context() is None
        if ended:
            global_state.set_global_attribute("current_call_ctx", context)
        previous = None if context is None else context.get_value("training")
        if context is not None:
            context.set_value("training", training)
        try:
            with AutocastScope(dtype):
                yield
        finally:
            if context is not None:
                context.set_value("training", previous)
            if ended:
                global_state.set_global_attribute("current_call_ctx", None)

    return reopened
