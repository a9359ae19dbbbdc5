"""Does a piece of work on the program again only when something that it asked about has changed.

Typing a function is such a piece: what it notes in the program follows from what it asked. Rounds over thousands of
functions are quick when only the few that hear something new are typed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Replay:
    """What was asked and answered, and what was noted, in order."""

    answers: dict[tuple[Callable[..., object], tuple[str, ...]], object] = field(default_factory=dict)
    notes: list[tuple[Callable[..., None], tuple[object, ...]]] = field(default_factory=list)

    def holds(self) -> bool:
        """Whether every question would be answered as it was."""
        return all(ask(*arguments) == answer for (ask, arguments), answer in self.answers.items())

    def run(self) -> None:
        """Note again what was noted."""
        for note, arguments in self.notes:
            note(*arguments)
