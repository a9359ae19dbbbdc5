"""What Python's builtin functions give, for the analysis."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from .expressions import literal_value
from .kinds import (
    PYTHON,
    UNKNOWN,
    Instance,
    Kind,
    Mapping,
    Sequence,
    Shape,
    Tuple,
    element_of,
    is_tensor,
    join_all,
)

_SEQUENCE_BUILTINS = frozenset({"list", "tuple", "sorted", "reversed", "set", "frozenset"})
_PYTHON_BUILTINS = frozenset(
    {
        "len",
        "int",
        "float",
        "str",
        "bool",
        "isinstance",
        "issubclass",
        "hasattr",
        "range",
        "round",
        "abs",
        "min",
        "max",
        "any",
        "all",
        "print",
        "repr",
        "id",
        "type",
        "callable",
        "divmod",
        "pow",
        "ord",
        "chr",
        "vars",
        "dir",
        "format",
        "hash",
    }
)


def builtin_kind(name: str, arguments: list[tuple[cst.Arg, Kind]], attribute: Callable[[Kind, str], Kind]) -> Kind:
    """The result of a call of `name`; `attribute` looks up an attribute of a value, for `getattr`."""
    kinds = [kind for _, kind in arguments]
    if name in ("max", "min", "sum", "abs") and any(is_tensor(k) for k in kinds):
        return next(k for k in kinds if is_tensor(k))
    if name == "sum" and len(kinds) == 2 and isinstance(kinds[1], (Sequence, Tuple)):
        return kinds[1] if isinstance(kinds[1], Sequence) else Sequence(PYTHON)
    if name in _PYTHON_BUILTINS:
        return PYTHON
    if name in _SEQUENCE_BUILTINS:
        if kinds and isinstance(kinds[0], (Tuple, Shape)) and name in ("list", "tuple"):
            return kinds[0]
        return Sequence(element_of(kinds[0])) if kinds else Tuple(())
    if name == "enumerate" and kinds:
        return Sequence(Tuple((PYTHON, element_of(kinds[0]))))
    if name == "zip":
        return Sequence(Tuple(tuple(element_of(kind) for kind in kinds)))
    if name == "dict":
        return Mapping(join_all(kinds)) if kinds else Mapping(UNKNOWN)
    if name in ("filter", "map"):
        return Sequence(element_of(kinds[-1]) if kinds and name == "filter" else UNKNOWN)
    if name in ("iter", "next") and kinds:
        return kinds[0] if name == "iter" else element_of(kinds[0])
    if name == "getattr" and len(arguments) >= 2:
        wanted = literal_value(arguments[1][0].value)
        if isinstance(wanted, str):
            return attribute(kinds[0], wanted)
        return Instance() if isinstance(kinds[0], Instance) else UNKNOWN
    if name == "super":
        return UNKNOWN
    return UNKNOWN
