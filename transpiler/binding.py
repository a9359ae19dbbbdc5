"""Binds the arguments of a call in the source to the parameters of a row."""

from __future__ import annotations

import libcst as cst

from . import rules
from .expressions import literal_value
from .kinds import Kind
from .rules.table import Argument, BoundCall, Op, Refusal
from .rules.template import bind


def bound_call(
    row: Op, name: str, arguments: list[tuple[cst.Arg, Kind]], receiver: tuple[cst.BaseExpression, Kind] | None, code
) -> BoundCall:  # type: ignore[no-untyped-def]
    """Bind a call's arguments to a row; `code` gives the text of a node."""
    positional = []
    keywords = {}
    if receiver is not None:
        positional.append(Argument(receiver[1], literal_value(receiver[0]), lambda: code(receiver[0])))
    for arg, kind in arguments:
        argument = Argument(
            kind, literal_value(arg.value) if not arg.star else rules.table.NOT_LITERAL, _code_of(arg, code)
        )
        if arg.star == "**":
            raise Refusal(f"{name} is called with **", "write its arguments out, or use an override")
        if arg.keyword is not None:
            keywords[_keyword(row, arg.keyword.value)] = argument
        else:
            positional.append(argument)
    return bind(row, name, positional, keywords)


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
