"""How much of a package is transpiled: the rows of `python -m transpiler --all`, as data and as a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ..breadth import Row, breadth_rows, breadth_summary, public_modules
from ..pipeline import transpile
from ..source import SourceFinder
from ..templating import ResultsPage, render
from ..timings import Timings

COMMAND = "python -m transpiler.scout breadth"
_ERRORS_SHOWN = 3


@dataclass(frozen=True)
class Breadth:
    """The rows of all public modules of a package, and the version they were found in."""

    package: str
    distribution: str
    version: str
    rows: tuple[Row, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    def page(self, data: str) -> str:
        """The rows as Markdown; `data` is the file of the rows, beside the page."""
        return render(
            ResultsPage(
                title=f"What is transpiled of {self.package}",
                command=COMMAND,
                data=data,
                versions=((self.distribution, self.version),),
                summary=(*breadth_summary(self.rows), "Transposes are those in the module's own file."),
                columns=("module", "architectures", "outcome", "transposes", "what stands in the way"),
                rows=tuple(map(_cells, self.rows)),
            )
        )


def _cells(row: Row) -> tuple[str, ...]:
    shown = "; ".join(f"`{line}`" for line in row.errors[:_ERRORS_SHOWN])
    more = f" and {len(row.errors) - _ERRORS_SHOWN} more" if len(row.errors) > _ERRORS_SHOWN else ""
    transposes = str(row.transposes) if row.status == "ok" else ""
    return f"`{row.module}`", str(row.architectures), row.status, transposes, shown + more


def measure_breadth(package: str, progress: Callable[[str, int, int], None]) -> Breadth:
    """Transpile all public modules of a package in memory.

    Raises:
        TranspileError: there is no such package.
    """
    finder = SourceFinder()
    modules = public_modules(package, finder)
    result = transpile([*modules], source_root=None, previous_roots=(), progress=progress, timings=Timings())
    distribution, version = finder.distribution(package.partition(".")[0])
    return Breadth(package, distribution, version, tuple(breadth_rows(modules, result)))
