"""Puts a module's tree in order before anything else looks at it: what can't happen or has no effect goes."""

from __future__ import annotations

import re

import libcst as cst

from .names import NameResolver
from .passes.factory_arguments import remove_factory_arguments
from .passes.fold import fold
from .source import ModuleSource

# What makes a statement worth a visit; most statements of a model file are configurations without any of it.
_FOLDS = re.compile(r"torch|hasattr|\bdir\(|\btry:|notrace|disable_compiler|is_exporting|is_autocast|is_meta|nullwrap|import")
_FACTORY = re.compile(r"device|dtype|\*\*\w+")


def prepare(source: ModuleSource, resolver: NameResolver) -> cst.Module:
    """The module's tree with impossible branches folded and torch's factory arguments removed."""
    texts = {statement: source.statement_text(index) for index, statement in enumerate(source.tree.body)}

    def matches(pattern: re.Pattern[str]):  # type: ignore[no-untyped-def]
        def wanted(statement: cst.CSTNode, words: frozenset[str] = frozenset()) -> bool:
            text = texts.get(statement)  # type: ignore[call-overload]
            return text is None or pattern.search(text) is not None or any(word in text for word in words)

        return wanted

    tree = fold(source, source.tree, resolver, matches(_FOLDS))
    return remove_factory_arguments(source, tree, resolver, matches(_FACTORY))
