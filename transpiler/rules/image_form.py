"""Which calls can be done on an image as it is stored, and what is left of the image afterwards."""

from __future__ import annotations

from collections.abc import Callable

from ..kinds import Kind, Layout, Tensor
from ..layout import to_stored
from .table import BoundCall


def never(call: BoundCall) -> bool:
    return False


def only_with(parameter: str) -> Callable[[BoundCall], bool]:
    """The call has an image form if `parameter` is given: without it the order of all elements matters."""
    return lambda call: call.given(parameter)


def axes_of(call: BoundCall, parameter: str = "dim") -> tuple[int, ...] | None:
    """Constant axes of a call, counted from the front; None when they can't be seen."""
    rank = call.tensor.rank
    value = call.sizes_literal(parameter)
    if rank is None or value is None or not isinstance(value, (int, tuple, list)):
        return None
    axes = (value,) if isinstance(value, int) else tuple(value)
    return tuple(axis % rank for axis in axes) if all(isinstance(axis, int) for axis in axes) else None


def without_axes(call: BoundCall, axes: tuple[int, ...]) -> Tensor | None:
    """What an image is once `axes` are gone; None when it is neither in torch's order nor an image any more."""
    rank, dtype = call.tensor.rank, call.tensor.dtype
    assert rank is not None
    kept = [axis for axis in range(rank) if axis not in axes]
    if [axis for axis in to_stored(rank) if axis in kept] == kept:
        return Tensor(Layout.PLAIN, len(kept), dtype)
    return Tensor(Layout.IMAGE, len(kept), dtype) if kept[:2] == [0, 1] else None


def drops_axes(call: BoundCall) -> bool:
    """The image form of a call that removes the axes `dim`, unless `keepdim` is given as a constant."""
    axes = axes_of(call)
    if axes is None:
        return True
    if call.given("keepdim"):
        keep = call.one("keepdim")
        if not keep.is_literal or keep.literal:
            return keep.is_literal
    return without_axes(call, axes) is not None


def after_dropping(call: BoundCall) -> Kind | None:
    """The kind of an image after `drops_axes`; None when the tensor is no image."""
    axes = axes_of(call) if call.layout is Layout.IMAGE else None
    return None if axes is None else without_axes(call, axes)
