"""Modules that a generated module imports only when it needs them, and that may not have been generated."""

from __future__ import annotations

import importlib.util


def require_module(name: str, importer: str) -> None:
    """Check that module `name` (as upstream calls it) is part of the package that `importer` belongs to.

    Args:
        name: Upstream's dotted name, such as `timm.models.naflexvit`.
        importer: `__name__` of the generated module that is about to import it.

    Raises:
        ImportError: It is not; says which command writes it.
    """
    top = name.partition(".")[0]
    package = importer.partition(f".{top}.")[0]
    if importlib.util.find_spec(f"{package}.{name}") is None:
        raise ImportError(f"{name} is not part of {package}; write it with `python -m transpiler {name}`")
