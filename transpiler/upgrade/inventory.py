"""What a source package defines, read as text: modules, symbols, architectures, and the torch names in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..overrides import tree_hash
from ..source import SourceFinder

_REGISTER = "register_model"
_TORCH = ("torch", "torchvision")


@dataclass(frozen=True)
class Symbol:
    """A top-level function, class or variable: where it starts, its text, and its hash as of an override's."""

    line: int
    text: str = field(repr=False)
    hash: str


@dataclass(frozen=True)
class ModuleInventory:
    """One module. `torch_names` are dotted names below torch, with the line of their first use."""

    path: str
    symbols: dict[str, Symbol]
    architectures: frozenset[str]
    torch_names: dict[str, int]


@dataclass(frozen=True)
class Inventory:
    """A top-level package of one release."""

    package: str
    distribution: str
    version: str
    modules: dict[str, ModuleInventory]

    @property
    def title(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def architectures(self) -> dict[str, str]:
        """The module of each architecture."""
        return {arch: name for name, module in self.modules.items() for arch in module.architectures}

    @property
    def torch_names(self) -> dict[str, str]:
        """The first place, `path:line`, of each torch name."""
        places: dict[str, str] = {}
        for module in self.modules.values():
            for name, line in module.torch_names.items():
                places.setdefault(name, f"{module.path}:{line}")
        return places


def take_inventory(finder: SourceFinder, package: str) -> Inventory:
    """Read every module of a top-level package; a file that doesn't parse is left out."""
    root = finder.root_of(package)
    modules: dict[str, ModuleInventory] = {}
    for path in root.files(package) if root is not None else ():
        if path.endswith(".py") and root is not None:
            text = root.read(path).decode("utf-8-sig", errors="replace")
            try:
                modules[_module_name(path)] = read_module(path, text)
            except SyntaxError:
                continue
    return Inventory(package, *finder.distribution(package), modules)


def read_module(path: str, text: str) -> ModuleInventory:
    """The inventory of one file. Raises SyntaxError."""
    tree, lines = ast.parse(text), text.splitlines()
    torch_names = _torch_names(tree)
    symbols: dict[str, Symbol] = {}
    architectures = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and _is_registered(statement):
            architectures.add(statement.name)
        for name in _bound(statement):
            symbols[name] = _symbol(statement, lines)
    return ModuleInventory(path, symbols, frozenset(architectures), torch_names)


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _symbol(statement: ast.stmt, lines: list[str]) -> Symbol:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(each.lineno for each in decorators)])
    text = "\n".join(lines[first - 1 : statement.end_lineno])
    return Symbol(first, text, tree_hash(ast.Module([statement], [])))


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _is_registered(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == _REGISTER for each in function.decorator_list)


def _torch_names(tree: ast.Module) -> dict[str, int]:
    """Names below torch that the module reads, followed through its imports."""
    aliases = dict(_torch_imports(tree))
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        dotted = _dotted(node)
        if dotted is not None and (head := dotted.partition(".")[0]) in aliases:
            name = aliases[head] + dotted.removeprefix(head)
            found[name] = min(found.get(name, 1 << 30), getattr(node, "lineno", 1))
    whole = set(found)
    return {name: line for name, line in found.items() if not any(other.startswith(f"{name}.") for other in whole)}


def _torch_imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in _TORCH:
                    yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] in _TORCH:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _dotted(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = _dotted(node.value)
        return None if head is None else f"{head}.{node.attr}"
    return None
