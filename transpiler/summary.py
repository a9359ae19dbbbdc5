"""The words at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from .emit import Plan
from .generation import Outcome
from .manifest import MANIFEST_NAME
from .model import Result, Upstream

_LONGEST_LIST = 20


def written_summary(shown: str, outcome: Outcome) -> Iterator[str]:
    """What a writing run did; `shown` is the output folder as the user named it."""
    if outcome.result is None:
        count = len(outcome.standing.hashes)
        yield f"{shown}: up to date, nothing to do ({_count(count, 'file')})"
        return
    plan = outcome.plan
    if plan is None:
        yield f"{shown}: nothing written"
    else:
        written = _modules([*plan.added, *plan.changed])
        new = len(_modules(plan.added))
        removed, unchanged = len(_modules(plan.removed)), len(_modules(plan.unchanged))
        yield f"{shown}: {_count(len(written), 'file')} written ({new} new), {unchanged} unchanged, {removed} removed"
        if plan.retained:
            yield f"{_count(len(plan.retained), 'file')} of refused modules left as they were"
    yield from _findings(outcome.result, plan.manifest.transposes if plan else None)


def drift_summary(shown: str, outcome: Outcome) -> Iterator[str]:
    """How what stands differs from what would be written now, a line a file; nothing when it doesn't.

    Where only the manifest stands, as in a fresh clone, only the manifest is compared.
    """
    plan = outcome.plan
    if plan is None:
        return
    edited = set(outcome.standing.edited) & set(plan.changed)
    yield from _listed("hand-edited", sorted(edited))
    yield from _listed("changed", [path for path in plan.changed if path not in edited])
    if outcome.standing.hashes or outcome.standing.manifest is None:
        yield from _listed("missing", plan.added)
    yield from _listed("extra", sorted({*plan.removed, *extra_files(outcome)}))
    yield from _causes(outcome, plan)


def _causes(outcome: Outcome, plan: Plan) -> Iterator[str]:
    """Why files are stale: another upstream file than the one they were made from, or other rules."""
    before = outcome.standing.manifest.files if outcome.standing.manifest else {}
    now = plan.manifest.files
    stale = [path for path, record in now.items() if path in before and before[path].sha256 != record.sha256]
    by_upstream = [path for path in stale if before[path].upstream != now[path].upstream]
    releases = Counter(_release_change(before[path].upstream, now[path].upstream) for path in by_upstream)
    for change, count in sorted(releases.items()):
        yield f"stale by upstream: {_count(count, 'file')}, {change}"
    if len(stale) > len(by_upstream):
        yield f"stale by the rules: {_count(len(stale) - len(by_upstream), 'file')}"


def _release_change(before: Upstream | None, now: Upstream | None) -> str:
    one, other = (f"{each.distribution} {each.version}" if each else "nothing" for each in (before, now))
    return f"another {other} than was read" if one == other else f"{one} -> {other}"


def extra_files(outcome: Outcome) -> tuple[str, ...]:
    """The files in the output folder that no run has written and that are not of the tolerated kind."""
    unknown = set(outcome.standing.strangers)
    return tuple(sorted(unknown & {*outcome.plan.kept, *outcome.plan.in_the_way})) if outcome.plan else ()


def _findings(result: Result, transposes: int | None) -> Iterator[str]:
    yield f"overrides used: {len(result.overrides_used)}"
    if transposes is not None:
        yield f"transposes inserted: {transposes}"
    counts = Counter(diagnostic.severity for diagnostic in result.diagnostics)
    yield "diagnostics: " + ", ".join(_count(counts[each], each) for each in ("error", "warning", "note"))
    if result.refused:
        yield "refused: " + ", ".join(result.refused)


def _listed(kind: str, paths: Collection[str]) -> Iterator[str]:
    for path in list(paths)[:_LONGEST_LIST]:
        yield f"{kind}: {path}"
    if len(paths) > _LONGEST_LIST:
        yield f"{kind}: ... and {len(paths) - _LONGEST_LIST} more"


def _modules(paths: Collection[str]) -> list[str]:
    return [path for path in paths if path != MANIFEST_NAME]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
