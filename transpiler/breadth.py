"""All public modules of a package: which there are, and what becomes of each of them in a run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .diagnostics import INTERNAL_ERROR, Diagnostic, TranspileError, errors
from .model import OutputFile, Result
from .source import SourceFinder

Status = Literal["ok", "refused", "internal error"]


@dataclass(frozen=True)
class Row:
    """A module: the architectures that upstream registers in it, what became of it, and all that stood in the way.

    `transposes` counts those in the module's own file, `errors` are one line each.
    """

    module: str
    architectures: int
    status: Status
    transposes: int = 0
    errors: tuple[str, ...] = ()

    def line(self) -> str:
        """The row for people, on one line."""
        start = f"{self.module:<44} {self.architectures:>4}  {self.status:<8}"
        if self.status == "ok":
            return f"{start} {self.transposes} {'transpose' if self.transposes == 1 else 'transposes'}"
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        return f"{start} {self.errors[0]}{more}"


def public_modules(package: str, finder: SourceFinder) -> dict[str, int]:
    """The modules in a package that define something, by dotted name, with the architectures that each registers.

    Nothing is imported. Modules with a leading underscore in their names, and packages in the package, are left out.

    Raises:
        TranspileError: there is no such package, or no such module in it.
    """
    found = finder.find(package)
    if found is None or not found[1].endswith("/__init__.py"):
        raise TranspileError(Diagnostic("S110", f"no package named {package!r}", hint="write it as in timm.models"))
    root, file = found
    folder = file.removesuffix("/__init__.py")
    modules: dict[str, int] = {}
    for path in root.files(folder):
        name = path.removeprefix(f"{folder}/").removesuffix(".py")
        if path.endswith(".py") and "/" not in name and not name.startswith("_"):
            registered = _registered(root.read(path))
            if registered is not None:
                modules[f"{package}.{name}"] = registered
    if not modules:
        raise TranspileError(Diagnostic("S110", f"no public module of {package} defines anything"))
    return modules


def _registered(text: bytes) -> int | None:
    """How many architectures a module registers; None when it defines nothing."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return 0  # it is refused with its place when it is its turn
    definitions = [node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    decorators = [d for node in definitions for d in node.decorator_list]
    registered = sum(isinstance(d, ast.Name) and d.id == "register_model" for d in decorators)
    return registered if definitions else None


def breadth_rows(modules: Mapping[str, int], result: Result) -> list[Row]:
    """One row for each of the modules that a run was asked for."""
    files = {file.path: file for file in result.files}
    return [_row(module, count, result.refused.get(module, ()), files) for module, count in modules.items()]


def _row(module: str, architectures: int, told: Iterable[Diagnostic], files: Mapping[str, OutputFile]) -> Row:
    stopped = errors(told)
    if not stopped:
        return Row(module, architectures, "ok", len(files[module.replace(".", "/") + ".py"].transposes))
    is_internal = any(each.code == INTERNAL_ERROR for each in stopped)
    lines = tuple(dict.fromkeys(each.render().splitlines()[0] for each in stopped))
    return Row(module, architectures, "internal error" if is_internal else "refused", 0, lines)


def breadth_summary(rows: Iterable[Row]) -> Iterator[str]:
    """How many modules and architectures are transpiled."""
    every = list(rows)
    good = [row for row in every if row.status == "ok"]
    yield (
        f"{len(good)} of {len(every)} modules are transpiled, with {sum(row.architectures for row in good)} of"
        f" {sum(row.architectures for row in every)} architectures."
    )


def unreached_overrides(package: str, result: Result) -> Iterator[Diagnostic]:
    """A note for each override that no module of the package reaches: it serves a module that is asked for by name."""
    for symbol in result.overrides_unreached():
        message = f"no module of {package} reaches the override for {symbol}"
        hint = f"remove its entry from overrides/index.toml unless {symbol.rpartition('.')[0]} is transpiled for itself"
        yield Diagnostic("O207", message, hint=hint, severity="note")
