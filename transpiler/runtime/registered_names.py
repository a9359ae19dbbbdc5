"""What a user is told who asks for a name that nothing is registered under."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_SHOWN = 5


def unknown_name(name: str, known: Collection[str]) -> str:
    """One line that says that there is no such model, with the names nearest to it."""
    near = difflib.get_close_matches(name, known, n=_SHOWN)
    hint = f"nearest: {', '.join(near)}; " if near else ""
    return f"Unknown model ({name}); {hint}list_models() gives the {len(known)} of this package"
