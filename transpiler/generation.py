"""A run from the command line's side: look at the output folder, run the pipeline if need be, write or compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .diagnostics import errors
from .emit import Plan, plan_tree, renew_fingerprint, write_tree
from .fingerprint import FINGERPRINT_NAME, fingerprint_text, hash_tool, is_current
from .lock import exclusive
from .manifest import MANIFEST_NAME, Manifest, sha256
from .model import Result
from .output_error import OutputError
from .output_folder import OutputFolder, require_writable
from .parity_states import known_states, read_parity_states
from .standing import StandingTree, read_standing_tree, require_unedited
from .swap import recover
from .timings import Timings
from .upstream_files import UpstreamLocator

Progress = Callable[[str, int, int], None]


class Transpile(Protocol):
    """The pipeline's entry: `previous_roots` are generated again together with `modules`."""

    def __call__(
        self,
        modules: Sequence[str],
        *,
        source_root: Path | None,
        previous_roots: Sequence[str],
        progress: Progress,
        timings: Timings,
    ) -> Result: ...


@dataclass(frozen=True)
class Request:
    """What to generate and where. No modules: those that the output folder already holds."""

    modules: tuple[str, ...]
    folder: OutputFolder
    source_root: Path | None = None
    force: bool = False

    @property
    def parity_results(self) -> Path:
        """Where a project keeps the verifier's results: beside the output folder."""
        return self.folder.path.parent / "docs" / "parity.json"


@dataclass(frozen=True)
class Outcome:
    """What a run found: no `result` when everything was up to date, no `plan` when no requested module passed."""

    standing: StandingTree
    result: Result | None = None
    plan: Plan | None = None


class NothingToGenerate(Exception):
    """No module was named, and the output folder holds none."""


def generate(request: Request, transpile: Transpile, progress: Progress, timings: Timings) -> Outcome:
    """Bring the output folder up to date; it is left alone when it is, or when no requested module can be written.

    Raises:
        OutputError: the folder can't be used or written.
        NothingToGenerate: there is no module to work on.
        TranspileError: from the pipeline.
    """
    require_writable(request.folder)
    with exclusive(request.folder):
        _recover(request.folder)
        with timings.phase("look at the output folder"):
            standing = _look(request)
            tool = hash_tool()
            if not request.force and _is_up_to_date(request, standing, tool):
                return Outcome(standing)
        result = _transpile(request, standing, transpile, progress, timings)
        if not set(result.roots) & set(request.modules or standing.roots):
            return Outcome(standing, result)
        plan = _plan(request, standing, result)
        with timings.phase("write"):
            _write(request, standing, result, plan, tool)
    return Outcome(standing, result, plan)


def compare(request: Request, transpile: Transpile, progress: Progress, timings: Timings) -> Outcome:
    """Generate in memory only and hold it against what stands; takes no lock and changes nothing.

    Raises:
        OutputError, NothingToGenerate, TranspileError: as `generate`.
    """
    with timings.phase("look at the output folder"):
        standing = read_standing_tree(request.folder)
        _require_roots(request, standing)
    result = _transpile(request, standing, transpile, progress, timings)
    return Outcome(standing, result, _plan(request, standing, result))


def _recover(folder: OutputFolder) -> None:
    try:
        recover(folder)
    except OSError as error:
        raise OutputError.from_os(f"cannot tidy up beside {folder.shown} after a killed run", error) from error


def _look(request: Request) -> StandingTree:
    standing = read_standing_tree(request.folder)
    if not request.force:
        require_unedited(request.folder, standing)
    _require_roots(request, standing)
    return standing


def _require_roots(request: Request, standing: StandingTree) -> None:
    if not request.modules and not standing.roots:
        raise NothingToGenerate(f"name a module; {request.folder.shown} holds none yet that could be generated again")


def _is_up_to_date(request: Request, standing: StandingTree, tool: str) -> bool:
    text, manifest = standing.read(FINGERPRINT_NAME), standing.read(MANIFEST_NAME)
    if text is None or manifest is None or standing.missing or standing.outdated:
        return False
    if standing.manifest and not _has_current_states(request, standing.manifest):
        return False
    roots = {*standing.roots, *request.modules}
    locate = UpstreamLocator(request.source_root)
    return is_current(text.decode(errors="replace"), tool, roots, sha256(manifest), locate)


def _plan(request: Request, standing: StandingTree, result: Result) -> Plan:
    return plan_tree(request.folder, standing, result, read_parity_states(request.parity_results))


def _has_current_states(request: Request, manifest: Manifest) -> bool:
    states = read_parity_states(request.parity_results)
    return known_states(states, manifest.files.values()) == manifest.parity


def _transpile(
    request: Request, standing: StandingTree, transpile: Transpile, progress: Progress, timings: Timings
) -> Result:
    modules = request.modules or standing.roots
    previous = tuple(root for root in standing.roots if root not in modules)
    return transpile(
        modules, source_root=request.source_root, previous_roots=previous, progress=progress, timings=timings
    )


def _write(request: Request, standing: StandingTree, result: Result, plan: Plan, tool: str) -> None:
    if plan.in_the_way and not request.force:
        names = ", ".join(plan.in_the_way[:3])
        raise OutputError(f"{request.folder.shown}: {names} would be replaced and is not ours (--force replaces it)")
    fingerprint = None
    if not errors(result.diagnostics):
        fingerprint = fingerprint_text(tool, plan.manifest.roots, result.upstream_read, plan.manifest_sha256)
    if not plan.is_empty or plan.in_the_way:
        write_tree(request.folder, standing, plan, fingerprint)
    elif fingerprint is not None:
        renew_fingerprint(request.folder, fingerprint)
