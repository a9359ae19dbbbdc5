"""One release after another: transpile its modules from the wheel, then compare the models in a process of its own.

timm is imported from the wheel itself, which stands first on the path of that process; nothing is installed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from ...manifest import MANIFEST_NAME
from ...source_roots import distribution_of, open_source
from ..errors import VerifyError
from .record import ModelResult, ModuleResult, ReleaseResult
from .small_models import MODULES, SMALL_MODELS, SmallModel

REPOSITORY = Path(__file__).resolve().parents[3]
_ERROR = re.compile(r"^(?:\S+:\d+:\d+: )?error [A-Z]\d+: .*$", re.MULTILINE)
_FRAMEWORKS = ("torch", "tensorflow", "keras")


@dataclass(frozen=True)
class Release:
    """A wheel of timm and its version."""

    version: str
    wheel: Path

    @property
    def package_name(self) -> str:
        return "timm_" + re.sub(r"\W", "_", self.version)


def find_releases(folder: Path) -> list[Release]:
    """The wheels of timm in a folder, newest first.

    Raises:
        VerifyError: there are none.
        TranspileError: one of them can't be read.
    """
    found = [Release(distribution_of(open_source(path), "timm")[1], path) for path in sorted(folder.glob("timm-*.whl"))]
    if not found:
        raise VerifyError(
            f"no timm-*.whl in {folder}: get them with `pip download --no-deps timm==VERSION -d {folder}`"
        )
    return sorted(found, key=lambda release: Version(release.version), reverse=True)


def _fingerprint(release: Release, package: Path, modules: Sequence[ModuleResult]) -> str:
    """Hash of all that a release's comparison depends on: what was written, from what, and what it runs on."""
    manifest = package / MANIFEST_NAME
    written = hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.exists() else ""
    wheel = hashlib.sha256(release.wheel.read_bytes()).hexdigest()
    frameworks = [importlib.metadata.version(name) for name in _FRAMEWORKS]
    inputs = [written, wheel, frameworks, repr(SMALL_MODELS), repr(modules)]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]


def check_release(
    release: Release, work: Path, kept: ReleaseResult | None, say: Callable[[str], None]
) -> ReleaseResult:
    """Transpile and compare one release; packages are written to `work`. `kept` is given back if it still stands."""
    package = work / release.package_name
    modules = tuple(_transpile_each(release, package))
    for module in modules:
        say(f"timm {release.version}: {module.module}: {module.status}")
    fingerprint = _fingerprint(release, package, modules)
    if kept is not None and kept.fingerprint == fingerprint:
        say(f"timm {release.version}: the comparison made before still stands")
        return kept
    written = {module.module for module in modules if module.status == "written"}
    models: list[ModelResult] = []
    for model in _compared(release, package, [model for model in SMALL_MODELS if model.module in written]):
        models.append(model)
        say(f"timm {release.version}: {_line(model)}")
    return ReleaseResult(release.version, fingerprint, modules, tuple(models))


def _transpile_each(release: Release, package: Path) -> Iterator[ModuleResult]:
    root = open_source(release.wheel)
    present = [module for module in MODULES if root.is_file(module.replace(".", "/") + ".py")]
    command = ["transpiler", *present, "--source", str(release.wheel), "--out", str(package), "--force"]
    run = _python(command)
    if run.returncode not in (0, 3):
        raise VerifyError(f"transpiling timm {release.version} fails: {_last_line(run)}")
    refused = re.search(r"^refused: (.*)$", run.stdout, re.MULTILINE)
    names = refused[1].split(", ") if refused else []
    for module in MODULES:
        if module not in present:
            yield ModuleResult(module, "absent")
        elif module in names:
            yield ModuleResult(module, "refused", tuple(dict.fromkeys(_ERROR.findall(run.stderr))))
        else:
            yield ModuleResult(module, "written")


def _compared(release: Release, package: Path, models: Sequence[SmallModel]) -> Iterator[ModelResult]:
    """The models one by one, all in one process: importing the frameworks takes longer than a model."""
    request = json.dumps({"package": str(package), "archs": [m.arch for m in models], "version": release.version})
    command = _command(["transpiler.verify.releases.worker", request])
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=_environment(str(release.wheel))
        ) as process:
            assert process.stdout is not None
            for model, line in zip(models, process.stdout, strict=False):
                yield ModelResult(module=model.module, arch=model.arch, **json.loads(line))
                models = models[1:]
        errors.seek(0)
        last = (errors.read().strip().splitlines() or ["no message"])[-1]
        for model in models:
            reason = f"the process ends with exit status {process.returncode}: {last}"
            yield ModelResult(model.arch, model.module, "error", reason=reason)


def _python(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = _environment(os.environ.get("PYTHONPATH", ""))
    return subprocess.run(_command(arguments), capture_output=True, text=True, check=False, env=environment)


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", *arguments]


def _environment(first_on_path: str) -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [first_on_path, str(REPOSITORY)]))
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}


def _last_line(run: subprocess.CompletedProcess[str]) -> str:
    lines = (run.stderr or run.stdout).strip().splitlines()
    return f"exit status {run.returncode}: {lines[-1] if lines else 'no message'}"


def _line(model: ModelResult) -> str:
    figure = f" {model.error:.1e}" if model.error is not None else ""
    return f"{model.arch}: {model.status}{figure}{': ' + model.reason if model.reason else ''}"
