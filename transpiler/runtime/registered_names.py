"""What a user is told who asks for a model that there is none of: by its name, or by its numbers."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Collection, Mapping
from typing import Any

_SHOWN = 5
_COUNTS = {"num_classes": "0 for no classifier", "in_chans": "1 or more"}


def unknown_name(name: str, known: Collection[str]) -> str:
    """One line that says that there is no such model, with the names nearest to it."""
    near = difflib.get_close_matches(name, known, n=_SHOWN)
    hint = f"nearest: {', '.join(near)}; " if near else ""
    return f"Unknown model ({name}); {hint}list_models() gives the {len(known)} of this package"


def check_counts(arguments: Mapping[str, Any]) -> None:
    """Refuse numbers of classes and of channels that are none.

    Raises:
        TypeError: one is no integer; None, for the architecture's own, may stand.
        ValueError: there are no channels.
    """
    for name, meaning in _COUNTS.items():
        value = arguments.get(name)
        if value is None:
            continue
        said = f"Expected {name} to be an integer, {meaning}. Received: {value!r}"
        if not isinstance(value, numbers.Integral):
            raise TypeError(said)
        if name == "in_chans" and value < 1:
            raise ValueError(said)
