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
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from .diagnostics import Diagnostic, Location, TranspileError
from .model import Upstream
from .walk import children, walk


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
    def _first_lines(self) -> list[int]:
        """The line on which each top-level statement starts, its decorators included."""
        starts = []
        for node in ast.parse(self.text).body:
            decorators = getattr(node, "decorator_list", [])
            starts.append(min([node.lineno, *(d.lineno for d in decorators)]))
        return starts

    def statement_text(self, index: int) -> str | None:
        """The source lines of a top-level statement; None when lines and statements don't go together."""
        starts = self._first_lines
        if len(starts) != len(self.tree.body):
            return None
        end = starts[index + 1] - 1 if index + 1 < len(starts) else len(self._lines)
        return "\n".join(self._lines[starts[index] - 1 : end])

    @cached_property
    def _positions(self) -> dict[int, dict[cst.CSTNode, CodeRange]]:
        """Positions by top-level statement, worked out when a statement is asked for."""
        return {}

    def _positions_in(self, index: int) -> dict[cst.CSTNode, CodeRange]:
        if index not in self._positions:
            whole = len(self._first_lines) != len(self.tree.body)
            statement = self.tree.body[index]
            tree = self.tree if whole else cst.Module(body=[statement], default_indent=self.tree.default_indent)
            wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
            self._positions[index] = dict(wrapper.resolve(PositionProvider))  # type: ignore[arg-type]
        return self._positions[index]

    @cached_property
    def _owner(self) -> dict[cst.CSTNode, int]:
        """The top-level statement that each node belongs to."""
        return {node: index for index, statement in enumerate(self.tree.body) for node in walk(statement)}

    def locate(self, node: cst.CSTNode) -> Location:
        """Where `node` stands; for a node that a pass has rebuilt, where its first original part stands."""
        pending = [node]
        while pending:
            candidate = pending.pop(0)
            candidate = self.origins.get(candidate, candidate)
            index = self._owner.get(candidate)
            if index is not None:
                return self._place(candidate, index)
            pending.extend(children(candidate))
        return Location(self.path, 1, 1)

    def _place(self, node: cst.CSTNode, index: int) -> Location:
        positions = self._positions_in(index)
        found = positions[node].start
        if len(self._first_lines) != len(self.tree.body):
            return Location(self.path, found.line, found.column + 1)
        statement = self.tree.body[index]
        first = min(
            p.start.line for n, p in positions.items() if n is statement or n in getattr(statement, "decorators", ())
        )
        return Location(self.path, found.line - first + self._first_lines[index], found.column + 1)

    def diagnostic(
        self, code: str, message: str, node: cst.CSTNode, hint: str = "", severity: str = "error"
    ) -> Diagnostic:
        """A diagnostic at `node`, with the source line it stands on."""
        where = self.locate(node)
        line = self._lines[where.line - 1] if where.line <= len(self._lines) else ""
        return Diagnostic(code, message, where, hint, severity, line)  # type: ignore[arg-type]


class SourceFinder:
    """Finds modules in `source_root` (when given) and then among the installed packages."""

    def __init__(self, source_root: Path | None = None) -> None:
        self.source_root = source_root.resolve() if source_root else None
        self._folders: dict[str, Path | None] = {}
        self._versions: dict[str, tuple[str, str]] = {}

    def find(self, name: str) -> tuple[Path, Path] | None:
        """The (file, folder that holds the top-level package) of a dotted module, or None when there is none.

        Raises:
            TranspileError: the name is no dotted module name, or the file lies outside its root.
        """
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts):
            raise TranspileError(
                Diagnostic(
                    "S102",
                    f"{name!r} is not a dotted module name",
                    hint="write it as in an import, such as timm.models.swin_transformer",
                )
            )
        folder = self._top_folder(parts[0])
        if folder is None:
            return None
        base = folder.joinpath(*parts)
        for candidate in (base / "__init__.py", base.with_name(base.name + ".py")):
            if candidate.is_file():
                self._check_inside(candidate, folder / parts[0], folder)
                return candidate, folder
        return None

    def read(self, name: str) -> ModuleSource:
        """Read and parse a module.

        Raises:
            TranspileError: there is no such module, it is not UTF-8, or it does not parse.
        """
        found = self.find(name)
        if found is None:
            raise TranspileError(Diagnostic("S101", f"no module named {name!r}", hint=self._missing_hint(name)))
        file, folder = found
        data = file.read_bytes()
        path = file.relative_to(folder).as_posix()
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            where = Location(path, data.count(b"\n", 0, error.start) + 1, 1)
            message = f"{path} is not UTF-8 text: {error.reason}"
            raise TranspileError(Diagnostic("S104", message, where, "save it as UTF-8")) from error
        tree = parse(text, path)
        distribution, version = self._distribution(name.partition(".")[0])
        upstream = Upstream(distribution, version, path, hashlib.sha256(data).hexdigest())
        return ModuleSource(name, path, text, tree, file.name == "__init__.py", upstream)

    def _top_folder(self, top: str) -> Path | None:
        if top not in self._folders:
            self._folders[top] = self._search(top)
        return self._folders[top]

    def _search(self, top: str) -> Path | None:
        root = self.source_root
        if root and ((root / top / "__init__.py").is_file() or (root / f"{top}.py").is_file() or (root / top).is_dir()):
            return root
        search = [entry or "." for entry in sys.path]
        spec = importlib.machinery.PathFinder.find_spec(top, search)
        if spec is None:
            return None
        locations = list(spec.submodule_search_locations or ())
        if locations:
            return Path(locations[0]).resolve().parent
        return Path(spec.origin).resolve().parent if spec.origin and spec.origin.endswith(".py") else None

    def _check_inside(self, file: Path, package: Path, folder: Path) -> None:
        inside = package if package.is_dir() else folder
        if not file.resolve().is_relative_to(inside.resolve()):
            shown = file.relative_to(folder).as_posix()
            raise TranspileError(
                Diagnostic(
                    "S105",
                    f"{shown} leads outside of its source root",
                    Location(shown, 1, 1),
                    "replace the link with the file itself",
                )
            )

    def _distribution(self, top: str) -> tuple[str, str]:
        if top not in self._versions:
            self._versions[top] = self._look_up_distribution(top)
        return self._versions[top]

    def _look_up_distribution(self, top: str) -> tuple[str, str]:
        folder = self._folders.get(top)
        if self.source_root and folder == self.source_root:
            return top, "source"
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
        if self._top_folder(top) is None:
            return (
                f"install {top} in this environment (pip install {top}), or point --source at the folder that holds it"
            )
        return f"{top} is there, but has no such module; check the spelling"


def parse(text: str, path: str) -> cst.Module:
    """Parse source text; a syntax error becomes a diagnostic with its place."""
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        where, message = _syntax_error(text, path, error)
        lines = text.splitlines()
        line = lines[where.line - 1] if where.line <= len(lines) else ""
        hint = "the source must parse as Python"
        raise TranspileError(Diagnostic("S103", f"syntax error: {message}", where, hint, "error", line)) from error


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
