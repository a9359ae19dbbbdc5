"""What one release has that the other has not, and what has moved between modules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .inventory import Inventory, ModuleInventory

_SAME_MODULE = 0.5  # a module has moved when at least this share of its symbols stands in the new one


@dataclass(frozen=True)
class Move:
    """Something that stands elsewhere; `changed` when it was rewritten on the way."""

    name: str
    old: str
    new: str
    changed: bool


@dataclass(frozen=True)
class Drift:
    """Names by kind. Symbols are those of modules that both releases have, architectures of all modules."""

    new_modules: tuple[str, ...]
    removed_modules: tuple[str, ...]
    moved_modules: tuple[Move, ...]
    new_symbols: tuple[str, ...]
    removed_symbols: tuple[str, ...]
    moved_symbols: tuple[Move, ...]
    changed_symbols: tuple[str, ...]
    new_architectures: tuple[str, ...]
    removed_architectures: tuple[str, ...]
    moved_architectures: tuple[Move, ...]


def find_drift(old: Inventory, new: Inventory) -> Drift:
    """Compare two releases of a package."""
    added = sorted(set(new.modules) - set(old.modules))
    removed = sorted(set(old.modules) - set(new.modules))
    moved_modules = _moved_modules(old, new, removed, added)
    gone_from = {move.old for move in moved_modules}
    come_to = {move.new for move in moved_modules}
    old_symbols, new_symbols = _symbols(old), _symbols(new)
    moved_symbols = _moved_symbols(old_symbols, new_symbols)
    moved_from = {f"{move.old}.{move.name}" for move in moved_symbols}
    moved_to = {f"{move.new}.{move.name}" for move in moved_symbols}
    return Drift(
        new_modules=tuple(name for name in added if name not in come_to),
        removed_modules=tuple(name for name in removed if name not in gone_from),
        moved_modules=moved_modules,
        new_symbols=_in_modules(new_symbols.keys() - old_symbols.keys() - moved_to, old.modules),
        removed_symbols=_in_modules(old_symbols.keys() - new_symbols.keys() - moved_from, new.modules),
        moved_symbols=moved_symbols,
        changed_symbols=tuple(
            sorted(name for name in old_symbols.keys() & new_symbols.keys() if old_symbols[name] != new_symbols[name])
        ),
        new_architectures=tuple(sorted(new.architectures.keys() - old.architectures.keys())),
        removed_architectures=tuple(sorted(old.architectures.keys() - new.architectures.keys())),
        moved_architectures=tuple(
            Move(arch, module, new.architectures[arch], False)
            for arch, module in sorted(old.architectures.items())
            if arch in new.architectures and new.architectures[arch] != module
        ),
    )


def _symbols(inventory: Inventory) -> dict[str, str]:
    """The hash of each qualified symbol."""
    return {
        f"{module}.{name}": symbol.hash
        for module, content in inventory.modules.items()
        for name, symbol in content.symbols.items()
    }


def _in_modules(symbols: Iterable[str], modules: dict[str, ModuleInventory]) -> tuple[str, ...]:
    return tuple(sorted(symbol for symbol in symbols if symbol.rpartition(".")[0] in modules))


def _moved_modules(old: Inventory, new: Inventory, removed: list[str], added: list[str]) -> tuple[Move, ...]:
    moves = []
    for name in removed:
        before = old.modules[name].symbols
        shares = {each: len(before.keys() & new.modules[each].symbols.keys()) for each in added}
        best = max(shares, key=lambda each: shares[each], default="")
        if best and before and shares[best] >= _SAME_MODULE * len(before):
            after = new.modules[best].symbols
            changed = any(symbol.hash != after[key].hash for key, symbol in before.items() if key in after)
            moves.append(Move(name, name, best, changed or before.keys() != after.keys()))
    return tuple(moves)


def _moved_symbols(old: dict[str, str], new: dict[str, str]) -> tuple[Move, ...]:
    """Functions and classes that are gone from one module and defined anew in just one other."""
    places: dict[str, list[str]] = {}
    for symbol in new.keys() - old.keys():
        module, _, name = symbol.rpartition(".")
        places.setdefault(name, []).append(module)
    moves = []
    for symbol in sorted(old.keys() - new.keys()):
        module, _, name = symbol.rpartition(".")
        found = places.get(name, [])
        same = [each for each in found if new[f"{each}.{name}"] == old[symbol]]
        if not name.startswith("__") and (len(same) == 1 or len(found) == 1):
            target = (same or found)[0]
            moves.append(Move(name, module, target, not same))
    return tuple(moves)
