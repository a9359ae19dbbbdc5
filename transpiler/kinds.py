"""What an expression is: a tensor of some layout and rank, a module, a shape, a Python value, or not known.

Kinds are values; `join` says what an expression is when two paths of control meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from functools import reduce


class Layout(Enum):
    """How the generated code stores a tensor, seen from the axes that the torch source uses for it.

    IMAGE: torch sees (B, C, spatial...); stored (B, spatial..., C).
    PLAIN: stored with the axes of the torch source. A channels-last image that the source itself made by
        permuting is PLAIN: its axes already are the stored ones.
    OPAQUE: a parameter or a result that nothing has decided yet; only layout-free operations are allowed on it.
    """

    IMAGE = "IMAGE"
    PLAIN = "PLAIN"
    OPAQUE = "OPAQUE"


@dataclass(frozen=True)
class Kind:
    """Base of all kinds."""


@dataclass(frozen=True)
class Unknown(Kind):
    """Nothing is known; a tensor method on it is refused."""


@dataclass(frozen=True)
class Python(Kind):
    """A plain Python value: number, string, dtype, configuration."""


@dataclass(frozen=True)
class NoneValue(Kind):
    """The value None; joins into whatever the other path gives."""


@dataclass(frozen=True)
class Tensor(Kind):
    """A tensor. `origin` names the parameter whose layout it shares.

    `dtype` is 'bool', 'int', 'float', 'complex', None, or '@p': that of the function's parameter p, whose callers
        differ.
    `per_channel` says that it has one value a channel of an image: `(C, 1, 1)`, `(1, C, 1, 1)` or `(B, C, 1, 1)`.
    `is_flat` says that it has fewer than four axes, `of_four` how one of unknown rank is stored where it has four.
    `is_last` says that it is an image whose channels the source has put last, which is stored as the image is.
    `swapped` are two axes that the source has just swapped, (-2, -1) for the last two: `tokens.transpose(1, 2)`.
    `of_images` says that images are in it, in torch's order: its last three axes are (C, H, W).
    """

    layout: Layout = Layout.PLAIN
    rank: int | None = None
    dtype: str | None = None
    variable: bool = False
    origin: str | None = None
    per_channel: bool = False
    is_flat: bool = False
    of_four: Layout | None = None
    swapped: tuple[int, int] | None = None
    is_last: bool = False
    of_images: bool = False


@dataclass(frozen=True)
class Shape(Kind):
    """The shape of a tensor, in stored order; or a slice of it, in torch's."""

    tensor: Tensor = field(default_factory=Tensor)
    is_slice: bool = False


@dataclass(frozen=True)
class Instance(Kind):
    """An object of one of `classes` (qualified names); no classes means an unresolved module.

    `element` is what a container holds. `runs` are the modules of a torch.nn.Sequential in order, where they are known,
    for each way that it may be made in.
    """

    classes: frozenset[str] = frozenset()
    element: Kind | None = None
    runs: frozenset[tuple[Kind, ...]] = frozenset()


@dataclass(frozen=True)
class ClassValue(Kind):
    """A class, or a partial of it, held as a value."""

    classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FunctionValue(Kind):
    """A function of the source (qualified name) or an external one."""

    name: str


@dataclass(frozen=True)
class AnyFunction(Kind):
    """One of several functions, chosen while the program runs."""

    functions: frozenset[FunctionValue]


@dataclass(frozen=True)
class Sequence(Kind):
    """A list or tuple of unknown length."""

    element: Kind


@dataclass(frozen=True)
class Tuple(Kind):
    """A tuple or list whose items are known one by one."""

    items: tuple[Kind, ...]


@dataclass(frozen=True)
class Mapping(Kind):
    """A dict; keys are Python values."""

    value: Kind


_MOST_RUNS = 8
UNKNOWN = Unknown()
PYTHON = Python()
NONE = NoneValue()
OPAQUE_TENSOR = Tensor(Layout.OPAQUE)


def item_name(parameter: str, index: int) -> str:
    """How one of the tensors of a parameter that is a tuple is called, where parameters are called by their names."""
    return f"{parameter}[{index}]"


