"""Keeps what takes long to work out from one run to the next, in $XDG_CACHE_HOME/timm2tf or ~/.cache/timm2tf.

An entry is named after the hash of all that it follows from, so that it is never stale: something else has another
entry. Where nothing can be written there, every run works everything out. What no run has read for two months goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import zlib
from pathlib import Path

_DAYS_KEPT = 60
_SECONDS_A_DAY = 86400


def cache_folder() -> Path:
    """Where the entries lie; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "timm2tf"


def entry_name(kind: str, *follows_from: str) -> str:
    """The name of what follows from some texts."""
    return f"{kind}-{hashlib.sha256(chr(0).join(follows_from).encode()).hexdigest()}"


def read_entry(name: str) -> bytes | None:
    """The content of an entry; None when there is none, or it is damaged."""
    try:
        path = cache_folder() / name
        content = zlib.decompress(path.read_bytes())
        if time.time() - path.stat().st_mtime > _SECONDS_A_DAY:
            os.utime(path)
        return content
    except (OSError, RuntimeError, zlib.error):
        return None


def write_entry(name: str, content: bytes) -> None:
    """Keep an entry, whole or not at all."""
    with contextlib.suppress(OSError, RuntimeError):
        folder = cache_folder()
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
            file.write(zlib.compress(content, level=1))
        os.replace(file.name, folder / name)


def remove_old_entries() -> None:
    with contextlib.suppress(OSError, RuntimeError):
        for entry in os.scandir(cache_folder()):
            if time.time() - entry.stat().st_mtime > _DAYS_KEPT * _SECONDS_A_DAY:
                os.unlink(entry.path)
