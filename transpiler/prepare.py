"""Puts a module's tree in order before anything else looks at it: what can't happen or has no effect goes."""

from __future__ import annotations

import libcst as cst

from .names import NameResolver
from .passes.factory_arguments import remove_factory_arguments
from .passes.fold import fold
from .source import ModuleSource


def prepare(source: ModuleSource, resolver: NameResolver) -> cst.Module:
    """The module's tree with impossible branches folded and torch's factory arguments removed."""
    tree = fold(source, source.tree, resolver)
    return remove_factory_arguments(source, tree, resolver)
