"""Find, read and hash a module's source without importing or running it."""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.metadata
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import libcst as cst

from .diagnostics import Diagnostic, Location, TranspileError
from .model import Upstream
from .positions import NodePlaces, first_line
from .source_roots import FolderRoot, SourceRoot, distribution_of, open_source
from .tree_cache import keep_tree, load_tree
from .verbatim import statement_texts
from .walk import children


@dataclass(frozen=True)
class ModuleSource:
    """A module's text and syntax tree. `path` is relative to the folder that holds its top-level package."""

    name: str
    path: str
    text: str
    tree: cst.Module = field(repr=False)
    is_package: bool
    upstream: Upstream
    origins: dict[cst.CSTNode, cst.CSTNode] = field(default_factory=dict, repr=False)

    @property
    def package(self) -> str:
        """The dotted package that relative imports in this module start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def _statements(self) -> list[ast.stmt]:
        return ast.parse(self.text).body

    @cached_property
    def _first_lines(self) -> list[int]:
        """The line on which each top-level statement starts, its decorators included."""
        return [first_line(statement) for statement in self._statements]

    def statement_text(self, index: int) -> str | None:
        """The source lines of a top-level statement; None when lines and statements don't go together."""
        starts = self._first_lines
        if len(starts) != len(self.tree.body):
            return None
        end = starts[index + 1] - 1 if index + 1 < len(starts) else len(self._lines)
        return "\n".join(self._lines[starts[index] - 1 : end])

    @cached_property
    def statement_texts(self) -> dict[cst.CSTNode, str]:
        """The very text of statements, where it can be told: see `verbatim.py`."""
        return statement_texts(self.text, self.tree, self._statements)

    @cached_property
    def _places(self) -> NodePlaces:
        return NodePlaces(self.tree, self._statements)

    def locate(self, node: cst.CSTNode) -> Location:
        """Where `node` stands; for a node that a pass has rebuilt, where its first original part stands."""
        pending = [node]
        while pending:
            candidate = pending.pop(0)
            candidate = self.origins.get(candidate, candidate)
            place = self._places.find(candidate)
            if place is not None:
                return Location(self.path, *place)
            pending.extend(children(candidate))
        return Location(self.path, 1, 1)

    def diagnostic(
        self, code: str, message: str, node: cst.CSTNode, hint: str = "", severity: str = "error"
    ) -> Diagnostic:
        """A diagnostic at `node`, with the source line it stands on."""
        where = self.locate(node)
        line = self._lines[where.line - 1] if where.line <= len(self._lines) else ""
        return Diagnostic(code, message, where, hint, severity, line)  # type: ignore[arg-type]


