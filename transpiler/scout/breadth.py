"""How much of a package is transpiled: the rows of `python -m transpiler --all`, as data and as a page."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import rules
from ..breadth import Row, breadth_rows, breadth_summary, public_modules
from ..pipeline import errors_without_override, transpile
from ..resources import folder
from ..source import SourceFinder
from ..templating import ResultsPage, render
from ..timings import Timings

COMMAND = "python -m transpiler.scout breadth"
_ERRORS_SHOWN = 3


@dataclass(frozen=True)
class OverrideUse:
    """A hand-written override, why there is one, and how many modules and architectures reach it.

    `without` is the first error in upstream's own definition; empty when the rules write it.
    """

    symbol: str
    reason: str
    modules: int
    architectures: int
    without: str = ""


@dataclass(frozen=True)
class Means:
    """What the transpiler knows by hand: rows of the table, files of passes, hints for the package."""

    rows: int
    passes: int
    hints: int


@dataclass(frozen=True)
class Breadth:
    """The rows of all public modules of a package, the version they were found in, and what it took by hand."""

    package: str
    distribution: str
    version: str
    rows: tuple[Row, ...]
    means: Means
    overrides: tuple[OverrideUse, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    def page(self, data: str, equal: Mapping[str, int]) -> str:
        """The rows as Markdown.

        Args:
            data: the file of the rows, beside the page.
            equal: how many architectures of a module were compared with upstream's and are equal.
        """
        count = sum(equal.get(row.module, 0) for row in self.rows)
        compared = f"{count} architectures were compared with upstream's and are equal ([parity.md](parity.md))."
        own = "Transposes are those in the module's own file."
        summary = (*breadth_summary(self.rows), compared, self._by_hand(), own)
        columns = ("module", "architectures", "outcome", "found equal", "transposes", "what stands in the way")
        rows = (_cells(row, equal.get(row.module, 0)) for row in self.rows)
        return self._rendered(f"What is transpiled of {self.package}", data, summary, columns, rows)

    def page_of_overrides(self, data: str) -> str:
        """How many architectures each override serves, as Markdown."""
        rows = (
            (f"`{use.symbol}`", str(use.architectures), str(use.modules), use.reason, _without(use))
            for use in self.overrides
        )
        columns = ("symbol", "architectures", "modules", "reason", "without it")
        summary = (
            "An override serves the architectures of the modules whose code reaches it.",
            "Where the rules would write upstream's own definition, the reason says why that is not enough.",
        )
        return self._rendered(f"Overrides that {self.package} takes", data, summary, columns, rows)

    def _by_hand(self) -> str:
        means, count = self.means, len(self.overrides)
        return (
            f"{means.rows} rows, {means.passes} files of passes, {means.hints} hints and {count} overrides"
            " ([overrides.md](overrides.md)) say what can't be read off the source."
        )

    def _rendered(
        self, title: str, data: str, summary: Sequence[str], columns: Sequence[str], rows: Iterable[tuple[str, ...]]
    ) -> str:
        versions = ((self.distribution, self.version),)
        return render(ResultsPage(title, COMMAND, data, versions, tuple(summary), tuple(columns), tuple(rows)))


def _without(use: OverrideUse) -> str:
    return f"`{use.without}`" if use.without else "the rules write it"


def _cells(row: Row, equal: int) -> tuple[str, ...]:
    shown = "; ".join(f"`{line}`" for line in row.errors[:_ERRORS_SHOWN])
    more = f" and {len(row.errors) - _ERRORS_SHOWN} more" if len(row.errors) > _ERRORS_SHOWN else ""
    transposes = str(row.transposes) if row.status == "ok" else ""
    found = str(equal) if row.status == "ok" else ""
    return f"`{row.module}`", str(row.architectures), row.status, found, transposes, shown + more


def measure_breadth(package: str, progress: Callable[[str, int, int], None]) -> Breadth:
    """Transpile all public modules of a package in memory.

    Raises:
        TranspileError: there is no such package.
    """
    finder = SourceFinder()
    modules = public_modules(package, finder)
    result = transpile([*modules], source_root=None, previous_roots=(), progress=progress, timings=Timings())
    top = package.partition(".")[0]
    index = tomllib.loads((folder("overrides") / "index.toml").read_text(encoding="utf-8"))
    passes = [path for path in Path(rules.__file__).parents[1].glob("passes/*.py") if path.name != "__init__.py"]
    hints = [hint for hint in index["hint"] if hint["function"].startswith(f"{top}.")]
    return Breadth(
        package,
        *finder.distribution(top),
        tuple(breadth_rows(modules, result)),
        Means(len(rules.ROWS), len(passes), len(hints)),
        override_uses(
            result.overrides_of,
            modules,
            {each["symbol"]: each["reason"] for each in index["override"]},
            _first_error_without,
        ),
    )


def _first_error_without(symbol: str) -> str:
    found = errors_without_override(symbol)
    return found[0].render().splitlines()[0] if found else ""


def override_uses(
    overrides_of: Mapping[str, Sequence[str]],
    architectures: Mapping[str, int],
    reasons: Mapping[str, str],
    without: Callable[[str], str],
) -> tuple[OverrideUse, ...]:
    """Those that serve most first."""
    users: dict[str, list[str]] = {}
    for module, symbols in overrides_of.items():
        for symbol in symbols:
            users.setdefault(symbol, []).append(module)
    uses = (
        OverrideUse(
            symbol, reasons[symbol], len(found), sum(architectures[module] for module in found), without(symbol)
        )
        for symbol, found in users.items()
    )
    return tuple(sorted(uses, key=lambda use: (-use.architectures, use.symbol)))
