"""Binds the arguments of a call in the source to the parameters of a row or a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import libcst as cst

from . import rules
from .expressions import literal_value
from .kinds import Kind, element_of, join
from .rules.table import REST, Argument, BoundCall, Op, Refusal
from .rules.template import bind
from .scopes import parameter_list


def bound_call(
    row: Op,
    name: str,
    arguments: list[tuple[cst.Arg, Kind]],
    receiver: tuple[cst.BaseExpression, Kind] | None,
    code: Callable[[cst.BaseExpression], str],
    literals: Mapping[cst.CSTNode, object] = MappingProxyType({}),
) -> BoundCall:
    """Bind a call's arguments to a row; `code` gives the text of a node, `literals` the value of a constant's name."""
    positional = []
    keywords = {}
    rest = {}
    if receiver is not None:
        positional.append(Argument(receiver[1], literal_value(receiver[0]), lambda: code(receiver[0])))
    for arg, kind in arguments:
        literal = rules.table.NOT_LITERAL if arg.star else literals.get(arg.value, literal_value(arg.value))
        argument = Argument(kind, literal, _code_of(arg, code), _written_out(arg))
        if arg.star == "**":
            if not row.takes_rest:
                raise Refusal(f"{name} is called with **", "write its arguments out, or use an override")
            rest[REST] = argument
        elif arg.keyword is not None:
            keywords[_keyword(row, arg.keyword.value)] = argument
        else:
            positional.append(argument)
    call = bind(row, name, positional, keywords)
    return replace(call, arguments={**call.arguments, **rest})


def _written_out(arg: cst.Arg) -> tuple[object, ...] | None:
    if arg.star or not isinstance(arg.value, (cst.Tuple, cst.List)):
        return None
    if any(isinstance(element, cst.StarredElement) for element in arg.value.elements):
        return None
    values = (literal_value(element.value) for element in arg.value.elements)
    return tuple(None if value is rules.table.NOT_LITERAL else value for value in values)


def _keyword(row: Op, keyword: str) -> str:
    """torch also takes numpy's names for a few arguments."""
    names = [part.strip().lstrip("*").partition("=")[0] for part in row.params.split(",")]
    if keyword in names:
        return keyword
    aliases = {
        "axis": "dim",
        "keepdims": "keepdim",
        "x": "input",
        "tensor": "input",
        "size": "size",
        "dims": "dim",
        "dim": "dims",
    }
    alias = aliases.get(keyword, keyword)
    return alias if alias in names else keyword


def _code_of(arg: cst.Arg, code):  # type: ignore[no-untyped-def]
    star = arg.star
    return lambda: f"{star}{code(arg.value)}"


def argument_parameters(node: cst.FunctionDef, arguments: Sequence[cst.Arg], *, bound: bool) -> list[str | None]:
    """The parameter that each argument goes to; None where that can't be seen."""
    names = [
        p.name.value
        for p in parameter_list(node.params)
        if p is not node.params.star_kwarg and p is not node.params.star_arg
    ]
    if bound and names:
        names = names[1:]
    star = node.params.star_arg.name.value if isinstance(node.params.star_arg, cst.Param) else None
    found: list[str | None] = []
    positional = iter(names)
    for arg in arguments:
        if arg.star:
            positional = iter(()) if arg.star == "*" else positional
            found.append(None)
        elif arg.keyword is not None:
            found.append(arg.keyword.value if arg.keyword.value in names else None)
        else:
            found.append(next(positional, star))
    return found


def match_parameters(node: cst.FunctionDef, arguments: list[tuple[cst.Arg, Kind]], *, bound: bool) -> dict[str, Kind]:
    """Which parameter gets which argument; of starred ones, those that are passed to `*args` of nothing else."""
    names = argument_parameters(node, [arg for arg, _ in arguments], bound=bound)
    rest = node.params.star_arg
    takes_rest_only = isinstance(rest, cst.Param) and not node.params.params[bound:]
    matched: dict[str, Kind] = {}
    for name, (arg, kind) in zip(names, arguments, strict=True):
        if isinstance(rest, cst.Param) and takes_rest_only and arg.star == "*":
            name, kind = rest.name.value, element_of(kind)
        if name is not None:
            matched[name] = join(matched[name], kind) if name in matched else kind
    return matched
