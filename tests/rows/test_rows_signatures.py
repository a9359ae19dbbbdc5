"""Each row's parameters against those of the installed torch: names, order and defaults."""

from __future__ import annotations

import ast

import pytest
from row_cases import op_rows
from row_signatures import Overload, lookup, overloads

from transpiler.rules.table import Op
from transpiler.rules.template import Parameter, parameters

# Signatures that torch doesn't tell, or tells in a way that no row could follow; and why the row is right.
NOT_TOLD = {
    "torch.Tensor": "the class itself: its constructor is C",
    "torch.from_numpy": "C, one argument",
    "torch.arange": "end, or start and end, or start, end and step: told apart by their number",
    "torch.einsum": "*args in Python; the equation and its operands in the documentation",
    "torch.unique": "*args in Python, told apart by what is asked for",
    "torch.Tensor.type": "C; told apart by whether a dtype is given",
    "torch.Tensor.numpy": "C; `force` is not covered",
    "torch.Tensor.tolist": "C, no arguments",
    **dict.fromkeys((f"torch.Tensor.{name}" for name in ("float", "double", "long", "int", "bool")), "C; a cast"),
}
# (name, row's parameter): torch's own word for it, which is never written as a keyword in the sources.
OTHER_WORDS = {
    ("torch.Tensor.split", "split_size_or_sections"): "split_size",
    ("torch.Tensor.split", "tensor"): "input",
}


def _all_names() -> list[tuple[Op, str]]:
    return [(row, name) for row in op_rows() for name in (row.torch, *row.also) if name not in NOT_TOLD]


@pytest.mark.parametrize(("row", "name"), _all_names(), ids=lambda value: value if isinstance(value, str) else "")
def test_parameters_are_those_of_torch(row: Op, name: str):
    found = overloads(name)
    assert found, f"torch tells no signature of {name}"
    problems = [_disagreement(row, name, overload, found) for overload in found]
    assert None in problems, "; ".join(p for p in problems if p)


def _disagreement(row: Op, name: str, overload: Overload, everything: list[Overload]) -> str | None:
    """What a row says that a form of torch's API doesn't; None where they agree.

    Positional parameters must be the first ones of the form: one left out in between would shift the others.
    """
    keywords = {word for form in everything for word in (*form.keyword_only, *form.positional)}
    declared = parameters(row)
    for place, parameter in enumerate(p for p in declared if not p.keyword_only):
        torch_name = OTHER_WORDS.get((name, parameter.name), parameter.name)
        if parameter.keyword_only:
            continue
        if place >= len(overload.positional):
            return f"{parameter.name} is not among ({', '.join(overload.positional)})"
        if overload.positional[place] != torch_name and not (place == 0 and name.startswith("torch.Tensor.")):
            return f"argument {place} is {overload.positional[place]}, not {torch_name}"
        problem = _default_problem(parameter, torch_name, overload)
        if problem:
            return problem
    missing = [p.name for p in declared if p.keyword_only and p.name not in keywords]
    return f"there is no {', '.join(missing)}" if missing else None


def _default_problem(parameter: Parameter, torch_name: str, overload: Overload) -> str | None:
    """A row that gives a default other than None gives torch's."""
    if parameter.default in ("", "None"):
        return None
    if torch_name not in overload.defaults:
        return f"{torch_name} has no default"
    ours, theirs = ast.literal_eval(parameter.default), overload.defaults[torch_name]
    theirs = theirs[0] if isinstance(theirs, list) and len(theirs) == 1 else theirs
    if isinstance(theirs, list) and len(set(theirs)) == 1:
        theirs = theirs[0]
    return None if ours == theirs else f"{torch_name} is {theirs} by default, not {ours}"


@pytest.mark.parametrize("name", [n for n in NOT_TOLD if n != "torch.Tensor"])
def test_what_is_not_told_exists(name: str):
    assert callable(lookup(name))


def test_exceptions_are_still_needed():
    """An entry whose row is gone goes too."""
    names = {name for row in op_rows() for name in (row.torch, *row.also)}
    assert NOT_TOLD.keys() <= names
    assert {name for name, _ in OTHER_WORDS} <= names
    told = [n for row in op_rows() for n in (row.torch, *row.also) if n in NOT_TOLD and _agrees(row, n)]
    assert told == []


def _agrees(row: Op, name: str) -> bool:
    found = overloads(name)
    return any(_disagreement(row, name, overload, found) is None for overload in found)
