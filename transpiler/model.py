"""The values that pass between the pipeline's steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .diagnostics import Diagnostic


@dataclass(frozen=True)
class Upstream:
    """Where a generated file comes from: the distribution, its version, the file's path in it and its hash."""

    distribution: str
    version: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Transpose:
    """A layout transpose that the analysis could not avoid: its line in the upstream file, and why it is there."""

    line: int
    reason: str


@dataclass(frozen=True)
class OutputFile:
    """A file of the generated package; `path` is posix and relative to the output folder."""

    path: str
    text: str
    upstream: Upstream | None = None
    overrides: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    transposes: tuple[Transpose, ...] = ()


@dataclass(frozen=True)
class Result:
    """What a run of the pipeline gives: the files of the whole package, and what there is to say about them.

    `roots` are the requested modules that can be written; `refused` those that can't, each with what was found.
    `overrides_of` are, for each of `roots`, those that it reaches. `definition_hashes` are those of the upstream
    definitions that the overrides in use stand for. `overrides_unreached` gives those that stand for a symbol of the
    roots' packages and that no requested module reaches; it reads every module that has overrides.
    `working_set` is what a run worked with: to free it takes longer than what is left to do.
    """

    files: tuple[OutputFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    roots: tuple[str, ...]
    refused: Mapping[str, tuple[Diagnostic, ...]]
    overrides_used: tuple[str, ...]
    upstream_read: tuple[Upstream, ...]
    definition_hashes: tuple[tuple[str, str], ...] = ()
    overrides_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    working_set: object = field(default=None, compare=False, repr=False)
    overrides_unreached: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False, repr=False)
