"""The registry of mmengine.registry.registry, which looks for modules in the generated package only."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The scope that a build was started in: what is built on the way is looked up there first.
_scope = ContextVar("scope", default=None)


class Registry:
    """Classes by name, in a tree: a package's registry below mmengine's.

    Stands for mmengine.registry.registry.Registry; hand-written because the original imports whatever module a
    configuration names, and keeps the scope of a program in a global variable. Here a name is found when its module
    is part of the generated package: those at `locations` are imported when a name is missing. The scope is that of
    the registry that was told to build.
    """

    def __init__(self, name, build_func=None, parent=None, scope=None, locations=[]):
        self.name = name
        self.scope = scope or (locations[0].partition(".")[0] if locations else "mmengine")
        self.parent = parent
        self.build_func = build_func or (parent.build_func if parent is not None else None)
        self.locations = list(locations)
        self.children = {}
        self.module_dict = {}
        if parent is not None:
            parent.children[self.scope] = self

    def __contains__(self, key):
        return self._found(key) is not None

    @property
    def root(self):
        return self if self.parent is None else self.parent.root

    @contextmanager
    def switch_scope_and_registry(self, scope) -> Iterator["Registry"]:
        """The registry that names are looked up in: that of `scope`, or of the build that is under way."""
        wanted = scope or _scope.get() or self.scope
        registry = self.root if wanted == self.root.scope else self.root.children.get(wanted, self)
        token = _scope.set(registry.scope)
        try:
            yield registry
        finally:
            _scope.reset(token)

    def get(self, key):
        """The class of a name, such as `LN` or `mmpretrain.ViTSAM`.

        Raises:
            KeyError: nothing of that name is in the generated package.
        """
        found = self._found(key)
        if found is None:
            raise KeyError(
                f"{key} is not in the {self.scope}::{self.name} registry; transpile the module that defines it"
            )
        return found

    def _found(self, key):
        scope, _, name = key.rpartition(".")
        if scope and scope != self.scope:
            if scope != self.root.scope and scope not in self.root.children:
                _import_all(f"{scope}.registry")
            other = self.root if scope == self.root.scope else self.root.children.get(scope)
            return other._found(name) if other is not None else None
        registry = self
        while registry is not None:
            if name not in registry.module_dict:
                registry._import_locations()
            if name in registry.module_dict:
                return registry.module_dict[name]
            registry = registry.parent
        return None

    def _import_locations(self):
        """Import, once, the modules whose classes register themselves here."""
        locations, self.locations = self.locations, []
        for location in locations:
            _import_all(location)

    def build(self, cfg, *args, **kwargs):
        """What a configuration describes: a dict with `type`, a name or a class, and its arguments."""
        with self.switch_scope_and_registry(None if self.parent is None else self.scope):
            return self.build_func(cfg, *args, **kwargs, registry=self)

    def register_module(self, name=None, force=False, module=None):
        """Register a class, or decorate one, under its own name or those given."""

        def register(registered):
            for key in [name] if isinstance(name, str) else name or [registered.__name__]:
                if key in self.module_dict and not force:
                    raise KeyError(f"{key} is already registered in {self.name} at {self.module_dict[key].__module__}")
                self.module_dict[key] = registered
            return registered

        return register if module is None else register(module)


def _import_all(name):
    """Import a module of the generated package and, if it is a package, all in it; nothing if it isn't there."""
    package = __name__.removesuffix(".mmengine.registry.registry")
    if package == __name__ or importlib.util.find_spec(f"{package}.{name.partition('.')[0]}") is None:
        return
    if importlib.util.find_spec(f"{package}.{name}") is None:
        return
    found = importlib.import_module(f"{package}.{name}")
    for module in pkgutil.walk_packages(getattr(found, "__path__", ()), f"{found.__name__}."):
        importlib.import_module(module.name)
