"""What is known about one export, and the file that keeps it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import VerifyError
from ..store import replace_file


@dataclass(frozen=True)
class ExportResult:
    """`status` is "pass", "fail" (other numbers) or "refused" (not written, or not run), `reason` the why of these.

    `error` is max|a-b| / max|a| against timm, over all batches and sizes; `fingerprint` covers the model's code.
    """

    arch: str
    format: str
    takes_any_size: bool
    status: str
    fingerprint: str
    versions: dict[str, str]
    error: float | None = None
    bytes: int | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, bool]:
        return self.arch, self.format, self.takes_any_size


def read_results(path: Path) -> dict[tuple[str, str, bool], ExportResult]:
    """Results by key; empty when there is no file. Raises VerifyError when it holds something else."""
    try:
        results = [ExportResult(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise VerifyError(f"{path} does not hold results of exports: {error!r}") from error
    return {result.key: result for result in results}


def write_results(path: Path, results: Iterable[ExportResult]) -> None:
    lines = ",\n".join(json.dumps(dataclasses.asdict(each), ensure_ascii=False) for each in results)
    replace_file(path, f"[\n{lines}\n]\n")
