"""Tell, without doing the work, that it would give what already stands.

The fingerprint is kept in a file of its own beside the manifest: it changes with every change to the transpiler,
so that it has no place in a manifest that is committed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from pathlib import Path

from .model import Upstream
from .resources import folder as resource_folder

FINGERPRINT_NAME = ".fingerprint.json"

PACKAGE = Path(__file__).resolve().parent
# Whole-file templates and hand-written overrides belong to the tool too.
TOOL_FOLDERS = (PACKAGE, resource_folder("templates"), resource_folder("overrides"))
_WITHOUT_EFFECT = frozenset({"__pycache__", "verify", "bench", "scout"})
_TEXT_TOOLS = ("libcst", "jinja2", "black")


def hash_tool(folders: Iterable[Path] = TOOL_FOLDERS) -> str:
    """Hash of everything but the upstream source that decides what is generated: our files and the text tools."""
    digest = hashlib.sha256()
    for name in _TEXT_TOOLS:
        digest.update(f"{name} {_version(name)}\0".encode())
    digest.update(f"python {sys.version_info.major}.{sys.version_info.minor}\0".encode())
    for folder in folders:
        for path in _tool_files(folder):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{folder.name}/{path.relative_to(folder).as_posix()} {content}\0".encode())
    return digest.hexdigest()


def _tool_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _WITHOUT_EFFECT & set(path.relative_to(folder).parts):
            yield path


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def fingerprint(tool: str, roots: Iterable[str], upstream_read: Iterable[Upstream]) -> str:
    """Hash of all that a run depends on.

    Args:
        tool: what `hash_tool` gives.
        roots: the requested modules, those of earlier runs included.
        upstream_read: every upstream file that was read.
    """
    inputs = [tool, sorted(roots), sorted(astuple(each) for each in set(upstream_read))]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def fingerprint_text(tool: str, roots: Iterable[str], upstream_read: Iterable[Upstream], manifest_sha256: str) -> str:
    """The text of the fingerprint file."""
    upstream = sorted(set(upstream_read), key=astuple)
    document = {
        "fingerprint": fingerprint(tool, roots, upstream),
        "manifest": manifest_sha256,
        "upstream_read": [astuple(each) for each in upstream],
    }
    return json.dumps(document, indent=1) + "\n"


def is_current(
    text: str, tool: str, roots: Iterable[str], manifest_sha256: str, locate: Callable[[Upstream], Upstream | None]
) -> bool:
    """Whether the fingerprint file `text` was written for just these inputs; False when in doubt.

    Args:
        text: the fingerprint file's text.
        tool: what `hash_tool` gives now.
        roots: the modules that are to be generated now.
        manifest_sha256: hash of the manifest that stands.
        locate: finds and hashes an upstream file as it is now; None when it is gone.
    """
    try:
        document = json.loads(text)
        recorded = [Upstream(*each) for each in document["upstream_read"]]
        if document["manifest"] != manifest_sha256:
            return False
        expected = document["fingerprint"]
    except (ValueError, KeyError, TypeError):
        return False
    present = [locate(each) for each in recorded]
    return fingerprint(tool, roots, [each for each in present if each is not None]) == expected
