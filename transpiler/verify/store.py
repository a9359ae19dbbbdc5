"""The results file: a JSON list with one row a line, always complete on disk, safe with several shards writing."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import VerifyError
from .record import Row, Settings


def read_rows(path: Path) -> dict[str, Row]:
    """Rows by name; empty when the file does not exist. Raises VerifyError when it is not a results file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise VerifyError(f"cannot read results file {path}: {error}") from error
    try:
        return {row.name: row for row in map(Row.from_json, data)}
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise VerifyError(f"{path} does not hold verification results: {error!r}") from error


def add_row(path: Path, row: Row) -> None:
    """Put one row into the file, replacing the earlier one of that name. Old or new file stands, never a mixture."""
    with _locked(path.parent):
        rows = read_rows(path)
        rows[row.name] = row
        replace_file(path, render_rows(rows.values()))


def render_rows(rows: Iterable[Row]) -> str:
    ordered = sorted(rows, key=lambda row: (row.module, row.name))
    return "[\n" + ",\n".join(json.dumps(row.to_json()) for row in ordered) + "\n]\n"


def is_current(row: Row, settings: Settings, versions: dict[str, str], fingerprint: str) -> bool:
    """Whether a stored row still answers the request. Errors may be the machine's fault, so they are tried again."""
    return (
        row.status != "error"
        and row.versions == versions
        and row.fingerprint == fingerprint
        and row.settings.covers(settings)
    )


def check_writable(path: Path) -> None:
    """Raise VerifyError now rather than after an hour of work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise VerifyError(f"cannot write results to {path}: {error.strerror}") from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)  # the folder, because the file itself is replaced
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, text: str) -> None:
    """Old or new file stands, never a mixture."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise VerifyError(f"cannot write results to {path}: {error.strerror}") from error
