"""Keras' training methods under MultiWorkerMirroredStrategy, where Keras 3.15's own stop at values of the strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class ManyWorkers:
    """What a model does differently while it is one of many workers: beside `keras.Model`, and before it."""

    distribute_strategy: Any

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        strategy = self.distribute_strategy
        if iterator is not None and _has_many_workers(strategy):
            # Keras means the mean of all workers' batches, which it can't take; any batch will do.
            _, _, batches = next(iter(iterator))
            data_batch = keras.tree.map_structure(
                lambda value: strategy.experimental_local_results(value)[0], next(batches)
            )
            iterator = None
        super()._maybe_symbolic_build(iterator, data_batch)  # type: ignore[misc]

    def _make_function(self, step_function: Callable[..., Any]) -> Any:
        if not _has_many_workers(self.distribute_strategy):
            return super()._make_function(step_function)  # type: ignore[misc]

        def step_with_an_axis(data: Any) -> Any:
            # Keras takes the mean over the first axis of what the workers give, and scalars have none.
            return keras.tree.map_structure(_at_least_a_vector, step_function(data))

        return super()._make_function(step_with_an_axis)  # type: ignore[misc]


def _has_many_workers(strategy: Any) -> bool:
    is_multi_worker = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return is_multi_worker and strategy.extended._in_multi_worker_mode()


def _at_least_a_vector(value: Any) -> Any:
    return value[None] if tf.is_tensor(value) and value.shape.rank == 0 else value
