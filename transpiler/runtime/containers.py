"""Containers that are layers, so that Keras and TensorFlow track what is in them."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from .arguments import encode
from .module import Module
from .registry import attribute_of


class _Container(Module):
    """Children that come and go: a file holds those there are, not those it was made with."""

    def _described_arguments(self) -> dict[str, Any]:
        if type(self).__module__ != __name__:
            return super()._described_arguments()  # a subclass has a constructor of its own
        return {"keywords": {}, "positional": [encode(self._contents())]}

    def _contents(self) -> Any:
        return dict(self._registry.modules)


class _IndexedContainer(_Container):
    """Children named by their position: 0, 1, 2, …"""

    def __len__(self) -> int:
        return len(self._registry.modules)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._registry.modules.values()))

    def __contains__(self, module: object) -> bool:
        return any(module is child for child in self)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._of(list(self._registry.modules.items())[index])
        return self._registry.modules[self._name_at(index)]

    def __setitem__(self, index: int, module: Any) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: Any) -> None:
        names = list(self._registry.modules)
        for name in names[index] if isinstance(index, slice) else [self._name_at(index)]:
            delattr(self, name)
        self._renumber(list(self))

    def _name_at(self, index: Any) -> str:
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} is out of range of {len(self)} modules")
        return list(self._registry.modules)[position]

    def _renumber(self, modules: list[Any]) -> None:
        for name in list(self._registry.modules):
            delattr(self, name)
        self.extend(modules)

    def _of(self, children: list[tuple[str, Any]]) -> Any:
        return type(self)([module for _, module in children])

    def append(self, module: Any) -> Any:
        """Add one child at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Any]) -> Any:
        """Add children at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> None:
        """Add one child before the one at `index`."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)


class Sequential(_IndexedContainer):
    """`torch.nn.Sequential`: layers called one after the other; names may be given by an OrderedDict."""

    def __init__(self, *layers: Any, **kwargs: Any):
        super().__init__(**kwargs)
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            for name, layer in layers[0].items():
                self.add_module(name, layer)
            return
        for position, layer in enumerate(layers):
            self.add_module(str(position), layer)

    def _of(self, children: list[tuple[str, Any]]) -> Sequential:
        return Sequential(OrderedDict(children))

    def call(self, x: Any) -> Any:
        for layer in self:
            x = layer(x)
        return x


class ModuleList(_IndexedContainer):
    """`torch.nn.ModuleList`: a list of layers that is called layer by layer."""

    def __init__(self, modules: Iterable[Any] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.extend(modules or [])

    def _contents(self) -> list[Any]:
        return list(self)

    def __add__(self, modules: Iterable[Any]) -> ModuleList:
        return ModuleList([*self, *modules])

    def __iadd__(self, modules: Iterable[Any]) -> Self:
        self.extend(modules)
        return self


class ModuleDict(_Container):
    """`torch.nn.ModuleDict`: layers by name, in order."""

    def __init__(self, modules: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.update(modules or {})

    def __len__(self) -> int:
        return len(self._registry.modules)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._registry.modules))

    def __contains__(self, name: object) -> bool:
        return name in self._registry.modules

    def __getitem__(self, name: str) -> Any:
        return self._registry.modules[name]

    def __setitem__(self, name: str, module: Any) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def keys(self) -> Iterable[str]:
        """Names in order."""
        return list(self._registry.modules)

    def values(self) -> Iterable[Any]:
        """Layers in order."""
        return list(self._registry.modules.values())

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and layers in order."""
        return list(self._registry.modules.items())

    def pop(self, name: str) -> Any:
        """Remove a layer and give it back."""
        module = self[name]
        delattr(self, attribute_of(name))
        return module

    def update(self, modules: Any) -> None:
        """Add or replace the layers of a mapping or of pairs."""
        for name, module in modules.items() if hasattr(modules, "items") else modules:
            self.add_module(name, module)
