"""Where the milliseconds of a call go: TensorFlow's own profile, summed by kind of operation."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

CALLS = 3
KEPT = 8
_NOT_OPERATIONS = ("Run", "Process")


def profile(call: Callable[[], Any]) -> dict[str, float]:
    """Milliseconds a call of the operations that take longest, by their type; of one call, the mean of three."""
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    call()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(CALLS):
            call()
        tf.profiler.experimental.stop()
        space = XSpace()
        for file in Path(folder).rglob("*.xplane.pb"):
            space.MergeFromString(file.read_bytes())
    return {name: round(spent / 1e9 / CALLS, 2) for name, spent in _picoseconds(space).most_common(KEPT)}


def _picoseconds(space: Any) -> Counter[str]:
    """Events of operations are named `name:Type`."""
    spent: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                _, colon, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                kind = kind.split("#")[0].strip()
                if colon and kind not in _NOT_OPERATIONS and not kind.startswith("__"):
                    spent[kind] += event.duration_ps
    return spent
