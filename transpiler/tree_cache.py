"""Keeps parsed trees in the user's cache: reading one back takes a seventh of the time that parsing takes.

Nothing but libcst's nodes is ever made from an entry, and what can't be read is parsed anew.
"""

from __future__ import annotations

import importlib.metadata
import io
import pickle
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import libcst as cst

from .user_cache import entry_name, read_entry, write_entry
from .walk import IS_NODE, all_fields, with_shared_layout

FORMAT = 2
SHORTEST = 1000  # characters; shorter texts are parsed in no time


def load_tree(text: str) -> cst.Module | None:
    """The tree of a text, if it was kept."""
    content = read_entry(_entry(text)) if len(text) >= SHORTEST else None
    if content is None:
        return None
    try:
        tree = _Reader(io.BytesIO(content)).load()
    except Exception:  # whatever stands there
        return None
    return tree if isinstance(tree, cst.Module) else None


def keep_tree(text: str, tree: cst.Module) -> None:
    """Keep a text's tree, if that is possible."""
    if len(text) >= SHORTEST:
        content = io.BytesIO()
        _Writer(content, protocol=5).dump(with_shared_layout(tree))
        write_entry(_entry(text), content.getvalue())


def _entry(text: str) -> str:
    return entry_name("tree", parser_version(), text)


@cache
def parser_version() -> str:
    return f"{FORMAT} {importlib.metadata.version('libcst')} {sys.version_info.major}.{sys.version_info.minor}"


class _Writer(pickle.Pickler):
    """Writes nodes as types with the values of all fields, which takes half the time and room of libcst's own way."""

    def reducer_override(self, value: object) -> Any:
        if not IS_NODE[type(value)]:
            return NotImplemented
        return type(value), tuple([getattr(value, name) for name in all_fields(type(value))])  # type: ignore[arg-type]


class _Reader(pickle.Unpickler):
    """Makes nodes and nothing else, whatever stands in a file."""

    def find_class(self, module: str, name: str) -> Any:
        found = getattr(cst, name, None)
        if found is cst.MaybeSentinel:
            return found
        if isinstance(found, type) and issubclass(found, cst.CSTNode):
            return _maker(found)
        raise pickle.UnpicklingError(f"{module}.{name} is no node")


@cache
def _maker(cls: type[cst.CSTNode]) -> Callable[..., cst.CSTNode]:
    """Makes nodes of a type from the values of all fields, which the parser has checked."""
    setters = [getattr(cls, name).__set__ for name in all_fields(cls)]

    def make(*values: object) -> cst.CSTNode:
        node = object.__new__(cls)
        for put, value in zip(setters, values, strict=True):
            put(node, value)
        return node

    return make
