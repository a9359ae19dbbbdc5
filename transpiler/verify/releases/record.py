"""What is known about one release, and the file that keeps it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import VerifyError
from ..store import replace_file


@dataclass(frozen=True)
class ModuleResult:
    """`status` is "written", "refused" or "absent"; `diagnostics` are the first lines of the errors."""

    module: str
    status: str
    diagnostics: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelResult:
    """`error` is the worst max|a-b| / max|a| of the checks; `reason` says what did not pass."""

    arch: str
    module: str
    status: str
    error: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class ReleaseResult:
    """`fingerprint` covers the archive, the transpiler, the models compared and the versions of the frameworks."""

    version: str
    fingerprint: str
    modules: tuple[ModuleResult, ...]
    models: tuple[ModelResult, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ReleaseResult:
        modules = tuple(ModuleResult(**{**each, "diagnostics": tuple(each["diagnostics"])}) for each in data["modules"])
        return cls(data["version"], data["fingerprint"], modules, tuple(ModelResult(**each) for each in data["models"]))


def read_results(path: Path) -> dict[str, ReleaseResult]:
    """Results by version; empty when there is no file. Raises VerifyError when it holds something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {each["version"]: ReleaseResult.from_json(each) for each in data}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VerifyError(f"{path} does not hold results of releases: {error!r}") from error


def write_results(path: Path, results: Iterable[ReleaseResult]) -> None:
    """An interrupted run leaves the old file or the new one."""
    replace_file(path, json.dumps([dataclasses.asdict(each) for each in results], indent=1, ensure_ascii=False) + "\n")
