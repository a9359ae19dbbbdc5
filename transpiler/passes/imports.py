"""Imports of a generated module: what is still used, relative to the generated package."""

from __future__ import annotations

import libcst as cst

from .. import patterns as m
from ..code import code_of
from ..names import NameResolver, dotted_name, import_target
from .fold import FRAMEWORKS

RUNTIME = "transpiler.runtime"
_OWN_NAMES = {
    "tf": "import tensorflow as tf",
    "ops": "from keras import ops",
    "np": "import numpy as np",
    "math": "import math",
}
_RUNTIME_NAMES = {"F": "functional as F", "nn": "nn"}


def relative(module: str, target: str) -> str:
    """How generated module `module` writes the path of module `target`, both dotted from the package's root."""
    here = module.split(".")[:-1]
    there = target.split(".")
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    return "." * (len(here) - common + 1) + ".".join(there[common:])


def framework_lines(module: str, used: set[str], bound: set[str]) -> list[str]:
    """The imports of TensorFlow and the runtime that a module's code needs."""
    lines = [line for name, line in _OWN_NAMES.items() if name in used and name not in bound]
    runtime = relative(module, "runtime")
    lines += [
        f"from {runtime} import {item}" for name, item in _RUNTIME_NAMES.items() if name in used and name not in bound
    ]
    typing = ", ".join(name for name in ("List", "Optional") if name in used and name not in bound)
    if typing:
        lines.append(f"from typing import {typing}")
    order = {
        "import math": 0,
        f"from typing import {typing}": 1,
        "import numpy as np": 2,
        "import tensorflow as tf": 3,
        "from keras import ops": 4,
    }
    return sorted(lines, key=lambda line: (order.get(line, 9), line))


def is_framework(statement: cst.SimpleStatementLine, package: str) -> bool:
    """Whether an import line is of torch or a package that belongs to it."""
    return all(_top(part, package) in FRAMEWORKS for part in statement.body)


def _top(part: cst.BaseSmallStatement, package: str) -> str:
    if isinstance(part, cst.ImportFrom):
        return import_target(part, package).partition(".")[0]
    if isinstance(part, cst.Import):
        return (dotted_name(part.names[0].name) or "").partition(".")[0]
    return ""


class ImportWriter:
    """Rewrites the import lines of one module."""

    def __init__(self, module: str, package: str, resolver: NameResolver, used: set[str]) -> None:
        self.module = module
        self.package = package
        self.resolver = resolver
        self.used = used

    def line(self, statement: cst.SimpleStatementLine) -> list[cst.SimpleStatementLine]:
        """What becomes of an import line: nothing, or the same with only what is used."""
        part = statement.body[0]
        if isinstance(part, cst.ImportFrom):
            target = import_target(part, self.package)
            if target == "__future__":
                return [statement]
            new: cst.BaseSmallStatement | None = (
                self._star(part, target) if isinstance(part.names, cst.ImportStar) else self._named(part, target)
            )
        else:
            new = self._plain(cst.ensure_type(part, cst.Import))
        return [statement.with_changes(body=[new])] if new is not None else []

    def _plain(self, part: cst.Import) -> cst.BaseSmallStatement | None:
        kept = []
        for alias in part.names:
            name = (
                alias.asname.name.value
                if alias.asname and isinstance(alias.asname.name, cst.Name)
                else (dotted_name(alias.name) or "").partition(".")[0]
            )
            if name in self.used:
                kept.append(alias)
        if not kept:
            return None
        target = dotted_name(kept[0].name) or ""
        parent, _, last = target.rpartition(".")
        if len(kept) == 1 and self.resolver.is_source(target) and (kept[0].asname is not None or not parent):
            new_name = code_of(kept[0].asname) if kept[0].asname is not None else ""
            text = f"from {relative(self.module, parent)} import {last}{new_name}"
            return cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine).body[0]
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return part.with_changes(names=kept)

    def _named(self, part: cst.ImportFrom, target: str) -> cst.ImportFrom | None:
        assert not isinstance(part.names, cst.ImportStar)
        names = list(part.names)
        kept = [alias for alias in names if _bound_name(alias) in self.used]
        if not kept:
            return None
        kept[-1] = kept[-1].with_changes(comma=names[-1].comma)
        part = part.with_changes(names=kept)
        return self._relative(part, target) if self.resolver.is_source(target) else part

    def _relative(self, part: cst.ImportFrom, target: str) -> cst.ImportFrom:
        if part.relative:
            return part
        path = relative(self.module, target)
        level = len(path) - len(path.lstrip("."))
        rest = path[level:]
        module = cst.ensure_type(cst.parse_expression(rest), (cst.Name, cst.Attribute)) if rest else None  # type: ignore[arg-type]
        return part.with_changes(relative=[cst.Dot()] * level, module=module)

    def _star(self, part: cst.ImportFrom, target: str) -> cst.ImportFrom | None:
        """A star import of the source names what is used of it."""
        if not self.resolver.is_source(target):
            return part
        names = []
        for name in sorted(self.used):
            bindings = self.resolver.bindings(self.module)
            if name in bindings.imports or name in bindings.definitions:
                continue
            origin = self.resolver.resolve(self.module, name)
            if origin is not None and origin.module == target and origin.symbol:
                names.append(name)
        if not names:
            return None
        aliases = [cst.ImportAlias(cst.Name(name)) for name in names]
        return self._relative(part.with_changes(names=aliases), target)


