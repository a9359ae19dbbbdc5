"""Files beside the source that it reads when it runs: tables, lists of classes. They go into the package with it.

An expression names them, such as `pkgutil.get_data(__name__, os.path.join('_widths', name + '.txt'))`. What it doesn't
spell out may be anything: every file that it can name is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import libcst as cst

from .diagnostics import Diagnostic
from .model import OutputFile
from .names import NameResolver, dotted_name
from .source_roots import SourceRoot
from .walk import children

_ANYTHING = "*"
_ANCHORS = frozenset({"__name__", "__package__", "__file__"})
_JOINS = frozenset({"os.path.join", "posixpath.join"})
_FOLDER_OF = frozenset({"os.path.dirname"})
_SAME_PLACE = frozenset({"os.path.abspath", "os.path.realpath", "os.path.normpath", "pathlib.Path", "str"})
_SAME_PLACE_METHODS = frozenset({"resolve", "absolute"})
_READERS = frozenset(
    {"pkgutil.get_data"}
    | {f"importlib.resources.{name}" for name in ("open_text", "read_text", "open_binary", "read_binary", "path")}
)
_FILES = "importlib.resources.files"
_FILE = "__file__"


class PackageData:
    """Finds the files of the upstream package that statements read."""

    def __init__(self, resolver: NameResolver) -> None:
        self._resolver = resolver

    def read_by(self, module: str, statement: cst.BaseStatement) -> tuple[list[OutputFile], list[Diagnostic]]:
        """The files that a statement of a module can name, and what is wrong with how it names them."""
        files: dict[str, OutputFile] = {}
        problems: list[Diagnostic] = []
        text = self._resolver.source(module).statement_texts.get(statement)
        if text is not None and not any(anchor in text for anchor in _ANCHORS):
            return [], []
        for node, pattern in _Places(self._resolver, module).within(statement):
            found = list(self._matching(module, pattern)) if _says_something(pattern) else []
            if not found:
                problems.append(self._unclear(module, node, pattern))
            for file in found:
                if file.text is None:
                    problems.append(self._no_text(module, node, file.path))
                else:
                    files[file.path] = OutputFile(file.path, file.text, file.upstream)
        return list(files.values()), problems

    def _matching(self, module: str, pattern: str) -> Iterator[_Found]:
        at = self._resolver.finder.find(module)
        assert at is not None
        root, path = at
        folder = PurePosixPath(path).parent
        wanted = PurePosixPath(pattern).parts
        start = [part for part in wanted[:-1]]
        fixed = start[: next((i for i, part in enumerate(start) if _ANYTHING in part), len(start))]
        for file in root.files(str(folder.joinpath(*fixed))):
            parts = PurePosixPath(file).relative_to(folder).parts
            is_named = len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
            if is_named and not file.endswith(".py"):
                yield _Found(self._resolver, root, file)

    def _unclear(self, module: str, node: cst.CSTNode, pattern: str) -> Diagnostic:
        what = f"{pattern!r} names no file beside it" if pattern else "which file it reads beside it isn't written out"
        hint = "write an override for the definition that reads it"
        return self._resolver.source(module).diagnostic("D101", what, node, hint)

    def _no_text(self, module: str, node: cst.CSTNode, path: str) -> Diagnostic:
        hint = "write an override for the definition that reads it"
        return self._resolver.source(module).diagnostic("D102", f"{path} is not UTF-8 text", node, hint)


class _Found:
    """A file of upstream: its path, its text where it is one, and the record of it."""

    def __init__(self, resolver: NameResolver, root: SourceRoot, path: str) -> None:
        data = root.read(path)
        self.path = path
        self.upstream = resolver.finder.upstream(root, path, data)
        try:
            self.text: str | None = data.decode("utf-8")
        except UnicodeDecodeError:
            self.text = None


def _says_something(pattern: str) -> bool:
    """Whether a pattern names files below its folder, and not just any of them."""
    parts = PurePosixPath(pattern).parts
    return bool(pattern.replace(_ANYTHING, "").strip("/")) and ".." not in parts and not pattern.startswith("/")


class _Places:
    """Reads places in the package off expressions: patterns relative to the module's folder, '' for the folder."""

    def __init__(self, resolver: NameResolver, module: str) -> None:
        self._resolver = resolver
        self._module = module

    def within(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, str]]:
        """The outermost expressions that name a place."""
        pattern = self._read(node) if isinstance(node, cst.Call) else None
        pattern = self._place(node) if pattern is None and isinstance(node, cst.BaseExpression) else pattern
        if pattern is not None and pattern != _FILE:
            yield node, pattern
            return
        for child in children(node):
            yield from self.within(child)

    def _read(self, call: cst.Call) -> str | None:
        """What a call such as `pkgutil.get_data(__name__, 'names.txt')` reads."""
        if self._target(call) not in _READERS or len(call.args) < 2 or not _is_anchor(call.args[0].value):
            return None
        return self._part(call.args[1].value)

    def _place(self, node: cst.BaseExpression) -> str | None:
        if isinstance(node, cst.Name):
            return _FILE if node.value == _FILE else None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
            return self._below(self._place(node.left), [node.right])
        if isinstance(node, cst.Attribute) and node.attr.value == "parent":
            return _parent(self._place(node.value))
        return self._called(node) if isinstance(node, cst.Call) else None

    def _called(self, call: cst.Call) -> str | None:
        target, args = self._target(call), [arg.value for arg in call.args]
        if target == _FILES and args:
            return "" if _is_anchor(args[0]) else None
        if target in _SAME_PLACE and len(args) == 1:
            return self._place(args[0])
        if target in _FOLDER_OF and args:
            return _parent(self._place(args[0]))
        if target in _JOINS and args:
            return self._below(self._place(args[0]), args[1:])
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "joinpath":
            return self._below(self._place(call.func.value), args)
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in _SAME_PLACE_METHODS:
            return self._place(call.func.value)
        return None

    def _below(self, place: str | None, parts: list[cst.BaseExpression]) -> str | None:
        if place is None or place == _FILE:
            return None
        return "/".join(filter(None, [place, *map(self._part, parts)]))

    def _part(self, node: cst.BaseExpression) -> str:
        """What is known of a piece of a path; `*` stands for what isn't."""
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
            value = node.evaluated_value
            return value if isinstance(value, str) else _ANYTHING
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            return self._part(node.left) + self._part(node.right)
        if isinstance(node, cst.FormattedString):
            pieces = (part.value if isinstance(part, cst.FormattedStringText) else _ANYTHING for part in node.parts)
            return "".join(pieces)
        if isinstance(node, cst.Call) and self._target(node) in _JOINS:
            return "/".join(self._part(arg.value) for arg in node.args)
        return _ANYTHING

    def _target(self, call: cst.Call) -> str | None:
        origin = self._resolver.qualify(self._module, call.func)
        return origin.dotted if origin is not None else dotted_name(call.func)


def _is_anchor(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value in _ANCHORS


def _parent(place: str | None) -> str | None:
    """The folder that a place lies in; that of the module's file is the folder that places are relative to."""
    if place == _FILE:
        return ""
    return None if place is None else f"{place}/.." if place else ".."