class SourceFinder:
    """Finds modules in `source_root` (a folder or an archive, when given) and then among the installed packages."""

    def __init__(self, source_root: Path | None = None) -> None:
        self.source_root = open_source(source_root) if source_root else None
        self._roots: dict[str, SourceRoot | None] = {}
        self._found: dict[str, tuple[SourceRoot, str] | None] = {}
        self._distributions: dict[str, tuple[str, str]] = {}

    def find(self, name: str) -> tuple[SourceRoot, str] | None:
        """The root that a dotted module lies in and its file there, or None when there is none.

        Raises:
            TranspileError: the name is no dotted module name, or the file lies outside its root.
        """
        if name not in self._found:
            self._found[name] = self._look_for(name)
        return self._found[name]

    def _look_for(self, name: str) -> tuple[SourceRoot, str] | None:
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts):
            raise TranspileError(
                Diagnostic(
                    "S102",
                    f"{name!r} is not a dotted module name",
                    hint="write it as in an import, such as timm.models.swin_transformer",
                )
            )
        root = self.root_of(parts[0])
        if root is None:
            return None
        base = "/".join(parts)
        for candidate in (f"{base}/__init__.py", f"{base}.py"):
            if root.is_file(candidate):
                self._check_inside(root, candidate, parts[0])
                return root, candidate
        return None

    def read(self, name: str) -> ModuleSource:
        """Read and parse a module.

        Raises:
            TranspileError: there is no such module, it is not UTF-8, or it does not parse.
        """
        found = self.find(name)
        if found is None:
            raise TranspileError(Diagnostic("S101", f"no module named {name!r}", hint=self._missing_hint(name)))
        root, path = found
        data = root.read(path)
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            where = Location(path, data.count(b"\n", 0, error.start) + 1, 1)
            message = f"{path} is not UTF-8 text: {error.reason}"
            raise TranspileError(Diagnostic("S104", message, where, "save it as UTF-8")) from error
        tree = parse(text, path)
        upstream = self.upstream(root, path, data)
        return ModuleSource(name, path, text, tree, path.endswith("/__init__.py"), upstream)

    def upstream(self, root: SourceRoot, path: str, data: bytes) -> Upstream:
        """The record of a file that was found in `root`."""
        distribution, version = self.distribution(path.partition("/")[0].removesuffix(".py"))
        return Upstream(distribution, version, path, hashlib.sha256(data).hexdigest())

    def root_of(self, top: str) -> SourceRoot | None:
        """The root that holds a top-level package or module."""
        if top not in self._roots:
            self._roots[top] = self._search(top)
        return self._roots[top]

    def _search(self, top: str) -> SourceRoot | None:
        root = self.source_root
        if root and (root.is_file(f"{top}.py") or root.is_dir(top)):
            return root
        search = [entry or "." for entry in sys.path]
        spec = importlib.machinery.PathFinder.find_spec(top, search)
        if spec is None:
            return None
        locations = list(spec.submodule_search_locations or ())
        if locations:
            return FolderRoot(Path(locations[0]).resolve().parent)
        return FolderRoot(Path(spec.origin).resolve().parent) if spec.origin and spec.origin.endswith(".py") else None

    def _check_inside(self, root: SourceRoot, path: str, package: str) -> None:
        if root.leads_outside(path, package):
            raise TranspileError(
                Diagnostic(
                    "S105",
                    f"{path} leads outside of its source root",
                    Location(path, 1, 1),
                    "replace the link with the file itself",
                )
            )

    def distribution(self, top: str) -> tuple[str, str]:
        """Name and version of the distribution that a top-level package belongs to."""
        if top not in self._distributions:
            self._distributions[top] = self._look_up_distribution(top)
        return self._distributions[top]

    def _look_up_distribution(self, top: str) -> tuple[str, str]:
        root = self.root_of(top)
        if self.source_root is not None and root is self.source_root:
            return distribution_of(self.source_root, top)
        try:
            found = importlib.metadata.distribution(top)
        except importlib.metadata.PackageNotFoundError:
            names = importlib.metadata.packages_distributions().get(top)
            if not names:
                return top, "unknown"
            found = importlib.metadata.distribution(names[0])
        return found.metadata["Name"], found.version

    def _missing_hint(self, name: str) -> str:
        top = name.partition(".")[0]
        if self.root_of(top) is None:
            return (
                f"install {top} in this environment (pip install {top}),"
                " or point --source at the folder or wheel that holds it"
            )
        return f"{top} is there, but has no such module; check the spelling"


def parse(text: str, path: str) -> cst.Module:
    """Parse source text; a syntax error becomes a diagnostic with its place."""
    kept = load_tree(text)
    if kept is not None:
        return kept
    try:
        tree = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        where, message = _syntax_error(text, path, error)
        lines = text.splitlines()
        line = lines[where.line - 1] if where.line <= len(lines) else ""
        hint = "the source must parse as Python"
        raise TranspileError(Diagnostic("S103", f"syntax error: {message}", where, hint, "error", line)) from error
    keep_tree(text, tree)
    return tree


def _syntax_error(text: str, path: str, error: cst.ParserSyntaxError) -> tuple[Location, str]:
    """Where and what a syntax error is: as Python sees it, which places errors better than libcst does."""
    try:
        ast.parse(text)
    except SyntaxError as python_error:
        if python_error.lineno:
            return Location(path, python_error.lineno, max(python_error.offset or 1, 1)), python_error.msg
    except ValueError:
        pass
    return Location(path, error.raw_line, error.raw_column + 1), error.message.splitlines()[0]
