"""A picture of accuracy against throughput, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ..templating import render
from .ranking import Candidate

WIDTH, HEIGHT, MARGIN = 900, 560, 60
CHARACTER, LINE = 6.8, 12  # of a label, in pixels
COLOURS = {"verified": "#1a7f37", "generated": "#0969da", "refused": "#cf222e", "failed": "#cf222e"}
OTHER = "#8c959f"


@dataclass(frozen=True)
class Point:
    """A candidate in the picture, in pixels from the top left."""

    x: float
    y: float
    colour: str
    title: str
    label: str
    radius: int


@dataclass(frozen=True)
class Tick:
    """A line of the grid and its text."""

    place: float
    text: str


@dataclass(frozen=True)
class Picture:
    """The template's fields; `front` joins the points that nothing beats."""

    width: int
    height: int
    margin: int
    points: tuple[Point, ...]
    front: str
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    legend: tuple[tuple[str, str], ...]
    template: str = "scout.svg.j2"


def draw(candidates: Sequence[Candidate], shown: set[str], state_of: Callable[[str], str]) -> str:
    """The SVG of those candidates that have an accuracy; only the `shown` ones and the front are coloured.

    Labels stand at the front where there is room; every point has its name and figures as a title.
    """
    known = [each for each in candidates if each.top1 is not None]
    if not known:
        return render(Picture(WIDTH, HEIGHT, MARGIN, (), "", (), (), ()))
    x = _axis([math.log10(each.throughput) for each in known], MARGIN, WIDTH - MARGIN)
    y = _axis([each.top1 or 0.0 for each in known], HEIGHT - MARGIN, MARGIN)
    place = lambda each: (x(math.log10(each.throughput)), y(each.top1 or 0.0))  # noqa: E731
    named = _readable({each.arch: place(each) for each in known if each.on_front}, shown)
    points = [_point(each, *place(each), each.arch in shown, each.arch in named, state_of) for each in known]
    front = sorted(place(each) for each in known if each.on_front)
    lowest, highest = (math.log10(f(each.throughput for each in known)) for f in (min, max))
    tops = [each.top1 or 0.0 for each in known]
    return render(
        Picture(
            WIDTH,
            HEIGHT,
            MARGIN,
            tuple(points),
            " ".join(f"{a:.1f},{b:.1f}" for a, b in front),
            tuple(Tick(x(n), f"{10**n:,}") for n in range(math.ceil(lowest), math.floor(highest) + 1)),
            tuple(Tick(y(n), f"{n}") for n in range(math.ceil(min(tops) / 5) * 5, int(max(tops)) + 1, 5)),
            (*COLOURS.items(), ("not generated", OTHER)),
        )
    )


def _readable(places: Mapping[str, tuple[float, float]], first: Collection[str]) -> list[str]:
    """Names that can stand beside their points without crossing another; those in `first` choose first."""
    taken: list[tuple[str, float, float]] = []
    for name, (x, y) in sorted(places.items(), key=lambda item: (item[0] not in first, item[1])):
        width = CHARACTER * len(name)
        if x + width < WIDTH and not any(
            abs(y - other_y) < LINE and x < other_x + CHARACTER * len(other) and other_x < x + width
            for other, other_x, other_y in taken
        ):
            taken.append((name, x, y))
    return [name for name, _, _ in taken]


def _point(each: Candidate, x: float, y: float, shown: bool, named: bool, state_of: Callable[[str], str]) -> Point:
    state = state_of(each.arch)
    title = f"{each.arch} {each.img_size}: {each.top1:.2f} %, {each.throughput:.0f} images/s, {state}"
    colour = COLOURS.get(state, OTHER) if shown or each.on_front else "#d8dee4"
    return Point(x, y, colour, title, each.arch if named else "", 4 if each.on_front else 3)


def _axis(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = min(values), max(values)
    scale = (end - start) / (high - low) if high > low else 0.0
    return lambda value: start + (value - low) * scale
