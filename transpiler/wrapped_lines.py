"""Wraps long statements with black, and keeps in the user's cache how: most runs then do without black altogether."""

from __future__ import annotations

import importlib.metadata
import json
from functools import cache

from .user_cache import entry_name, read_entry, write_entry


class WrappedLines:
    """The long statements of one file; `upstream` is the text that it comes from."""

    def __init__(self, upstream: str) -> None:
        self._entry = entry_name("lines", black_version(), upstream)
        self._kept = _parsed(read_entry(self._entry))
        self._used: dict[str, str] = {}

    def wrapped(self, code: str, length: int) -> str:
        """A statement in lines of some length at most, if black finds a way; as it is otherwise."""
        key = f"{length} {code}"
        self._used[key] = self._kept.get(key) or _formatted(code, length)
        return self._used[key]

    def keep(self) -> None:
        """Keep what was asked for, if it is not yet kept."""
        if not self._used.items() <= self._kept.items():
            write_entry(self._entry, json.dumps({**self._kept, **self._used}).encode())


def _formatted(code: str, length: int) -> str:
    import black

    mode = black.Mode(line_length=length, string_normalization=False, magic_trailing_comma=False)
    try:
        return black.format_str(code, mode=mode)
    except black.InvalidInput:
        return code


def _parsed(content: bytes | None) -> dict[str, str]:
    try:
        kept = json.loads(content or b"")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


@cache
def black_version() -> str:
    return importlib.metadata.version("black")
