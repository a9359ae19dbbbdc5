"""Bring the output folder to what the pipeline gave: plan the new tree, then write it in one step."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .diagnostics import Diagnostic, errors
from .fingerprint import FINGERPRINT_NAME
from .manifest import MANIFEST_NAME, FileRecord, Manifest, check_paths, record_of, sha256
from .model import Result
from .output_error import OutputError
from .output_folder import OutputFolder
from .parity_states import known_states
from .standing import StandingTree, collisions, require_no_escape, with_ancestors
from .swap import NewTree, replace_tree
from .written import WRITTEN_NAME, written_text

_MOST_REASONS = 5


@dataclass(frozen=True)
class Plan:
    """The new tree, manifest included, and how it differs from the one that stands; all paths posix and relative.

    `retained` are files of a module that could be written once and can't be now: they stay as they are.
    `kept` and `kept_folders` are the user's own, which the new tree takes over; those `in_the_way` it replaces.
    """

    manifest: Manifest
    contents: Mapping[str, bytes]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    retained: tuple[str, ...]
    kept: tuple[str, ...]
    kept_folders: tuple[str, ...]
    in_the_way: tuple[str, ...]

    @property
    def manifest_sha256(self) -> str:
        return sha256(self.contents[MANIFEST_NAME])

    @property
    def is_empty(self) -> bool:
        """Whether what stands is already what is planned."""
        return not (self.added or self.changed or self.removed)


def plan_tree(folder: OutputFolder, standing: StandingTree, result: Result, parity: Mapping[str, str]) -> Plan:
    """Hold the pipeline's result against what stands; `parity` is the state of each architecture, where known.

    Raises:
        OutputError: an output path leads outside of the output folder.
    """
    check_paths(file.path for file in result.files)
    retained = _retained(standing, result)
    contents = {file.path: file.text.encode() for file in result.files}
    manifest = _new_manifest(standing, result, retained, parity)
    contents[MANIFEST_NAME] = manifest.to_text().encode()
    require_no_escape(folder, standing, contents)
    stands = {path: standing.read(path) for path in contents}
    in_the_way = collisions(standing, contents)
    old = set(standing.hashes) | ({MANIFEST_NAME} if standing.manifest else set())
    return Plan(
        manifest=manifest,
        contents=contents,
        added=tuple(path for path in sorted(contents) if stands[path] is None),
        changed=tuple(path for path in sorted(contents) if stands[path] not in (None, contents[path])),
        removed=tuple(sorted(old - set(contents) - set(retained))),
        unchanged=tuple(path for path in sorted(contents) if stands[path] == contents[path]),
        retained=tuple(sorted(retained)),
        kept=tuple(path for path in standing.foreign if path not in in_the_way),
        kept_folders=tuple(each for each in standing.foreign_folders if not with_ancestors([each]) & set(contents)),
        in_the_way=tuple(path for path in in_the_way if path not in contents or stands[path] != contents[path]),
    )


def write_tree(folder: OutputFolder, standing: StandingTree, plan: Plan, fingerprint: str | None) -> None:
    """Write the planned tree: all of it, or nothing.

    Args:
        fingerprint: the text of the fingerprint file; None leaves it out.

    Raises:
        OutputError: it can't be written; what stood there still does.
    """
    new = {path: plan.contents[path] for path in (*plan.added, *plan.changed)}
    new[WRITTEN_NAME] = _written(standing, plan).encode()
    if fingerprint is not None:
        new[FINGERPRINT_NAME] = fingerprint.encode()
    tree = NewTree(new, (*plan.unchanged, *plan.retained, *plan.kept), plan.kept_folders)
    try:
        replace_tree(folder, tree)
    except OSError as error:
        raise OutputError.from_os(f"cannot write {folder.shown}", error) from error


def _written(standing: StandingTree, plan: Plan) -> str:
    new = {path: record.sha256 for path, record in plan.manifest.files.items()}
    return written_text(new | {path: standing.hashes[path] for path in plan.retained})


def renew_fingerprint(folder: OutputFolder, text: str) -> None:
    """Renew the fingerprint file of a tree that is right as it stands; failing costs the next run its shortcut only."""
    with contextlib.suppress(OSError):
        folder.staging.write_text(text, encoding="utf-8")
        os.replace(folder.staging, folder.path / FINGERPRINT_NAME)


def _retained(standing: StandingTree, result: Result) -> dict[str, FileRecord]:
    if standing.manifest is None or not set(standing.roots) & set(result.refused):
        return {}
    new = {file.path for file in result.files}
    records = standing.manifest.files
    return {path: records[path] for path in standing.hashes if path in records and path not in new}


def _new_manifest(
    standing: StandingTree, result: Result, retained: Mapping[str, FileRecord], parity: Mapping[str, str]
) -> Manifest:
    files = {**retained, **{file.path: record_of(file) for file in result.files}}
    before = standing.manifest or Manifest()
    refused = {**before.refused, **{module: _reasons(found) for module, found in result.refused.items()}}
    return Manifest(
        roots=tuple(sorted({*standing.roots, *result.roots})),  # a root that is refused now stays wanted
        files=files,
        overrides={**(before.overrides if retained else {}), **dict(result.definition_hashes)},
        refused={module: lines for module, lines in refused.items() if module not in result.roots},
        parity=known_states(parity, files.values()),
    )


def _reasons(found: Iterable[Diagnostic]) -> tuple[str, ...]:
    """The errors of a refused module, a line each."""
    return tuple(dict.fromkeys(d.render().splitlines()[0] for d in errors(found)))[:_MOST_REASONS]
