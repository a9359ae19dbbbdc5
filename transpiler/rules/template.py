"""Writes a row's TensorFlow expression: binds a call's arguments to the row's parameters and fills the template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ..kinds import Layout, Shape, Tuple
from ..layout import stored_axis
from .table import Argument, BoundCall, Op, Refusal

_OPTIONAL = re.compile(r"<([^<>]*)>")
_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NAMED_SHAPE = re.compile(r"\w+|ops\.shape\(\w+\)")
_ATOM = re.compile(r"[\w.]+$")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a row; `default` is code, empty where the argument must be given."""

    name: str
    variadic: bool
    keyword_only: bool
    default: str


def parameters(row: Op) -> list[Parameter]:
    """The parameters of a row, in order."""
    return list(_parsed(row.params))


@cache
def _parsed(params: str) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    keyword_only = False
    for part in re.split(r",\s*(?![^()]*\))", params):
        name, _, default = part.strip().partition("=")
        variadic = name.startswith("*") and name != "*"
        if name and name != "*":
            found.append(Parameter(name.lstrip("*"), variadic, keyword_only, default))
        keyword_only = keyword_only or name.startswith("*")
    return tuple(found)


def bind(row: Op, name: str, positional: Sequence[Argument], keywords: dict[str, Argument], layout: Layout = Layout.PLAIN) -> BoundCall:
    """Bind arguments to the row's parameters.

    Raises:
        Refusal: an argument that the row doesn't have, or one it needs is missing.
    """
    arguments: dict[str, Argument | tuple[Argument, ...]] = {}
    rest = list(positional)
    for declared in parameters(row):
        parameter = declared.name
        if declared.variadic:
            if parameter in keywords:
                arguments[parameter] = (keywords.pop(parameter),)
            else:
                arguments[parameter] = tuple(rest)
                rest = []
        elif rest and not declared.keyword_only:
            if parameter in keywords:
                raise Refusal(f"{name} got two values for {parameter}")
            arguments[parameter] = rest.pop(0)
        elif parameter in keywords:
            arguments[parameter] = keywords.pop(parameter)
        elif not declared.default:
            raise Refusal(f"{name} is called without {parameter}")
    if rest:
        raise Refusal(f"{name} is called with more positional arguments than its rule covers ({row.params})", "extend the row in transpiler/rules")
    if keywords:
        listed = ", ".join(sorted(keywords))
        raise Refusal(f"the rule for {name} doesn't cover the argument {listed}", f"it covers ({row.params}); extend the row in transpiler/rules")
    return BoundCall(name, arguments, layout)


def render(row: Op, call: BoundCall) -> str:
    """The TensorFlow expression for a bound call."""
    if not isinstance(row.tf, str):
        return row.tf(call)
    return fill(row.tf, call)


def fill(template: str, call: BoundCall) -> str:
    """Fill a template; `<...>` parts stay only if every argument in them is given."""

    def optional(match: re.Match[str]) -> str:
        names = [m.group(1) for m in _PLACEHOLDER.finditer(match.group(1))]
        return match.group(1) if all(call.given(name) for name in names) else ""

    text = _OPTIONAL.sub(optional, template)

    def placeholder(match: re.Match[str]) -> str:
        code = argument_code(call, match.group(1), match.group(2))
        return code if _stands_alone(text, match) else parenthesize(code)

    return _PLACEHOLDER.sub(placeholder, text)


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    before = text[: match.start()].rstrip()[-1:]
    after = text[match.end() :].lstrip()[:1]
    return before in ("", "(", ",", "=") and after in ("", ")", ",")


def parenthesize(code: str) -> str:
    """The code in parentheses, unless it is a single atom already."""
    if _ATOM.match(code) or _is_call_chain(code):
        return code
    return f"({code})"