def _bound_name(alias: cst.ImportAlias) -> str:
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return (dotted_name(alias.name) or "").partition(".")[0]


class InnerImports(cst.CSTTransformer):
    """Makes imports inside functions relative, of the source's modules and of the runtime."""

    def __init__(self, module: str, package: str, resolver: NameResolver, absent: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.module = module
        self.package = package
        self.resolver = resolver
        self.absent = absent

    def leave_SimpleStatementLine(self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine):  # type: ignore[no-untyped-def]
        """An import of a module that is not generated says at run time how to get it."""
        part = original_node.body[0] if original_node.body else None
        if not isinstance(part, cst.ImportFrom) or import_target(part, self.package) not in self.absent:
            return updated_node
        target = import_target(part, self.package)
        check = cst.ensure_type(
            cst.parse_statement(f'nn.require_module("{target}", __name__)'), cst.SimpleStatementLine
        )
        lines = updated_node.leading_lines
        return cst.FlattenSentinel(
            [check.with_changes(leading_lines=lines), updated_node.with_changes(leading_lines=[])]
        )

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        target = import_target(original_node, self.package)
        if target == RUNTIME or target.startswith(RUNTIME + "."):
            path = relative(self.module, target.removeprefix("transpiler."))
        elif not original_node.relative and self.resolver.is_source(target):
            path = relative(self.module, target)
        else:
            return updated_node
        level = len(path) - len(path.lstrip("."))
        rest = path[level:]
        module = cst.parse_expression(rest) if rest else None
        return updated_node.with_changes(relative=[cst.Dot()] * level, module=module)


def override_line(module: str, name: str, target_module: str, symbol: str | None, resolver: NameResolver) -> str | None:
    """The import line that gives an override's code one of its names; None when the module has it itself."""
    if target_module == module:
        return None
    alias = f" as {name}" if symbol != name else ""
    if target_module == RUNTIME or target_module.startswith(RUNTIME + "."):
        return f"from {relative(module, target_module.removeprefix('transpiler.'))} import {symbol}{alias}"
    if resolver.is_source(target_module):
        origin = resolver.resolve(target_module, symbol or "")
        if origin is not None and origin.module == module:
            return None
        where = origin.module if origin is not None and origin.module else target_module
        return f"from {relative(module, where)} import {symbol}{alias}"
    if symbol is None:
        return f"import {target_module}" + (f" as {name}" if name != target_module else "")
    return f"from {target_module} import {symbol}{alias}"


def is_docstring(statement: cst.CSTNode) -> bool:
    return m.matches(statement, m.SimpleStatementLine(body=[m.Expr(value=m.SimpleString() | m.ConcatenatedString())]))
