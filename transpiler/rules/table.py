"""The shape of a rule: one row a torch API, and what a row needs to know about the call it is used for.

A row is its own documentation and test: its `cases` are example calls, executed in both frameworks by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..kinds import PYTHON, Kind, Layout, Sequence, Shape, Tensor, Tuple


class Refusal(Exception):
    """A row doesn't cover a call; says what it doesn't cover and the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotLiteral:
    """Stands for the value of an argument that is not a literal."""


NOT_LITERAL = NotLiteral()
REST = "**"  # the argument of a call that hands on a dict


@dataclass(frozen=True)
class Argument:
    """One argument of a call: what it is, its value when it is a literal, and its code once it is rewritten.

    `items` are the values in a tuple that is written out, None for each that is no literal.
    """

    kind: Kind
    literal: object = NOT_LITERAL
    code: Callable[[], str] = lambda: ""
    items: tuple[object, ...] | None = None

    @property
    def is_literal(self) -> bool:
        return self.literal is not NOT_LITERAL

    @property
    def is_sequence(self) -> bool:
        return isinstance(self.kind, (Tuple, Sequence, Shape)) or isinstance(self.literal, (tuple, list))


@dataclass(frozen=True)
class BoundCall:
    """A call with its arguments bound to a row's parameters; `layout` is how the first tensor arrives."""

    name: str
    arguments: Mapping[str, Argument | tuple[Argument, ...]]
    layout: Layout = Layout.PLAIN

    def given(self, parameter: str) -> bool:
        value = self.arguments.get(parameter)
        return value is not None and value != () and not (isinstance(value, Argument) and value.literal is None)

    def one(self, parameter: str) -> Argument:
        value = self.arguments[parameter]
        assert isinstance(value, Argument)
        return value

    def many(self, parameter: str) -> tuple[Argument, ...]:
        value = self.arguments.get(parameter, ())
        assert isinstance(value, tuple)
        return value

    def literal(self, parameter: str, default: object = None) -> object:
        """The literal value of an argument; refuses when it is an expression."""
        value = self.arguments.get(parameter)
        if value is None:
            return default
        if isinstance(value, tuple):
            return self.sizes_literal(parameter)
        if not value.is_literal:
            raise Refusal(f"{parameter} of {self.name} must be written as a constant here", "use a constant, or an override")
        return value.literal

    def sizes_literal(self, parameter: str) -> object:
        """A variadic or tuple argument as a tuple of literals, None where an item is an expression."""
        value = self.arguments.get(parameter, ())
        if isinstance(value, Argument):
            return value.literal if value.is_literal else None
        if len(value) == 1 and isinstance(value[0].literal, (tuple, list)):
            return tuple(value[0].literal)
        if len(value) == 1 and value[0].items is not None:
            return value[0].items
        return tuple(item.literal if item.is_literal else None for item in value)

    @property
    def tensor(self) -> Tensor:
        """The first tensor of the call, or of its first list of tensors."""
        for value in self.arguments.values():
            for argument in value if isinstance(value, tuple) else (value,):
                for kind in _members(argument.kind):
                    if isinstance(kind, Tensor):
                        return kind
        return Tensor(Layout.PLAIN)

    @property
    def listed(self) -> tuple[Kind, ...]:
        """What the first list of the call holds."""
        lists = (a.kind for a in self.arguments.values() if isinstance(a, Argument) and isinstance(a.kind, (Sequence, Tuple)))
        return _members(next(lists, Tuple(())))


def _members(kind: Kind) -> tuple[Kind, ...]:
    if isinstance(kind, Sequence):
        return (kind.element,)
    return kind.items if isinstance(kind, Tuple) else (kind,)


LayoutUse = Literal["any", "axis", "image", "plain"]
Result = Callable[[BoundCall], Kind]


@dataclass(frozen=True)
class Case:
    """An example call: torch code over `x` (and `y`, `i`, `m`), with the shapes and dtypes of its inputs.

    `inputs` maps a name to a shape or to (shape, dtype). `gradient` says whether the gradient of the first
    input is compared too; `image` whether the case must hold on a channels-last image without a refusal;
    `graph` whether it must hold in a graph where the size of the batch is not known.
    """

    code: str
    inputs: Mapping[str, object] = field(default_factory=lambda: {"x": (2, 3, 4, 5)})
    gradient: bool = False
    image: bool = False
    graph: bool = True


