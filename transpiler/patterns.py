"""Patterns of syntax: the words of `libcst.matchers` that are used here, with their meaning.

Importing libcst's own takes longer than transpiling a small module does, and they are slow to match. A pattern of a
node is written as the node is: `Call(func=Name("super"))`. A field that isn't named may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache

import libcst as cst


class Pattern:
    """What a value may look like."""

    def fits(self, value: object, saved: dict[str, object]) -> bool:
        """Whether a value looks like this; parts that have a name go to `saved`."""
        raise NotImplementedError

    def __or__(self, other: Pattern) -> Pattern:
        return _Either((self, other))


@dataclass(frozen=True)
class DoNotCare(Pattern):
    """Anything."""

    def fits(self, value: object, saved: dict[str, object]) -> bool:
        return True


@dataclass(frozen=True)
class SaveMatchedNode(Pattern):
    """What `extract` gives by `name`."""

    pattern: Pattern
    name: str

    def fits(self, value: object, saved: dict[str, object]) -> bool:
        if not self.pattern.fits(value, saved):
            return False
        saved[self.name] = value
        return True


@dataclass(frozen=True)
class AtLeastN(Pattern):
    """A part of a sequence: `n` and more of the same. A sequence has one at most."""

    pattern: Pattern
    n: int

    def fits(self, value: object, saved: dict[str, object]) -> bool:
        assert isinstance(value, (list, tuple))
        return len(value) >= self.n and all(self.pattern.fits(item, saved) for item in value)


def ZeroOrMore() -> AtLeastN:
    """A part of a sequence, whatever it is."""
    return AtLeastN(DoNotCare(), 0)


@dataclass(frozen=True)
class _Either(Pattern):
    choices: tuple[Pattern, ...]

    def fits(self, value: object, saved: dict[str, object]) -> bool:
        return any(choice.fits(value, saved) for choice in self.choices)


@dataclass(frozen=True)
class _Node(Pattern):
    kind: type[cst.CSTNode]
    wanted: tuple[tuple[str, object], ...]

    def fits(self, value: object, saved: dict[str, object]) -> bool:
        return type(value) is self.kind and all(_fits(getattr(value, name), part, saved) for name, part in self.wanted)


def __getattr__(name: str) -> Callable[..., Pattern]:
    """The pattern of the node type called `name`; its arguments are that type's fields."""
    return _pattern_of(name)


@cache
def _pattern_of(name: str) -> Callable[..., Pattern]:
    kind = getattr(cst, name, None)
    if not (isinstance(kind, type) and issubclass(kind, cst.CSTNode)):
        raise AttributeError(f"no type of node is called {name}")
    order = [field.name for field in fields(kind)]
    known = frozenset(order)

    def pattern(*arguments: object, **named: object) -> Pattern:
        if not known >= named.keys() or len(arguments) > len(order):
            raise TypeError(f"{name} has no such field: {', '.join(named) or len(arguments)}")
        return _Node(kind, (*zip(order, arguments, strict=False), *named.items()))

    return pattern


def _fits(value: object, wanted: object, saved: dict[str, object]) -> bool:
    if isinstance(wanted, Pattern):
        return wanted.fits(value, saved)
    if isinstance(wanted, list):
        return isinstance(value, (list, tuple)) and _fits_in_a_row(value, wanted, saved)
    return value == wanted


def _fits_in_a_row(values: Sequence[object], wanted: list[Pattern], saved: dict[str, object]) -> bool:
    place = next((i for i, part in enumerate(wanted) if isinstance(part, AtLeastN)), None)
    if place is None:
        return len(values) == len(wanted) and all(map(_fits, values, wanted, [saved] * len(wanted)))
    last = len(values) - (len(wanted) - place - 1)
    return (
        place <= last
        and wanted[place].fits(values[place:last], saved)
        and _fits_in_a_row((*values[:place], *values[last:]), [*wanted[:place], *wanted[place + 1 :]], saved)
    )


def matches(node: object, pattern: Pattern) -> bool:
    """Whether a node, or what stands in the place of one, looks like a pattern."""
    return pattern.fits(node, {})


def extract(node: cst.CSTNode, pattern: Pattern) -> dict[str, object] | None:
    """The parts of a node that have names in a pattern; None when it looks otherwise."""
    saved: dict[str, object] = {}
    return saved if pattern.fits(node, saved) else None
