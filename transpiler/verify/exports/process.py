"""A process for each export: converters keep what they made, and may take more memory than there is."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from ..package import import_package
from .models import Export
from .record import ExportResult


def check_in_a_process(package: Path, export: Export, fingerprint: str, versions: dict[str, str]) -> ExportResult:
    """`check_export` of the package in a folder; a process that is killed is a result too."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_check, package, export, fingerprint, versions).result()
        except BrokenProcessPool:
            reason = "the process was killed, as one that takes too much memory is"
            return ExportResult(*export.key, "refused", fingerprint, versions, reason=reason)


def _check(folder: Path, export: Export, fingerprint: str, versions: dict[str, str]) -> ExportResult:
    from .. import frameworks
    from .check import check_export

    frameworks.use_exact_float32()
    return check_export(import_package(folder), export, fingerprint, versions)
