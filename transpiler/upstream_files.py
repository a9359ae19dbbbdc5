"""Find an upstream file that an earlier run read, and hash it as it is now."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from .diagnostics import TranspileError
from .model import Upstream
from .source import SourceFinder
from .source_roots import SourceRoot


class UpstreamLocator:
    """Looks where the pipeline would look, so that a package that has moved or changed is noticed."""

    def __init__(self, source_root: Path | None) -> None:
        self._finder = SourceFinder(source_root)

    def __call__(self, recorded: Upstream) -> Upstream | None:
        """The record that a run would make of the same file now; None when it is gone."""
        try:
            found = self._file(recorded.path)
        except TranspileError:
            return None
        if found is None:
            return None
        root, path = found
        return self._finder.upstream(root, path, root.read(path)) if path == recorded.path else None

    def _file(self, path: str) -> tuple[SourceRoot, str] | None:
        """The root of a module, or of a file that lies beside modules, and where it is in there."""
        if path.endswith(".py"):
            return self._finder.find(_module_name(path))
        root = self._finder.root_of(PurePosixPath(path).parts[0])
        return (root, path) if root is not None and root.is_file(path) else None


def _module_name(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
