"""The example calls of the rule table, and random inputs for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from row_snippets import Snippet

from transpiler import rules
from transpiler.rules.table import Case, Op

_KINDS = {"float32": "PLAIN", "int64": "int tensor", "bool": "bool tensor"}


@dataclass(frozen=True)
class Example:
    """One case of one row; `name` is the test's id."""

    row: Op
    case: Case
    name: str

    @property
    def has_image(self) -> bool:
        """Whether the first input can be held as a channels-last image."""
        shape, dtype = next(iter(inputs_of(self.case).values()), ((), ""))
        return len(shape) == 4 and dtype == "float32"


def op_rows() -> list[Op]:
    return [row for row in rules.ROWS if isinstance(row, Op)]


def examples() -> list[Example]:
    return [Example(row, case, f"{row.torch}-{number}") for row in op_rows() for number, case in enumerate(row.cases)]


def inputs_of(case: Case) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and dtype of each input of a case."""
    return {name: _described(value) for name, value in case.inputs.items()}


def _described(value: object) -> tuple[tuple[int, ...], str]:
    assert isinstance(value, tuple)
    if len(value) == 2 and isinstance(value[1], str):
        return value[0], value[1]
    return value, "float32"


def arrays(case: Case) -> dict[str, np.ndarray]:
    """Random inputs: standard normal numbers, small indices, or booleans."""
    generator = np.random.default_rng(7)
    return {name: _random(generator, shape, dtype) for name, (shape, dtype) in inputs_of(case).items()}


def _random(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    if dtype == "int64":
        return generator.integers(0, 3, shape)
    return generator.standard_normal(shape).astype(np.float32)


def without_hints(case: Case, code: str | None = None) -> Snippet:
    """The case as it stands: tensors of which the annotation alone is known."""
    return Snippet(code or case.code, tuple(case.inputs))


def in_torch_order(case: Case, code: str | None = None) -> Snippet:
    """The case with the rank and dtype of its tensors known, and torch's order."""
    kinds = {name: f"{_KINDS[dtype]}:{len(shape)}" for name, (shape, dtype) in inputs_of(case).items()}
    return Snippet(code or case.code, tuple(case.inputs), kinds)


def as_image(case: Case, *, all_of_them: bool = False) -> Snippet:
    """The case with its first tensor, or every one of the same rank, held as a channels-last image."""
    plain = in_torch_order(case)
    images = [name for name, kind in plain.kinds.items() if kind == "PLAIN:4"]
    kinds = {**plain.kinds, **dict.fromkeys(images if all_of_them else images[:1], "IMAGE:4")}
    return Snippet(case.code, plain.parameters, kinds)


def image_examples() -> Iterator[Example]:
    return (example for example in examples() if example.has_image)
