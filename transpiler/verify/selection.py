"""Which architectures a request means. Imports timm."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Sequence

import timm

from .errors import VerifyError


def module_of(arch: str) -> str:
    """The dotted name of the module that registers an architecture."""
    return timm.models.model_entrypoint(arch).__module__


def architectures(patterns: Sequence[str], modules: Sequence[str]) -> list[str]:
    """Sorted architectures that match any name or shell pattern, or are registered by any of the modules."""
    known = timm.list_models()
    chosen: set[str] = set()
    for pattern in patterns:
        found = fnmatch.filter(known, pattern)
        if not found:
            raise VerifyError(f"timm {timm.__version__} has no architecture {pattern!r}{_suggestion(pattern, known)}")
        chosen.update(found)
    for module in modules:
        found = timm.list_models(module=module.rpartition(".")[2])
        if not found:
            raise VerifyError(f"timm {timm.__version__} has no module {module!r} that registers architectures")
        chosen.update(found)
    return sorted(chosen)


def modules_of(archs: Iterable[str]) -> list[str]:
    """Sorted modules behind those of the names that timm registers."""
    known = set(timm.list_models())
    return sorted({module_of(arch) for arch in archs if arch in known})


def take_shard(archs: Sequence[str], shard: str) -> list[str]:
    """Part i of n, written `i/n` with i from 1. Neighbours go to different shards: their sizes are alike."""
    try:
        index, count = (int(part) for part in shard.split("/"))
    except ValueError:
        raise VerifyError(f"--shard takes i/n, such as 1/4, not {shard!r}") from None
    if not 1 <= index <= count:
        raise VerifyError(f"--shard {shard}: i runs from 1 to n")
    return list(archs[index - 1 :: count])


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    return f": did you mean {', '.join(close)}?" if close else ""
