"""Keeps parsed trees in the user's cache: reading one back takes a seventh of the time that parsing takes.

Nothing but libcst's nodes is ever made from an entry, and what can't be read is parsed anew.
"""

from __future__ import annotations

import importlib.metadata
import io
import pickle
import sys
from functools import cache

import libcst as cst

from .user_cache import entry_name, read_entry, write_entry
from .walk import with_shared_layout

FORMAT = 1
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
        write_entry(_entry(text), pickle.dumps(with_shared_layout(tree), protocol=5))


def _entry(text: str) -> str:
    return entry_name("tree", parser_version(), text)


@cache
def parser_version() -> str:
    return f"{FORMAT} {importlib.metadata.version('libcst')} {sys.version_info.major}.{sys.version_info.minor}"


class _Reader(pickle.Unpickler):
    """Makes nodes and nothing else, whatever stands in a file."""

    def find_class(self, module: str, name: str) -> type:
        found = getattr(cst, name, None)
        if isinstance(found, type) and issubclass(found, (cst.CSTNode, cst.MaybeSentinel)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no node")