@dataclass(frozen=True)
class Op:
    """A torch function or tensor method and its TensorFlow expression.

    Attributes:
        torch: qualified torch name; methods are `torch.Tensor.name`.
        params: torch's parameters as written in a def, receiver first; `*sizes` takes ints or one tuple.
        tf: a template over the parameters, or a function that writes the expression. `{p}` is an argument's
            code, `{p:axis}` an axis (renumbered for an image), `<...>` is left out unless its arguments are given.
        layout: `any` layout-free; `axis` takes axes, which are renumbered for images; `image` wants an image;
            `plain` wants torch's order.
        result: the kind of the result.
        image_form: for `axis` rows: whether this call can be done on an image as it is stored; where it can't,
            the image is transposed to torch's order first.
        torch_form: for `image` rows: whether this call can be done in torch's order on what is held so.
        inplace: the method writes to its receiver; as a statement the result is assigned back.
        takes_rest: arguments given by `**` are handed on, for what is written takes them by torch's names.
    """

    torch: str
    params: str
    tf: str | Callable[[BoundCall], str]
    layout: LayoutUse = "any"
    result: Result | None = None
    also: tuple[str, ...] = ()
    image_form: Callable[[BoundCall], bool] | None = None
    torch_form: Callable[[BoundCall], bool] | None = None
    inplace: bool = False
    takes_rest: bool = False
    cases: tuple[Case, ...] = ()
    note: str = ""

    def takes_image(self, call: BoundCall) -> bool:
        """Whether the first tensor of a call may stay as it is if it is an image."""
        return self.image_form is None or self.image_form(replace(call, layout=Layout.IMAGE))


@dataclass(frozen=True)
class Layer:
    """A torch.nn class and the runtime class that stands for it; `layout` says which layout its input has.

    Its result may be a tuple: a tensor, and a pair of the states that a recurrence ends in.
    """

    torch: str
    runtime: str
    layout: Literal["any", "image", "plain"] = "any"
    result: Literal["same", "image", "plain", "sequence and states"] = "same"
    rank: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Value:
    """A dtype, constant, annotation or class attribute, and what stands for it in TensorFlow."""

    torch: str
    tf: str
    note: str = ""


@dataclass(frozen=True)
class Erase:
    """Something with no counterpart and no effect here. `constant` is what a call of it is folded to.

    How it goes: a decorator or statement is dropped; a method call gives back its receiver.
    """

    torch: str
    why: str
    constant: bool | None = None


@dataclass(frozen=True)
class Missing:
    """Declared unsupported: why, and the way out."""

    torch: str
    why: str
    hint: str = ""


Row = Op | Layer | Value | Erase | Missing


# Results -----------------------------------------------------------------------------------------------------------

def same(call: BoundCall) -> Kind:
    """The first tensor's kind, in the layout it arrives in."""
    tensor = call.tensor
    return Tensor(call.layout if call.layout is not Layout.OPAQUE else tensor.layout, tensor.rank, tensor.dtype, False, tensor.origin)


def broadcast(call: BoundCall) -> Kind:
    """The kind of what the call's tensors broadcast to."""
    tensors = [a.kind for a in call.arguments.values() if isinstance(a, Argument) and isinstance(a.kind, Tensor)]
    first = same(call)
    if len(tensors) < 2 or not isinstance(first, Tensor):
        return first
    ranks = [tensor.rank for tensor in tensors]
    rank = None if None in ranks else max(r for r in ranks if r is not None)
    if first.layout is Layout.IMAGE and rank is None:
        rank = next((tensor.rank for tensor in tensors if tensor.layout is Layout.IMAGE), None)
    dtypes = {tensor.dtype for tensor in tensors}
    origin = first.origin or next((tensor.origin for tensor in tensors if tensor.layout is Layout.OPAQUE), None)
    return Tensor(first.layout, rank, dtypes.pop() if len(dtypes) == 1 else None, False, origin)


def plain_of_rank(rank: int | None, dtype: str | None = None) -> Result:
    return lambda call: Tensor(Layout.PLAIN, rank, dtype)


def python(call: BoundCall) -> Kind:
    return PYTHON


def with_dtype(dtype: str, result: Result = same) -> Result:
    """The kind that `result` gives, with its dtype replaced."""

    def typed(call: BoundCall) -> Kind:
        kind = result(call)
        return Tensor(kind.layout, kind.rank, dtype, False, kind.origin) if isinstance(kind, Tensor) else kind

    return typed
