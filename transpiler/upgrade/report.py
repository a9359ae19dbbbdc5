"""The report of an upgrade: everything that a person reads before following a new release."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import rules
from ..diagnostics import Diagnostic, TranspileError
from ..model import Result
from ..names import NameResolver
from ..overrides import OverrideIndex
from ..pipeline import transpile
from ..prepare import prepare
from ..resources import folder
from ..source import SourceFinder
from ..templating import render
from ..timings import Timings
from .drift import Drift, find_drift
from .generated import FileDiff, file_diffs, refusals, touched_architectures
from .inventory import Inventory, take_inventory
from .stale import StaleOverride, stale_overrides

Progress = Callable[[str, int, int], None]
MOST_DIFF_LINES = 400  # in the Markdown file, over all files: a pull request takes 65,536 characters


@dataclass(frozen=True)
class TorchName:
    """A torch name that the new release uses, the old one doesn't, and the table has no row for."""

    name: str
    where: str


@dataclass(frozen=True)
class UpgradeReport:
    """The templates' fields."""

    old: str
    new: str
    modules: tuple[str, ...]
    drift: Drift
    refusals: tuple[str, ...]
    files: tuple[FileDiff, ...]
    torch_names: tuple[TorchName, ...]
    stale: tuple[StaleOverride, ...]
    verify: tuple[tuple[str, tuple[str, ...]], ...]
    most_diff_lines: int = MOST_DIFF_LINES
    template: str = "upgrade_report.txt.j2"

    def text(self) -> str:
        """For a terminal: names and counts, and every diff."""
        return render(self)

    def markdown(self) -> str:
        """For a pull request or an issue: long parts folded, and the diffs cut."""
        return render(replace(self, template="upgrade_report.md.j2"))


def upgrade_report(old: str, new: str, modules: Sequence[str], progress: Progress) -> UpgradeReport:
    """Compare what two releases give for `modules`.

    Args:
        old, new: each a folder, a wheel, a source distribution, or the version that is installed.
        modules: dotted modules of one package, such as timm.models.swin_transformer.

    Raises:
        TranspileError: a release can't be read.
    """
    package = modules[0].partition(".")[0]
    roots = [_source_path(each, package) for each in (old, new)]
    finders = [SourceFinder(root) for root in roots]
    inventories = []
    for number, finder in enumerate(finders):
        progress(f"reading {(old, new)[number]}", number, 4)
        inventories.append(take_inventory(finder, package))
    results = []
    for number, root in enumerate(roots):
        progress(f"transpiling {(old, new)[number]}", number + 2, 4)
        results.append(_transpiled(modules, root))
    return _report(inventories[0], inventories[1], results[0], results[1], modules, finders)


def _report(
    old: Inventory, new: Inventory, before: Result, after: Result, modules: Sequence[str], finders: list[SourceFinder]
) -> UpgradeReport:
    package = modules[0].partition(".")[0]
    indices = [OverrideIndex(folder("overrides"), NameResolver(finder, {package}, prepare)) for finder in finders]
    new_names = sorted(set(new.torch_names) - set(old.torch_names))
    return UpgradeReport(
        old=old.title,
        new=new.title,
        modules=tuple(modules),
        drift=find_drift(old, new),
        refusals=refusals(before, after),
        files=file_diffs(before, after),
        torch_names=tuple(TorchName(name, new.torch_names[name]) for name in new_names if rules.find(name) is None),
        stale=tuple(stale_overrides(old, new, *indices)),
        verify=tuple(touched_architectures(before, after).items()),
    )


def _transpiled(modules: Sequence[str], root: Path | None) -> Result:
    try:
        return transpile(modules, source_root=root, previous_roots=(), progress=lambda *_: None, timings=Timings())
    except TranspileError as error:
        return Result((), error.diagnostics, (), dict.fromkeys(modules, error.diagnostics), (), ())


def _source_path(named: str, package: str) -> Path | None:
    """None for the installed package."""
    if Path(named).exists():
        return Path(named)
    try:
        installed = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        installed = ""
    if named == installed or named == "installed":
        return None
    message = f"{named} is no folder or archive, and {package} {installed or '(none)'} is what is installed"
    hint = f"get it with `pip download --no-deps {package}=={named}` and name the wheel"
    raise TranspileError(Diagnostic("S109", message, hint=hint))
