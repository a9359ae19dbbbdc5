"""Keeps parsed trees from one run to the next: reading one back takes a seventh of the time that parsing takes.

An entry is named after the hash of the text and of the parser's version, so that it is never stale: another text
has another entry. Entries lie in $XDG_CACHE_HOME/timm2tf, or ~/.cache/timm2tf; where nothing can be written there,
every run parses. What can't be read is parsed anew, and nothing but libcst's nodes is ever made from an entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import os
import pickle
import sys
import tempfile
import time
import zlib
from functools import cache
from pathlib import Path

import libcst as cst

from .walk import with_shared_layout

FORMAT = 1
SHORTEST = 1000  # characters; shorter texts are parsed in no time
_DAYS_KEPT = 60
_SECONDS_A_DAY = 86400


def cache_folder() -> Path:
    """Where the trees are kept; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "timm2tf" / "trees"


def load_tree(text: str) -> cst.Module | None:
    """The tree of a text, if it was kept."""
    if len(text) < SHORTEST:
        return None
    try:
        path = _entry(text)
        tree = _Reader(io.BytesIO(zlib.decompress(path.read_bytes()))).load()
        if time.time() - path.stat().st_mtime > _SECONDS_A_DAY:
            os.utime(path)
    except Exception:  # gone, cut short, written by another version of Python: all the same here
        return None
    return tree if isinstance(tree, cst.Module) else None


def keep_tree(text: str, tree: cst.Module) -> None:
    """Keep a text's tree, if that is possible."""
    if len(text) < SHORTEST:
        return
    with contextlib.suppress(OSError, RuntimeError):
        path = _entry(text)
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        content = zlib.compress(pickle.dumps(with_shared_layout(tree), protocol=5), level=1)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(content)
        os.replace(file.name, path)


def remove_old_trees() -> None:
    """Remove what no run has read for two months."""
    with contextlib.suppress(OSError, RuntimeError):
        for entry in os.scandir(cache_folder()):
            if time.time() - entry.stat().st_mtime > _DAYS_KEPT * _SECONDS_A_DAY:
                os.unlink(entry.path)


def _entry(text: str) -> Path:
    digest = hashlib.sha256(f"{_parser_version()}\0{text}".encode())
    return cache_folder() / digest.hexdigest()


@cache
def _parser_version() -> str:
    return f"{FORMAT} {importlib.metadata.version('libcst')} {sys.version_info.major}.{sys.version_info.minor}"


class _Reader(pickle.Unpickler):
    """Makes nodes and nothing else, whatever stands in a file."""

    def find_class(self, module: str, name: str) -> type:
        found = getattr(cst, name, None)
        if isinstance(found, type) and issubclass(found, (cst.CSTNode, cst.MaybeSentinel)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no node")
