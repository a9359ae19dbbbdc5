"""Which torch names timm's modules mention, read from their text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import timm

FRAMEWORKS = ("torch", "torchvision", "timm")
# What the names that come in by `import *` stand for.
CONVENTIONS = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"}


@cache
def mentioned() -> frozenset[str]:
    """Qualified names, and `torch.Tensor.x` for every attribute `x` of something that is no module."""
    found: set[str] = set()
    root = Path(timm.__file__).parent
    for path in sorted(root.rglob("*.py")):
        package = ".".join(path.parent.relative_to(root.parent).parts)
        found.update(_names_in(ast.parse(path.read_text(encoding="utf-8")), package, path.stem))
    return frozenset(found)


def _names_in(tree: ast.Module, package: str, module: str) -> Iterator[str]:
    bindings = CONVENTIONS | dict(_imports(tree, package))
    yield from bindings.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            qualified = _qualified(node, bindings)
            yield qualified or f"torch.Tensor.{node.attr}"
            yield f"torch.nn.Module.{node.attr}"
        elif isinstance(node, ast.FunctionDef):
            yield f"{package}.{module}.{node.name}"


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            origin = package if node.level else ""
            module = ".".join(part for part in (origin, node.module) if part)
            for alias in node.names:
                yield alias.asname or alias.name, f"{module}.{alias.name}"


def _qualified(node: ast.Attribute, bindings: dict[str, str]) -> str | None:
    parts = [node.attr]
    inner: ast.expr = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or bindings.get(inner.id, "").partition(".")[0] not in FRAMEWORKS:
        return None
    return ".".join([bindings[inner.id], *reversed(parts)])
