"""What the installed torch says about the parameters of its functions and methods."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Overload:
    """Parameter names of one form of a torch API: those that may be positional, in order, and the others."""

    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    defaults: dict[str, Any]


def lookup(name: str) -> Any:
    """The object behind a qualified name.

    Raises:
        AttributeError: torch (or timm) has nothing of that name.
    """
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise AttributeError(name)


def overloads(name: str) -> list[Overload]:
    """All forms of a function or tensor method; the schema's `self` is named `input`."""
    function = lookup(name)
    python = [_of_python(function)] if inspect.isfunction(function) and not _dispatches(function) else []
    last = name.rpartition(".")[2]
    family = next((part for part in ("linalg", "fft") if name.startswith(f"torch.{part}.")), None)
    operator = f"{family}_{last}" if family else last
    schemas = [_of_schema(schema) for schema in torch._C._jit_get_schemas_for_operator(f"aten::{operator}")]
    return python or [schema for schema in schemas if "out" not in schema.keyword_only]


def _dispatches(function: Callable[..., Any]) -> bool:
    """torch's boolean_dispatch hides a signature behind *args and **kwargs."""
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


def _of_python(function: Callable[..., Any]) -> Overload:
    positional, keyword_only, defaults = [], [], {}
    for parameter in inspect.signature(function).parameters.values():
        name = "input" if parameter.name == "self" else parameter.name
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            keyword_only.append(name)
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            positional.append(name)
        if parameter.default is not inspect.Parameter.empty:
            defaults[name] = parameter.default
    return Overload(tuple(positional), tuple(keyword_only), defaults)


def _of_schema(schema: Any) -> Overload:
    named = [("input" if a.name == "self" else a.name, a) for a in schema.arguments]
    return Overload(
        tuple(name for name, argument in named if not argument.kwarg_only),
        tuple(name for name, argument in named if argument.kwarg_only),
        {name: argument.default_value for name, argument in named if argument.has_default_value()},
    )


def constructor(cls: type) -> list[inspect.Parameter]:
    """A class' constructor parameters without self."""
    return list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
