"""What a module owns, in order, under torch's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Keras reserves these attribute names; the attribute gets a trailing underscore, torch's name does not.
RESERVED_ATTRIBUTES: dict[str, str] = {
    f"{name}_": name
    for name in (
        "build",
        "built",
        "call",
        "compile",
        "compute_dtype",
        "dtype",
        "fit",
        "input",
        "input_dtype",
        "input_spec",
        "inputs",
        "layers",
        "losses",
        "metrics",
        "name",
        "output",
        "outputs",
        "path",
        "trainable",
        "trainable_weights",
        "variable_dtype",
        "variables",
        "weights",
    )
}


def torch_name_of(attribute: str) -> str:
    """The name torch gives what is kept in `attribute`."""
    return RESERVED_ATTRIBUTES.get(attribute, attribute)


def attribute_of(torch_name: str) -> str:
    """The attribute that holds what torch calls `torch_name`."""
    reserved = f"{torch_name}_"
    return reserved if reserved in RESERVED_ATTRIBUTES else torch_name


@dataclass
class Registry:
    """Ordered contents of one module. None marks a name that is registered and empty."""

    parameters: dict[str, Any] = field(default_factory=dict)
    buffers: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Any] = field(default_factory=dict)
    non_persistent: set[str] = field(default_factory=set)
    forward_pre_hooks: dict[int, Callable[..., Any]] = field(default_factory=dict)
    forward_hooks: dict[int, Callable[..., Any]] = field(default_factory=dict)
    load_hooks: dict[int, Callable[..., Any]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.parameters or name in self.buffers or name in self.modules

    def get(self, name: str) -> Any:
        """What is registered under `name`, or None."""
        for table in (self.parameters, self.buffers, self.modules):
            if name in table:
                return table[name]
        return None

    def put(self, table: dict[str, Any], name: str, value: Any) -> None:
        """Register `value` in `table` alone, at the place `name` had there."""
        for other in (self.parameters, self.buffers, self.modules):
            if other is not table:
                other.pop(name, None)
        if table is not self.buffers:
            self.non_persistent.discard(name)
        table[name] = value

    def remove(self, name: str) -> None:
        for table in (self.parameters, self.buffers, self.modules):
            table.pop(name, None)
        self.non_persistent.discard(name)

    def holds(self, value: Any) -> bool:
        """Whether `value` is registered under some name."""
        return any(
            value is held or value is getattr(held, "variable", None)
            for table in (self.parameters, self.buffers, self.modules)
            for held in table.values()
        )


class RemovableHandle:
    """Takes a hook back off its module."""

    _next_id = 0

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any], prepend: bool = False):
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1
        self._hooks = hooks
        later = dict(hooks) if prepend else {}
        if prepend:
            hooks.clear()
        hooks[self.id] = hook
        hooks.update(later)

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self._hooks.pop(self.id, None)


class WithoutModule:
    """Calls a hook with all arguments but the module. An object, so that a copied module copies its hook."""

    def __init__(self, hook: Callable[..., Any]):
        self.hook = hook

    def __call__(self, module: Any, *args: Any) -> Any:
        return self.hook(*args)
