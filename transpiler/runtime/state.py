"""State dictionaries: torch's names to arrays in torch's layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from .checkpoints import TensorSource, tensor_source

_MOST_NAMED = 8


class IncompatibleKeys(NamedTuple):
    """What did not fit in a `load_state_dict`."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def named_state(module: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every parameter and persistent buffer, module by module, shared ones under each of their names."""
    for path, owner in module.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
        for name, tensor in _own_state(owner):
            if tensor is not None:
                yield (f"{path}.{name}" if path else name), tensor


def _own_state(layer: Any) -> Iterator[tuple[str, Any]]:
    registry = getattr(layer, "_registry", None)
    if registry is None:
        # A stock Keras layer someone put in: Keras' names and layout.
        yield from ((variable.name, variable) for variable in layer.weights)
        return
    yield from registry.parameters.items()
    yield from ((name, buffer) for name, buffer in registry.buffers.items() if name not in registry.non_persistent)


def state_dict(module: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """See `Module.state_dict`."""
    return {name: np.asarray(tensor.numpy()) for name, tensor in named_state(module, prefix)}


def load_state_dict(module: Any, state: Any, strict: bool = True) -> IncompatibleKeys:
    """See `Module.load_state_dict`."""
    source = _changed_by_hooks(module, tensor_source(state), strict)
    targets = dict(named_state(module))
    missing = [name for name in targets if name not in source]
    unexpected = [name for name in source if name not in targets]
    problems = _listed("Shape mismatch for", _shape_errors(source, targets))
    if strict:
        problems += _listed("Missing key(s) in state_dict:", missing)
        problems += _listed("Unexpected key(s) in state_dict:", unexpected)
    if problems:
        raise RuntimeError(" ".join([f"Error in loading state_dict for {type(module).__name__}:", *problems]))
    for name, target in targets.items():
        if name in source:
            _assign(target, source.read(name))
    return IncompatibleKeys(missing, unexpected)


def _changed_by_hooks(module: Any, source: TensorSource, strict: bool) -> TensorSource:
    """What the hooks of a module, and of those below it, make of a state dict."""
    hooks = [
        (hook, owner, f"{path}." if path else "")
        for path, owner in module.named_modules(remove_duplicate=False)
        if hasattr(owner, "_registry")
        for hook in tuple(owner._registry.load_hooks.values())
    ]
    if not hooks:
        return source
    state = {name: tf.convert_to_tensor(source.read(name)) for name in source}
    errors: list[str] = []
    for hook, owner, prefix in hooks:
        hook(owner, state, prefix, {}, strict, [], [], errors)
    if errors:
        raise RuntimeError(" ".join([f"Error in loading state_dict for {type(module).__name__}:", *errors]))
    return tensor_source(state)


def _shape_errors(source: TensorSource, targets: dict[str, Any]) -> Iterator[str]:
    for name, target in targets.items():
        if name not in source:
            continue
        received, expected = source.shape(name), tuple(target.shape)
        if received != expected:
            yield f"{name}: the checkpoint has {received}, the model {expected}"


def _listed(problem: str, places: Iterable[str]) -> list[str]:
    """One sentence, which names the first places; none if there are none."""
    places = list(places)
    named, more = places[:_MOST_NAMED], len(places) - _MOST_NAMED
    others = f" and {more} more" if more > 0 else ""
    return [f"{problem} {'; '.join(named)}{others}."] if places else []


def _assign(target: Any, array: Any) -> None:
    # TensorFlow transposes with several threads, about five times as fast as NumPy.
    variable = getattr(target, "variable", target)
    tensor = tf.convert_to_tensor(array)
    if variable is not target:
        tensor = tf.transpose(tensor, target.to_stored)
    variable.assign(tf.cast(tensor, variable.dtype))
