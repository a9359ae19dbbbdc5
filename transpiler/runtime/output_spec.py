"""Static shapes of a layer's outputs that TensorFlow loses while the size of the batch is unknown.

`tf.reshape(x, (batch, height * width, -1))` is one: TensorFlow leaves two sizes open, though only the batch is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

_BATCHES = (2, 3)


def with_sizes(traced: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What `traced(*args, **kwargs)` gives, with the sizes that are the same for batches of any size.

    Args:
        traced: gives KerasTensors for KerasTensors.
    """
    output = traced(*args, **kwargs)
    if all(None not in _after_the_batch(tensor) for tensor in keras.tree.flatten(output)):
        return output
    of_batches = []
    for batch in _BATCHES:
        given = keras.tree.map_structure(lambda value, batch=batch: _of_batch(value, batch), (args, kwargs))
        of_batches.append(traced(*given[0], **given[1]))
    return keras.tree.map_structure(_joined, output, *of_batches)


def _after_the_batch(value: Any) -> tuple[int | None, ...]:
    return tuple(value.shape[1:]) if isinstance(value, keras.KerasTensor) else ()


def _of_batch(value: Any, batch: int) -> Any:
    if not isinstance(value, keras.KerasTensor) or not value.shape or value.shape[0] is not None:
        return value
    return keras.KerasTensor((batch, *value.shape[1:]), dtype=value.dtype)


def _joined(output: Any, *of_batches: Any) -> Any:
    if not isinstance(output, keras.KerasTensor):
        return output
    sizes = zip(*(tensor.shape for tensor in of_batches), strict=True)
    same = (found[0] if len(set(found)) == 1 else None for found in sizes)
    shape = tuple(own if own is not None else other for own, other in zip(output.shape, same, strict=True))
    return keras.KerasTensor(shape, dtype=output.dtype)
