"""Registries of the source: objects that hold classes by name, and build what `dict(type="FPN")` names.

A registry stands below another one and in a scope, its package's name. The classes that it may hold are those
that the modules at its `locations` register.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from .names import NameResolver, dotted_name
from .walk import find

Symbol = tuple[str, str]  # the module that defines it, and its name there


@dataclass(frozen=True)
class Registry:
    """What the call says that makes a registry: `parent` is another one, `locations` are packages or modules."""

    symbol: Symbol
    parent: Symbol | None = None
    locations: tuple[str, ...] = ()


@dataclass
class Registries:
    """Looks up registries and what they hold; `classes` are the qualified classes that registries are made of."""

    resolver: NameResolver
    classes: frozenset[str]
    _registries: dict[Symbol, Registry | None] = field(default_factory=dict)
    _held: dict[tuple[Symbol, str], Symbol | None] = field(default_factory=dict)

    def named(self, module: str, node: cst.BaseExpression) -> Registry | None:
        """The registry that an expression in a module names."""
        origin = self.resolver.qualify(module, node)
        if origin is None or origin.module is None or origin.symbol is None:
            return None
        return self._registry((origin.module, origin.symbol))

    def known_to(self, module: str) -> Iterator[Registry]:
        """The registries that a module imports."""
        if not self.classes:
            return
        for name in self.resolver.bindings(module).imports:
            registry = self.named(module, cst.Name(name))
            if registry is not None:
                yield registry

    def held(self, registry: Registry, key: str) -> Symbol | None:
        """The class that a registry, or one above it, finds under a name; `scope.Name` asks the registry of a scope."""
        scope, _, name = key.rpartition(".")
        start: Registry | None = self._of_scope(scope, registry.symbol[1]) if scope else registry
        while start is not None:
            if (start.symbol, name) not in self._held:
                self._held[start.symbol, name] = self._registered(start, name)
            found = self._held[start.symbol, name]
            if found is not None:
                return found
            start = self._registry(start.parent) if start.parent else None
        return None

    def _of_scope(self, scope: str, name: str) -> Registry | None:
        """The registry of another package, which stands in its module `registry`."""
        module = f"{scope}.registry"
        origin = self.resolver.resolve(module, name) if self.resolver.has_module(module) else None
        if origin is None or origin.module is None or origin.symbol is None:
            return None
        return self._registry((origin.module, origin.symbol))

    def _registry(self, symbol: Symbol) -> Registry | None:
        if symbol not in self._registries:
            self._registries[symbol] = self._read(symbol)
        return self._registries[symbol]

    def _read(self, symbol: Symbol) -> Registry | None:
        module, name = symbol
        if not self.resolver.has_module(module):
            return None
        for assign in find(self.resolver.tree(module), cst.Assign):
            if not isinstance(assign.value, cst.Call) or dotted_name(assign.targets[0].target) != name:
                continue
            made_of = self.resolver.qualify(module, assign.value.func)
            if made_of is None or made_of.dotted not in self.classes:
                return None
            keywords = {arg.keyword.value: arg.value for arg in assign.value.args if arg.keyword is not None}
            parent = self.resolver.qualify(module, keywords["parent"]) if "parent" in keywords else None
            above = (parent.module, parent.symbol) if parent and parent.module and parent.symbol else None
            return Registry(symbol, above, tuple(_strings(keywords.get("locations"))))
        return None

    def _registered(self, registry: Registry, name: str) -> Symbol | None:
        """The one class that modules at the registry's locations register under a name."""
        modules = self._modules(registry, name)
        found = {symbol for module in modules for symbol in self._classes_in(module, registry, name)}
        return found.pop() if len(found) == 1 else None

    def _modules(self, registry: Registry, name: str) -> Iterator[str]:
        """Modules at the locations whose text has the name and registers something."""
        says = re.compile(rf"\b{re.escape(name)}\b".encode())
        for location in registry.locations:
            at = self.resolver.finder.find(location) if self.resolver.is_source(location) else None
            if at is None:
                continue
            root, path = at
            for file in root.files(path.removesuffix("/__init__.py")) if path.endswith("/__init__.py") else (path,):
                text = root.read(file) if file.endswith(".py") else b""
                if b"register_module" in text and says.search(text):
                    yield file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def _classes_in(self, module: str, registry: Registry, name: str) -> Iterator[Symbol]:
        for statement in self.resolver.source(module).tree.body:
            if isinstance(statement, cst.ClassDef) and name in self._names(module, registry, statement):
                yield module, statement.name.value

    def _names(self, module: str, registry: Registry, node: cst.ClassDef) -> Iterator[str]:
        """The names that the decorators of a class register it under."""
        for decorator in node.decorators:
            call = decorator.decorator
            if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
                continue
            if call.func.attr.value == "register_module" and self.named(module, call.func.value) == registry:
                given = [arg.value for arg in call.args if arg.keyword is None or arg.keyword.value == "name"][:1]
                yield from _strings(given[0]) if given else [node.name.value]


def configured_names(node: cst.CSTNode) -> Iterator[str]:
    """The names that configurations written out in a piece of code give as `type`."""
    for call in find(node, cst.Call, cst.Dict):
        name = configured_name(call)
        if name is not None:
            yield name


def configured_name(node: cst.BaseExpression) -> str | None:
    """The name that `dict(type="FPN", ...)` or `{"type": "FPN", ...}` gives as `type`."""
    if isinstance(node, cst.Call) and dotted_name(node.func) == "dict":
        values = [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "type"]
    elif isinstance(node, cst.Dict):
        elements = [element for element in node.elements if isinstance(element, cst.DictElement)]
        values = [element.value for element in elements if [*_strings(element.key)] == ["type"]]
    else:
        return None
    return next((name for value in values for name in _strings(value)), None)


def _strings(node: cst.BaseExpression | None) -> Iterator[str]:
    """The strings that a string, or a list of them, written out in the source consists of."""
    if isinstance(node, cst.SimpleString):
        value = ast.literal_eval(node.value)
        if isinstance(value, str):
            yield value
    elif isinstance(node, (cst.List, cst.Tuple)):
        for element in node.elements:
            yield from _strings(element.value)
