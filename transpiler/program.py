"""The classes and functions of the source as the analysis sees them, with the summaries it has reached so far."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from . import rules
from .kinds import UNKNOWN, Instance, Kind, Layout, join
from .names import NameResolver
from .overrides import Hint

MODULE_BASES = frozenset({"torch.nn.Module"})


@dataclass
class ClassInfo:
    """A class of the source: its bases (qualified), its own methods, and what its attributes were seen to be."""

    name: str
    module: str
    node: cst.ClassDef
    bases: tuple[str, ...]
    methods: dict[str, cst.FunctionDef]
    attributes: dict[str, Kind] = field(default_factory=dict)


@dataclass
class Summary:
    """What is known of a function: the layouts its parameters want, and what it returns."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    returns: Kind = UNKNOWN
    parameters: tuple[str, ...] = ()
    arguments: dict[str, Kind] = field(default_factory=dict)


class Program:
    """Looks up classes, methods and functions by qualified name."""

    def __init__(self, resolver: NameResolver, hints: dict[str, Hint]) -> None:
        self.resolver = resolver
        self.hints = hints
        self.summaries: dict[str, Summary] = {}
        self.changed = False
        self.settling = False
        self._definitions: dict[str, dict[str, cst.BaseStatement]] = {}
        self._classes: dict[str, ClassInfo | None] = {}

    # definitions ---------------------------------------------------------------------------------------------------

    def definition(self, module: str, name: str) -> cst.BaseStatement | None:
        """The top-level def or class called `name`."""
        if module not in self._definitions:
            table: dict[str, cst.BaseStatement] = {}
            for statement in self.resolver.tree(module).body:
                if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
                    table[statement.name.value] = statement
            self._definitions[module] = table
        return self._definitions[module].get(name)

    def function(self, qualified: str) -> tuple[str, cst.FunctionDef] | None:
        """(module, def) of a qualified top-level function."""
        module, _, name = qualified.rpartition(".")
        if not module or not self.resolver.has_module(module):
            return None
        node = self.definition(module, name)
        return (module, node) if isinstance(node, cst.FunctionDef) else None

    def class_info(self, qualified: str) -> ClassInfo | None:
        """The class of a qualified name; None when it is no class of the source."""
        if qualified not in self._classes:
            self._classes[qualified] = self._read_class(qualified)
        return self._classes[qualified]

    def _read_class(self, qualified: str) -> ClassInfo | None:
        module, _, name = qualified.rpartition(".")
        if not module or not self.resolver.has_module(module):
            return None
        node = self.definition(module, name)
        if not isinstance(node, cst.ClassDef):
            return None
        bases = []
        for base in node.bases:
            origin = self.resolver.qualify(module, base.value)
            if origin is not None:
                bases.append(origin.dotted)
        methods = {s.name.value: s for s in node.body.body if isinstance(s, cst.FunctionDef)}
        return ClassInfo(qualified, module, node, tuple(bases), methods)

    # classes -------------------------------------------------------------------------------------------------------

    def ancestry(self, qualified: str) -> list[str]:
        """The class and its bases, nearest first (depth first is enough: the source has no diamonds)."""
        found, pending = [], [qualified]
        while pending:
            name = pending.pop(0)
            if name in found:
                continue
            found.append(name)
            info = self.class_info(name)
            if info:
                pending = [*info.bases, *pending]
        return found

    def is_module(self, qualified: str) -> bool:
        """Whether a class is a torch.nn.Module or a torch layer."""
        return any(name in MODULE_BASES or isinstance(rules.find(name), rules.Layer) for name in self.ancestry(qualified))

    def method(self, qualified: str, name: str) -> tuple[ClassInfo, cst.FunctionDef] | None:
        """The class that defines a method, and the method; looked up through the bases."""
        for base in self.ancestry(qualified):
            info = self.class_info(base)
            if info and name in info.methods:
                return info, info.methods[name]
        return None

    def layer(self, qualified: str) -> rules.Layer | None:
        """The torch layer that a class is or derives from, when it doesn't define `forward` itself."""
        for base in self.ancestry(qualified):
            row = rules.find(base)
            if isinstance(row, rules.Layer):
                return row
            info = self.class_info(base)
            if info and "forward" in info.methods:
                return None
        return None

    def attribute(self, qualified: str, name: str) -> Kind | None:
        """What an attribute was seen to be, in the class or its bases."""
        found: Kind | None = None
        for base in self.ancestry(qualified):
            info = self.class_info(base)
            if info and name in info.attributes:
                found = info.attributes[name] if found is None else join(found, info.attributes[name])
        return found

    def set_attribute(self, qualified: str, name: str, kind: Kind) -> None:
        """Note one more thing that an attribute was seen to be."""
        info = self.class_info(qualified)
        if info is None:
            return
        before = info.attributes.get(name)
        after = kind if before is None else _join_attribute(before, kind)
        if after != before:
            info.attributes[name] = after
            self.changed = True

    # summaries -----------------------------------------------------------------------------------------------------

    def summary(self, function: str) -> Summary:
        return self.summaries.setdefault(function, Summary())

    def note_argument(self, function: str, parameter: str, kind: Kind) -> None:
        """Note what a caller passes for a parameter."""
        summary = self.summary(function)
        before = summary.arguments.get(parameter)
        after = kind if before is None else join(before, kind)
        if after != before:
            summary.arguments[parameter] = after
            self.changed = True


def _join_attribute(before: Kind, after: Kind) -> Kind:
    if isinstance(before, type(UNKNOWN)):
        return after
    if isinstance(after, type(UNKNOWN)):
        return before
    joined = join(before, after)
    if joined == UNKNOWN and isinstance(before, Instance):
        return before
    return joined
