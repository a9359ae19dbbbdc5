"""The registry of mmengine.registry.registry without what finds and imports modules while a program runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The scope that a build was started in: what is built on the way is looked up there first.
_scope = ContextVar("scope", default=None)


class Registry:
    """Classes by name, in a tree: a package's registry below mmengine's.

    Stands for mmengine.registry.registry.Registry; hand-written because the original imports whatever module a
    configuration names, and keeps the scope of a program in a global variable. Here a name is found when its module
    is part of the generated package, and the scope is that of the registry that was told to build.
    """

    def __init__(self, name, build_func=None, parent=None, scope=None, locations=[]):
        self.name = name
        self.scope = scope or (locations[0].partition(".")[0] if locations else "mmengine")
        self.parent = parent
        self.build_func = build_func or (parent.build_func if parent is not None else None)
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
            other = self.root if scope == self.root.scope else self.root.children.get(scope)
            return other._found(name) if other is not None else None
        registry = self
        while registry is not None:
            if name in registry.module_dict:
                return registry.module_dict[name]
            registry = registry.parent
        return None

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
