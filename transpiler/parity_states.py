"""How each architecture compared with timm's when it was verified last, from the verifier's results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from .manifest import FileRecord


def read_parity_states(results: Path) -> dict[str, str]:
    """The status of each architecture, built without arguments; empty when the file is not there or not ours."""
    try:
        rows = json.loads(results.read_text(encoding="utf-8"))
        return {str(row["arch"]): str(row["status"]) for row in rows if not row["arguments"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def known_states(states: Mapping[str, str], records: Iterable[FileRecord]) -> dict[str, str]:
    """The states of the architectures that are generated."""
    return {arch: states[arch] for record in records for arch in record.architectures if arch in states}
