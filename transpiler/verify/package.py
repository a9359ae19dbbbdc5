"""The generated package under test: importing it by path, and fingerprinting what an architecture runs through."""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
from pathlib import Path
from types import ModuleType

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
    """Hashes of the code behind a module: its file and every file of the package that it imports, directly or not.

    Comments, docstrings and formatting do not count, so that editing them makes no earlier result stale.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._hashes: dict[Path, str] = {}
        self._imports: dict[Path, frozenset[Path]] = {}

    def of(self, module: str) -> str:
        """Fingerprint of a module given by its upstream name (`timm.models.swin_transformer`)."""
        start = self._folder.joinpath(*module.split(".")).with_suffix(".py")
        pending, seen = [start, *sorted((self._folder / "runtime").rglob("*.py"))], set()
        while pending:
            path = pending.pop()
            if path in seen or not path.is_file():
                continue
            seen.add(path)
            self._read(path)
            pending.extend(self._imports[path])
        names = sorted((path.relative_to(self._folder).as_posix(), self._hashes[path]) for path in seen)
        return hashlib.sha256(repr(names).encode()).hexdigest()[:16]

    def _read(self, path: Path) -> None:
        if path in self._hashes:
            return
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
        self._imports[path] = frozenset(target for node in imports for target in _targets(path, node))
        _drop_docstrings(tree)
        self._hashes[path] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _targets(path: Path, node: ast.ImportFrom) -> list[Path]:
    base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
    candidates = [base.with_suffix(".py"), base / "__init__.py"]
    for alias in node.names:
        candidates += [base / f"{alias.name}.py", base / alias.name / "__init__.py"]
    return candidates


def _drop_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
