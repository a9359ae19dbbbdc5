"""The generated package under test: importing it by path, and fingerprinting what an architecture runs through."""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from ..reach import ReachedDefinitions, module_file
from .errors import VerifyError


def import_package(folder: Path) -> ModuleType:
    """Import the package that lies in `folder` under its folder name. Raises VerifyError when that is not possible."""
    folder = folder.resolve()
    if not (folder / "__init__.py").is_file():
        raise VerifyError(f"no generated package in {folder}: run `python -m transpiler timm.models.…` first")
    if not folder.name.isidentifier():
        raise VerifyError(f"{folder.name!r} cannot be imported: a package's folder name must be a Python identifier")
    sys.path.insert(0, str(folder.parent))
    try:
        package = importlib.import_module(folder.name)
    except ImportError as error:
        raise VerifyError(f"cannot import the generated package in {folder}: {error}") from error
    if Path(package.__file__ or "").resolve().parent != folder:
        raise VerifyError(f"another module named {folder.name!r} is imported already, from {package.__file__}")
    return package


class Fingerprints:
    """Hashes of the code behind a module: its own definitions and all those of the package that they reach.

    Comments, docstrings and formatting do not count, nor does what the module never uses: editing them makes no earlier
    result stale.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._reached = ReachedDefinitions()
        self.of = cache(self._of)  # a sweep asks for a module once an architecture

    def _of(self, module: str) -> str:
        """Fingerprint of a module given by its upstream name (`timm.models.swin_transformer`)."""
        start = module_file(self._folder.joinpath(*module.split(".")))
        entry = module_file(self._folder)
        reached = self._reached.from_file(start) if start else {}
        if entry:
            reached |= self._reached.from_name(entry, "create_model")
        lines = sorted(
            f"{path.relative_to(self._folder).as_posix()} {name} {''.join(map(ast.dump, statements))}"
            for (path, name), statements in reached.items()
            if statements
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
