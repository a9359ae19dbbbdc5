"""How far this project is with an architecture: verified, generated, refused, or not begun."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..manifest import Manifest, parse_manifest
from ..output_error import OutputError
from ..source import SourceFinder
from ..upgrade.inventory import take_inventory
from .errors import ScoutError


@dataclass(frozen=True)
class State:
    """`name` is one of verified, failed, generated, refused, not generated, not in timm; `reason` says why."""

    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" if self.reason else self.name


class Standing:
    """What the manifest, the parity results and timm's source say about architectures.

    Raises:
        ScoutError: one of the files is there and can't be read.
    """

    def __init__(self, manifest: Path, parity: Path) -> None:
        self._manifest = _read_manifest(manifest)
        self._generated = {arch for record in self._manifest.files.values() for arch in record.architectures}
        self._parity = _read_parity(parity)
        self._modules = take_inventory(SourceFinder(), "timm").architectures

    def of(self, arch: str) -> State:
        if arch in self._generated:
            status, reason = self._parity.get(arch, ("", ""))
            if not status:
                return State("generated", "not verified yet")
            return State("verified") if status == "pass" else State("failed", reason)
        module = self._modules.get(arch)
        if module is None:
            return State("not in timm", "the installed timm has no such architecture")
        findings = self._manifest.refused.get(module)
        if findings is not None:
            return State("refused", findings[0] if findings else "")
        return State("not generated", f"python -m transpiler {module}")


def _read_manifest(path: Path) -> Manifest:
    try:
        return parse_manifest(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Manifest()
    except (OSError, UnicodeDecodeError, OutputError) as error:
        raise ScoutError(f"cannot read {path}: {error}") from error


def equal_architectures(parity: Path) -> dict[str, int]:
    """How many architectures of each module were compared with timm's and are equal; none without results.

    Raises:
        ScoutError: the file holds something else.
    """
    return dict(Counter(module for status, _, module in _read_rows(parity).values() if status == "pass"))


def _read_parity(path: Path) -> dict[str, tuple[str, str]]:
    return {arch: (status, reason) for arch, (status, reason, _) in _read_rows(path).items()}


def _read_rows(path: Path) -> dict[str, tuple[str, str, str]]:
    """Status, reason and module of each architecture as it is without arguments."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {row["arch"]: (row["status"], row["reason"], row["module"]) for row in rows if not row["arguments"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScoutError(f"{path} does not hold verification results: {error!r}") from error
