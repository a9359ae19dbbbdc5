"""Find an upstream file that an earlier run read, and hash it as it is now."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from .diagnostics import TranspileError
from .model import Upstream
from .source import SourceFinder


class UpstreamLocator:
    """Looks where the pipeline would look, so that a package that has moved or changed is noticed."""

    def __init__(self, source_root: Path | None) -> None:
        self._finder = SourceFinder(source_root)

    def __call__(self, recorded: Upstream) -> Upstream | None:
        """The record that a run would make of the same file now; None when it is gone."""
        try:
            found = self._finder.find(_module_name(recorded.path))
        except TranspileError:
            return None
        if found is None:
            return None
        root, path = found
        return self._finder.upstream(root, path, root.read(path)) if path == recorded.path else None


def _module_name(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