def with_items(arguments: dict[str, Kind]) -> dict[str, Kind]:
    """What is passed for parameters, the items of tuples among it one by one."""
    tuples = [(name, kind) for name, kind in arguments.items() if isinstance(kind, Tuple)]
    return arguments | {item_name(name, i): item for name, kind in tuples for i, item in enumerate(kind.items)}


def with_own_dtype(kind: Kind, parameter: str) -> Kind:
    """A parameter that its callers pass in several dtypes: what is made of it can still be told at each call."""
    if isinstance(kind, Sequence):
        return Sequence(with_own_dtype(kind.element, parameter))
    if isinstance(kind, Tensor) and kind.dtype is None:
        return replace(kind, dtype=f"@{parameter}")
    return kind


def dtype_at_call(dtype: str | None, arguments: dict[str, Kind]) -> str | None:
    """A dtype inside a function, as it is for a call with these arguments."""
    if dtype is None or not dtype.startswith("@"):
        return dtype
    passed = arguments.get(dtype[1:])
    passed = passed.element if isinstance(passed, Sequence) else passed
    return passed.dtype if isinstance(passed, Tensor) else None


def outside(kind: Kind) -> Kind:
    """A kind without what only means something inside the function that it comes from."""
    if isinstance(kind, Tensor):
        return replace(kind, origin=None, dtype=dtype_at_call(kind.dtype, {}))
    if isinstance(kind, Sequence):
        return Sequence(outside(kind.element))
    if isinstance(kind, Tuple):
        return Tuple(tuple(outside(item) for item in kind.items))
    return kind


def is_tensor(kind: Kind) -> bool:
    return isinstance(kind, Tensor)


def plain(rank: int | None = None, dtype: str | None = None) -> Tensor:
    return Tensor(Layout.PLAIN, rank, dtype)


def image(rank: int | None = 4, dtype: str | None = None) -> Tensor:
    return Tensor(Layout.IMAGE, rank, dtype)


def element_of(kind: Kind) -> Kind:
    """What iterating over `kind` gives."""
    if isinstance(kind, Sequence):
        return kind.element
    if isinstance(kind, Tuple):
        return join_all(kind.items) if kind.items else UNKNOWN
    if isinstance(kind, Tensor):
        rank = None if kind.rank is None else kind.rank - 1
        return replace(
            kind, rank=rank, layout=Layout.PLAIN if kind.layout is Layout.PLAIN else Layout.OPAQUE, variable=False
        )
    if isinstance(kind, Instance):
        return kind.element or Instance()
    if isinstance(kind, (Python, Mapping, Shape)):
        return PYTHON
    return UNKNOWN


def join(a: Kind, b: Kind) -> Kind:
    """What an expression is that is `a` on one path and `b` on the other."""
    if a == b or isinstance(b, NoneValue):
        return a
    if isinstance(a, NoneValue):
        return b
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return _join_tensors(a, b)
    if isinstance(a, Instance) and isinstance(b, Instance):
        known = bool(a.classes) and bool(b.classes)
        element = join(a.element, b.element) if a.element and b.element else a.element or b.element
        return Instance(a.classes | b.classes, element, _joined_runs(a, b)) if known else Instance(element=element)
    if isinstance(a, ClassValue) and isinstance(b, ClassValue):
        known = bool(a.classes) and bool(b.classes)
        return ClassValue(a.classes | b.classes if known else frozenset())
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        return Tuple(tuple(join(x, y) for x, y in zip(a.items, b.items, strict=True)))
    if isinstance(a, (Sequence, Tuple)) and isinstance(b, (Sequence, Tuple)):
        if isinstance(a, Tuple) and not a.items:
            return b if isinstance(b, Sequence) else Sequence(element_of(b))
        if isinstance(b, Tuple) and not b.items:
            return a if isinstance(a, Sequence) else Sequence(element_of(a))
        return Sequence(join(element_of(a), element_of(b)))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return Mapping(join(a.value, b.value))
    if isinstance(a, (FunctionValue, AnyFunction)) and isinstance(b, (FunctionValue, AnyFunction)):
        return AnyFunction(_functions(a) | _functions(b))
    if isinstance(a, (Python, ClassValue, Shape)) and isinstance(b, (Python, ClassValue, Shape)):
        return a if isinstance(a, ClassValue) else b if isinstance(b, ClassValue) else PYTHON
    return UNKNOWN


