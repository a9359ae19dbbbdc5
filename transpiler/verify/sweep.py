"""Verifying many architectures: resuming, progress, and keeping every row the moment it is known."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tqdm import tqdm

from .architecture import verify_architecture
from .package import Fingerprints
from .record import Row, Settings, row_name
from .selection import module_of
from .store import add_row, check_writable, is_current, read_rows


@dataclass(frozen=True)
class Sweep:
    """A request: the package, what to ask of each architecture, and where the rows are kept (None: nowhere).

    `arguments` are given to `create_model` with each architecture.
    """

    package: ModuleType
    package_folder: Path
    settings: Settings
    versions: dict[str, str]
    results: Path | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    fresh: bool = False
    debug: bool = False

    def run(self, archs: Sequence[str], say: Callable[[str], None]) -> list[Row]:
        """Rows in the order of `archs`, those kept from an earlier run included."""
        stored = self._stored()
        fingerprints = Fingerprints(self.package_folder)
        rows: list[Row] = []
        with tqdm(archs, unit="arch", file=sys.stderr, dynamic_ncols=True) as progress:
            for arch in progress:
                progress.set_postfix_str(arch)
                fingerprint = fingerprints.of(module_of(arch))
                kept = stored.get(row_name(arch, self.arguments))
                if kept and is_current(kept, self.settings, self.versions, fingerprint):
                    say(f"{kept.name}: kept from {self.results}: {kept.status}")
                    rows.append(kept)
                    continue
                row = verify_architecture(self.package, arch, self.settings, self.arguments, self.debug)
                row = dataclasses.replace(row, versions=self.versions, fingerprint=fingerprint)
                if self.results:
                    add_row(self.results, row)
                say(describe_row(row))
                rows.append(row)
        return rows

    def _stored(self) -> dict[str, Row]:
        if self.results is None:
            return {}
        check_writable(self.results)
        rows = read_rows(self.results)  # also with --fresh: a file of another kind must not be written over
        return {} if self.fresh else rows


def describe_row(row: Row) -> str:
    """One line: name, status, the worst figure, what was reduced, the seconds, and the reason where it did not pass."""
    parts = [f"{row.name}: {row.status}"]
    worst = row.worst()
    if worst:
        parts.append(f"worst {worst[1]:.1e} ({worst[0]})")
    if row.reduced:
        parts.append("reduced to " + ", ".join(f"{name}={value}" for name, value in row.reduced.items()))
    if row.seconds:
        parts.append(f"{row.seconds:.0f} s")
    if row.reason:
        parts.append(row.reason)
    return ", ".join(parts)
