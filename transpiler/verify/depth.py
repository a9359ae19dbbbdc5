"""Models with fewer blocks than upstream's: the arguments that count blocks are cut where a model class takes them."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

# Blocks in all, blocks of each stage, or what each block is, as timm's constructors and their configurations call them.
DEPTH_ARGUMENTS = ("depth", "depths", "layers", "stages", "block_config", "num_blocks", "block_args")
# Blocks chosen by their index in the whole model: with other depths they would be other blocks, or none.
INDEX_ARGUMENTS = ("global_att_blocks",)


@dataclass(frozen=True)
class DepthLimit:
    """The most blocks a model keeps in all, where it counts them so, and in each stage."""

    blocks: int
    blocks_of_stage: int

    def cut(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Those of a constructor's arguments that count more blocks, with what they are cut to."""
        if any(arguments.get(name) for name in INDEX_ARGUMENTS):
            return {}
        replaced = {name: self._cut_value(name, value) for name, value in arguments.items()}
        cut = {name: value for name, value in replaced.items() if value is not arguments[name]}
        return cut | _thinned(arguments, cut)

    def _cut_value(self, name: str, value: Any) -> Any:
        """The same object where there is nothing to cut."""
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
            cut = self.cut(fields)
            return dataclasses.replace(value, **cut) if cut else value
        if name not in DEPTH_ARGUMENTS:
            return value
        if isinstance(value, int) and value > self.blocks:
            return self.blocks
        if isinstance(value, tuple | list):
            stages = type(value)(self._cut_stage(stage) for stage in value)
            return value if stages == value else stages
        return value

    def _cut_stage(self, stage: Any) -> Any:
        if isinstance(stage, int):
            return min(stage, self.blocks_of_stage)
        if isinstance(stage, list):  # descriptions of its blocks
            return stage[: self.blocks_of_stage]
        return stage


def _thinned(arguments: dict[str, Any], cut: dict[str, Any]) -> dict[str, Any]:
    """Arguments that hold a value for each of the blocks that were cut, with the values of as few, evenly spread."""
    blocks_left = {arguments[name]: value for name, value in cut.items() if isinstance(value, int)}
    return {
        name: _evenly_spread(value, blocks_left[len(value)])
        for name, value in arguments.items()
        if isinstance(value, tuple | list) and name not in cut and len(value) in blocks_left
    }


def _evenly_spread(values: tuple[Any, ...] | list[Any], count: int) -> tuple[Any, ...] | list[Any]:
    """`count` of the values, the first and the last among them."""
    step = (len(values) - 1) / max(count - 1, 1)
    return type(values)(values[round(index * step)] for index in range(count))


def described(cut: dict[str, Any]) -> dict[str, Any]:
    """Cut arguments as plain data: numbers of blocks, and `cfg.depths` for a field of a configuration."""
    plain: dict[str, Any] = {}
    for name, value in cut.items():
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            counts = {key: fields[key] for key in DEPTH_ARGUMENTS if key in fields}
            plain |= {f"{name}.{key}": count for key, count in described(counts).items()}
        elif isinstance(value, tuple | list):
            plain[name] = tuple(len(stage) if isinstance(stage, list) else stage for stage in value)
        else:
            plain[name] = value
    return plain


@contextmanager
def cut_constructors(classes: Sequence[type], limit: DepthLimit) -> Iterator[dict[str, Any]]:
    """Within, these classes build models of at most so many blocks, whatever asks them to; yields what was cut."""
    seen: dict[str, Any] = {}

    def cut(arguments: dict[str, Any]) -> dict[str, Any]:
        replaced = limit.cut(arguments)
        seen.update(described(replaced))
        return replaced

    with ExitStack() as stack:
        for model_class in classes:
            stack.enter_context(replaced_arguments(model_class, cut))
        yield seen


def parameter_names(model_class: type) -> set[str]:
    """What a class's constructor takes by name, the constructors it inherits from included."""
    return {
        name
        for ancestor in model_class.__mro__
        if "__init__" in vars(ancestor)
        for name in inspect.signature(vars(ancestor)["__init__"]).parameters
    }


def counterparts(classes: Sequence[type], package: ModuleType) -> list[type]:
    """The generated classes of the same names and modules; a class that is absent is left out."""
    found = []
    for model_class in classes:
        try:
            module = importlib.import_module(f"{package.__name__}.{model_class.__module__}")
        except ModuleNotFoundError:
            continue
        if hasattr(module, model_class.__name__):
            found.append(getattr(module, model_class.__name__))
    return found


@contextmanager
def replaced_arguments(model_class: type, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Within, `change` is given the arguments of each construction by name, and what it returns takes their place.

    Defaults and what `**kwargs` catches are among them.
    """
    own = "__init__" in vars(model_class)
    original = model_class.__init__  # type: ignore[misc]
    signature = inspect.signature(original)

    @functools.wraps(original)
    def build(self: Any, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        rest = next((name for name, kind in signature.parameters.items() if kind.kind is kind.VAR_KEYWORD), None)
        named = dict(list(bound.arguments.items())[1:])
        extra = named.pop(rest, {}) if rest else {}
        changed = change(named | extra)
        for name, value in changed.items():
            (extra if name in extra else bound.arguments)[name] = value
        original(*bound.args, **bound.kwargs)

    build.__signature__ = signature  # type: ignore[attr-defined]  # Keras looks at it, and not at what is wrapped
    model_class.__init__ = build  # type: ignore[misc]
    try:
        yield
    finally:
        if own:
            model_class.__init__ = original  # type: ignore[misc]
        else:
            del model_class.__init__  # type: ignore[misc]
