"""What the last run wrote here, kept beside the manifest and in no commit.

Where a newer manifest comes with a `git pull`, it tells files that an earlier run wrote from files that were edited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

WRITTEN_NAME = ".written.json"


def written_text(hashes: Mapping[str, str]) -> str:
    """The record's text, of the sha256 of each generated file."""
    return json.dumps(dict(sorted(hashes.items())), indent=1) + "\n"


def parse_written(text: str) -> dict[str, str]:
    """The sha256 by path; nothing where the record is damaged, which makes every difference an edit."""
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(record, dict):
        return {}
    return {path: value for path, value in record.items() if isinstance(value, str)}
