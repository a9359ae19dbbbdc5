"""The rule table: every torch API that is mapped, erased or declared missing, one row each."""

from __future__ import annotations

from functools import cache

from . import arithmetic, creation, functional, layers, reductions, reshaping, selection, values
from .table import Erase, Layer, Missing, Op, Row, Value

ROWS: tuple[Row, ...] = (
    *reshaping.ROWS,
    *arithmetic.ROWS,
    *reductions.ROWS,
    *selection.ROWS,
    *creation.ROWS,
    *functional.ROWS,
    *layers.ROWS,
    *values.VALUES,
    *values.ERASED,
    *values.MISSING,
)


@cache
def by_name() -> dict[str, Row]:
    """Rows by torch name, aliases included; a name in two rows is an error in the table."""
    found: dict[str, Row] = {}
    for row in ROWS:
        for name in (row.torch, *getattr(row, "also", ())):
            if name in found:
                raise ValueError(f"{name} has two rows")
            found[name] = row
    return found


def find(name: str) -> Row | None:
    """The row of a qualified torch name."""
    return by_name().get(name)


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(".".join(parts[:n]) for name in by_name() for parts in [name.split(".")] for n in range(1, len(parts)))


def is_prefix(name: str) -> bool:
    """Whether a row's name starts with `name.`, such as `torch.nn.functional`."""
    return name in _prefixes()


@cache
def tensor_methods() -> frozenset[str]:
    """Names of tensor methods and attributes that have a row."""
    return frozenset(name.removeprefix("torch.Tensor.") for name in by_name() if name.startswith("torch.Tensor."))


__all__ = ["ROWS", "Erase", "Layer", "Missing", "Op", "Row", "Value", "by_name", "find", "is_prefix", "tensor_methods"]
