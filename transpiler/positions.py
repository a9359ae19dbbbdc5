"""Where the nodes of a module stand: worked out for the part that one is in, as positions of a whole file take long."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import libcst as cst
from libcst.metadata import CodePosition, CodeRange, MetadataWrapper, PositionProvider

from .walk import walk

Positions = Mapping[cst.CSTNode, CodeRange]


@dataclass(frozen=True, eq=False)
class _Part:
    """A top-level statement, or a member of a class: `code` is a module with nothing else.

    `line` is the line of the file on which it starts; none for a whole file.
    """

    node: cst.CSTNode
    code: cst.Module
    line: int | None = None

    @cached_property
    def positions(self) -> Positions:
        wrapper = MetadataWrapper(self.code, unsafe_skip_copy=True)
        return dict(wrapper.resolve(PositionProvider))  # type: ignore[arg-type]

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        found: CodePosition = self.positions[node].start
        if self.line is None:
            return found.line, found.column + 1
        own = (self.node, *getattr(self.node, "decorators", ()))
        first = min(self.positions[each].start.line for each in own)
        return found.line - first + self.line, found.column + 1


class NodePlaces:
    """Says where nodes stand in a file of which text and tree are given."""

    def __init__(self, tree: cst.Module, statements: Sequence[ast.stmt]) -> None:
        self._tree = tree
        self._owners: dict[cst.CSTNode, _Part] = {}
        self._left = self._parts(statements)

    def find(self, node: cst.CSTNode) -> tuple[int, int] | None:
        """Line and column, both from 1; None for a node that is not in the file."""
        while node not in self._owners:
            part = next(self._left, None)
            if part is None:
                return None
            for each in walk(part.node):
                self._owners.setdefault(each, part)
        return self._owners[node].place(node)

    def _parts(self, statements: Sequence[ast.stmt]) -> Iterator[_Part]:
        """Members of a class before the class, so that it keeps what is in none of them."""
        if len(statements) != len(self._tree.body):
            yield _Part(self._tree, self._tree)
            return
        for node, statement in zip(self._tree.body, statements, strict=True):
            if isinstance(node, cst.ClassDef) and isinstance(statement, ast.ClassDef):
                yield from self._members(node, statement)
            yield _Part(node, self._module(node), first_line(statement))

    def _members(self, node: cst.ClassDef, statement: ast.ClassDef) -> Iterator[_Part]:
        block = node.body
        if not isinstance(block, cst.IndentedBlock) or len(block.body) != len(statement.body):
            return
        for member, its_statement in zip(block.body, statement.body, strict=True):
            alone = cst.ClassDef(cst.Name("_"), cst.IndentedBlock([member], indent=block.indent))
            yield _Part(member, self._module(alone), first_line(its_statement))

    def _module(self, statement: cst.CSTNode) -> cst.Module:
        return cst.Module(body=[statement], default_indent=self._tree.default_indent)  # type: ignore[list-item]


def first_line(statement: ast.stmt) -> int:
    """The line on which a statement starts, its decorators included."""
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