def _functions(kind: FunctionValue | AnyFunction) -> frozenset[FunctionValue]:
    return kind.functions if isinstance(kind, AnyFunction) else frozenset({kind})


def _joined_runs(a: Instance, b: Instance) -> frozenset[tuple[Kind, ...]]:
    """The ways in which what is one of two modules may be a Sequential; none where one of them is not known."""
    made = [each.runs for each in (a, b) if "torch.nn.Sequential" in each.classes]
    runs = frozenset().union(*made) if all(made) else frozenset()
    return runs if len(runs) <= _MOST_RUNS else frozenset()


def _join_tensors(a: Tensor, b: Tensor) -> Tensor:
    layout = a.layout if a.layout is b.layout else Layout.OPAQUE
    rank = a.rank if a.rank == b.rank else None
    dtype = a.dtype if a.dtype == b.dtype else None
    origin = a.origin if a.origin == b.origin else None
    return Tensor(
        layout,
        rank,
        dtype,
        a.variable and b.variable,
        origin,
        a.per_channel and b.per_channel,
        _is_flat(a) and _is_flat(b),
        _of_four(a, b) if layout is Layout.OPAQUE else None,
    )


def _is_flat(tensor: Tensor) -> bool:
    return tensor.is_flat or (tensor.rank is not None and tensor.rank < 4)


def _of_four(*tensors: Tensor) -> Layout | None:
    """How a tensor is stored that is one of these, if it has four axes: those with fewer have no say."""
    layouts = {
        tensor.of_four if tensor.layout is Layout.OPAQUE else tensor.layout
        for tensor in tensors
        if not _is_flat(tensor) and tensor.rank in (None, 4)
    }
    return layouts.pop() if len(layouts) == 1 else None


def is_flattened_image(kind: Kind) -> bool:
    """Whether a tensor is an image that has been flattened: (B, C, L) to torch, stored (B, L, C)."""
    return isinstance(kind, Tensor) and kind.layout is Layout.IMAGE and kind.rank == 3


def with_four_axes(tensor: Tensor) -> Tensor:
    """A tensor of unknown rank, where it turns out to have four axes."""
    return tensor if tensor.of_four is None else replace(tensor, layout=tensor.of_four, rank=4, of_four=None)


def join_all(kinds: tuple[Kind, ...] | list[Kind]) -> Kind:
    return reduce(join, kinds)


def hinted_kind(text: str) -> Kind:
    """A kind written in a hint: PLAIN, IMAGE, PLAIN:4, IMAGE or flat, python, module, module torch.nn.Conv2d, ..."""
    if text.startswith("module "):
        return Instance(frozenset(text.split()[1:]))
    name, _, rank = text.partition(":")
    size = int(rank) if rank else None
    known: dict[str, Kind] = {
        "PLAIN": Tensor(Layout.PLAIN, size),
        "IMAGE": Tensor(Layout.IMAGE, size or 4),
        "OPAQUE": Tensor(Layout.OPAQUE, size),
        "parameter": Tensor(Layout.PLAIN, size, "float", variable=True),
        "IMAGE or flat": Tensor(Layout.OPAQUE, of_four=Layout.IMAGE),
        "int tensor": Tensor(Layout.PLAIN, size, "int"),
        "bool tensor": Tensor(Layout.PLAIN, size, "bool"),
        "tensors": Sequence(Tensor(Layout.PLAIN, size)),
        "images": Sequence(Tensor(Layout.IMAGE, size or 4)),
        "python": PYTHON,
        "module": Instance(),
        "class": ClassValue(),
        "state_dict": Mapping(plain()),
    }
    if name not in known:
        raise ValueError(f"unknown kind {text!r} in a hint; known: {', '.join(known)}")
    return known[name]
