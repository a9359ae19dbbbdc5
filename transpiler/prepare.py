"""Puts a module in order before anything else looks at it: what can't happen or has no effect goes.

Functions and classes are put in order when they are asked for: of most modules only a few are needed.
"""

from __future__ import annotations

import re

import libcst as cst

from .names import NameResolver
from .passes.factory_arguments import remove_factory_arguments
from .passes.fold import fold, fold_definition
from .source import ModuleSource

# What makes a definition worth a visit; most functions of a model file are configurations without any of it.
_FOLDS = re.compile(
    r"torch|hasattr|isinstance|\bdir\(|\btry:|notrace|disable_compiler|is_exporting|is_autocast|is_meta|nullwrap|import"
)
_FACTORY = re.compile(r"device|dtype|\*\*\w+")
Definition = cst.FunctionDef | cst.ClassDef


class PreparedModule:
    """A module whose statements are folded, and whose definitions are prepared on demand."""

    def __init__(self, source: ModuleSource, resolver: NameResolver) -> None:
        self._source = source
        self._resolver = resolver
        self._texts = {statement: source.statement_text(index) for index, statement in enumerate(source.tree.body)}
        self.tree, self._flags = fold(source, source.tree, resolver)
        self._definitions: dict[int, cst.BaseStatement] = {}

    def statement(self, index: int) -> cst.BaseStatement:
        """A top-level statement, prepared."""
        statement = self.tree.body[index]
        if not isinstance(statement, Definition):
            return statement  # type: ignore[return-value]
        if index not in self._definitions:
            self._definitions[index] = self._prepared(statement)
        return self._definitions[index]

    def _prepared(self, node: Definition) -> cst.BaseStatement:
        text = self._texts.get(node)
        new: cst.BaseStatement = node
        if text is None or _FOLDS.search(text) or any(flag in text for flag in self._flags):
            new = fold_definition(self._source, node, self._resolver, self._flags)
        if text is None or _FACTORY.search(text):
            new = remove_factory_arguments(self._source, new, self._resolver)
        return new


def prepare(source: ModuleSource, resolver: NameResolver) -> PreparedModule:
    """The module with impossible branches folded and torch's factory arguments removed."""
    return PreparedModule(source, resolver)