def _is_call_chain(code: str) -> bool:
    """Whether code is `name(...)`, `name[...]` or a chain of such, with nothing after the last bracket."""
    if not re.match(r"[A-Za-z_(\[]", code):
        return False
    depth, quote = 0, ""
    for i, char in enumerate(code):
        if quote:
            quote = "" if char == quote and code[i - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif depth == 0 and not (char.isalnum() or char in "_."):
            return False
    return True


def argument_code(call: BoundCall, name: str, conversion: str | None = None) -> str:
    """An argument's code; `axis` renumbers it, `shape` makes a tuple of it, `list` writes a variadic one by one."""
    if name not in call.arguments:
        raise Refusal(f"the rule for {call.name} needs the argument {name}", "give it, or extend the row in transpiler/rules")
    value = call.arguments[name]
    if conversion == "axis":
        return axis_code(call, name)
    if conversion == "list" and isinstance(value, tuple):
        return ", ".join(item.code() for item in value)
    if isinstance(value, tuple):
        return sizes_code(value)
    if conversion == "shape":
        return sizes_code((value,))
    return value.code()


def sizes_code(items: tuple[Argument, ...]) -> str:
    """Sizes given one by one or as one tuple, as the code of one tuple.

    Raises:
        Refusal: the shape of an image, which is read in stored order, is among them, or can't be read twice.
    """
    shapes = [item.kind for item in items if isinstance(item.kind, Shape) and not item.kind.is_slice]
    if any(shape.tensor.layout is Layout.IMAGE for shape in shapes):
        shape = items[0].code()
        if len(items) > 1 or not _NAMED_SHAPE.fullmatch(shape):
            raise Refusal("the shape of an image held channels-last is used for sizes in torch's order", "unpack the shape, and write the sizes one by one")
        return f"({shape}[0], {shape}[-1], *{shape}[1:-1])"
    if len(items) == 1 and items[0].is_sequence:
        return items[0].code().removeprefix("*")
    if len(items) == 1:
        return f"({items[0].code()},)"
    return "(" + ", ".join(item.code() for item in items) + ")"


def axis_code(call: BoundCall, name: str) -> str:
    """The code of an axis or tuple of axes: as written, or renumbered when the tensor is a stored image."""
    value = call.arguments[name]
    if call.layout is not Layout.IMAGE:
        return sizes_code(value) if isinstance(value, tuple) else value.code()
    rank = call.tensor.rank
    literal = call.sizes_literal(name) if isinstance(value, tuple) else value.literal
    if rank is None or not _is_axes(literal):
        raise Refusal(
            f"{name} of {call.name} is not a constant, and the tensor is an image held channels-last",
            "write the axis as a constant, or give a hint in overrides/index.toml",
        )
    if isinstance(literal, int):
        return str(stored_axis(literal, rank))
    axes = tuple(stored_axis(axis, rank) for axis in literal)  # type: ignore[attr-defined]
    return str(axes)


def _is_axes(literal: object) -> bool:
    return isinstance(literal, int) or (isinstance(literal, (tuple, list)) and all(isinstance(a, int) for a in literal))


def _sizes_in(item: Argument) -> int | None:
    """How many sizes one argument stands for: `*sizes` may be any number of them."""
    if not item.code().startswith("*"):
        return 1
    return len(item.kind.items) if isinstance(item.kind, Tuple) else None


def items_of(call: BoundCall, name: str) -> int | None:
    """How many sizes a variadic or tuple argument has, if that can be seen."""
    value = call.arguments.get(name, ())
    items = value if isinstance(value, tuple) else (value,)
    if len(items) != 1:
        counts = [_sizes_in(item) for item in items]
        return None if None in counts else sum(count for count in counts if count is not None)
    only = items[0]
    if only.code().startswith("*"):
        return _sizes_in(only)
    if isinstance(only.literal, (tuple, list)):
        return len(only.literal)
    if isinstance(only.kind, Tuple):
        return len(only.kind.items)
    return None if only.is_sequence else 1
