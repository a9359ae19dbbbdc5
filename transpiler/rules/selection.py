"""Rows for distinct values and sliding windows."""

from __future__ import annotations

from ..kinds import Kind, Layout, Tensor, Tuple
from .table import BoundCall, Case, Op


def unique_kind(call: BoundCall) -> Kind:
    values = Tensor(Layout.PLAIN, 1, call.tensor.dtype)
    with_counts = call.given("return_counts") and call.literal("return_counts")
    return Tuple((values, Tensor(Layout.PLAIN, 1, "int"))) if with_counts else values


def windows_kind(call: BoundCall) -> Kind:
    rank = call.tensor.rank
    return Tensor(Layout.PLAIN, None if rank is None else rank + 1, call.tensor.dtype)


INTEGERS = {"i": ((2, 5), "int64")}
ROWS = (
    Op(
        "torch.unique",
        "input, *, return_counts=None",
        "F.unique({input}<, return_counts={return_counts}>)",
        "plain",
        unique_kind,
        cases=(
            Case("torch.unique(i)", INTEGERS),
            Case("torch.unique(i, return_counts=True)[0]", INTEGERS),
            Case("torch.unique(i, return_counts=True)[1]", INTEGERS),
        ),
    ),
    Op(
        "torch.Tensor.unfold",
        "input, dimension, size, step",
        "F.sliding_windows({input}, {dimension}, {size}, {step})",
        "plain",
        windows_kind,
        cases=(
            Case("x.unfold(2, 3, 2)", {"x": (2, 3, 7, 5)}, gradient=True),
            Case("x.unfold(2, 4, 2).unfold(3, 3, 2)", {"x": (2, 3, 8, 7)}),
        ),
    ),
)
