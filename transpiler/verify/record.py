"""What is known about one architecture after verification: one row, stored as one JSON object."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

CheckStatus = Literal["pass", "fail", "error", "not applicable"]
RowStatus = Literal["pass", "fail", "error", "refused"]
DType = Literal["float32", "float64"]
TOLERANCES: dict[DType, float] = {"float32": 1e-4, "float64": 1e-9}  # unless another is asked for


@dataclass(frozen=True)
class CheckResult:
    """One comparison. `error` is max|a-b| / max|a|, absent when no figure could be taken; `note` then says why."""

    status: CheckStatus
    error: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Settings:
    """What was asked of a run. A row answers a later request only if it was made with at least as much.

    `dtype` is that of both models and of the images: where random weights make a model enlarge float32's rounding
    beyond the tolerance, in timm itself too, float64 tells rounding from a fault.
    """

    quick: bool = False
    gradients: bool = False
    tolerance: float = TOLERANCES["float32"]
    memory_gib: float = 8.0
    tflop: float = 0.7
    dtype: DType = "float32"

    def covers(self, wanted: Settings) -> bool:
        full_enough = wanted.quick or not self.quick
        same_limits = wanted.quick or (self.memory_gib, self.tflop) == (wanted.memory_gib, wanted.tflop)
        return (
            full_enough
            and same_limits
            and self.dtype == wanted.dtype
            and (self.gradients or not wanted.gradients)
            and self.tolerance <= wanted.tolerance
        )


@dataclass(frozen=True)
class Row:
    """The result for one architecture.

    `arguments` are the keyword arguments that were asked for. `img_size` is (height, width). `reduced` holds the
    keyword arguments that made the model smaller than upstream's, empty when it was verified whole. `parameters`
    counts the model that was really run.
    """

    arch: str
    module: str
    status: RowStatus
    reason: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    img_size: tuple[int, ...] = ()
    reduced: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, CheckResult] = field(default_factory=dict)
    seconds: float = 0.0
    seed: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    settings: Settings = field(default_factory=Settings)

    @property
    def name(self) -> str:
        return row_name(self.arch, self.arguments)

    def worst(self) -> tuple[str, float] | None:
        """The check with the largest error figure, or None when no figure was taken."""
        figures = [(name, check.error) for name, check in self.checks.items() if check.error is not None]
        return max(figures, key=lambda figure: figure[1], default=None)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Row:
        values = dict(data)
        values["checks"] = {name: CheckResult(**check) for name, check in values["checks"].items()}
        values["settings"] = Settings(**values["settings"])
        values["img_size"] = tuple(values["img_size"])
        return cls(**values)


def row_name(arch: str, arguments: dict[str, Any]) -> str:
    """What a row is known by: the architecture, and its arguments where some were given."""
    return " ".join([arch, *(f"{key}={_compact(value)}" for key, value in sorted(arguments.items()))])


def _compact(value: Any) -> str:
    return repr(list(value) if isinstance(value, tuple) else value).replace(" ", "")


def summarise(checks: dict[str, CheckResult]) -> tuple[RowStatus, str]:
    """The row's status and reason from its checks: an error outweighs a failure, and no check at all is an error."""
    statuses: tuple[tuple[CheckStatus, RowStatus], ...] = (("error", "error"), ("fail", "fail"))
    for wanted, status in statuses:
        found = [f"{name}: {describe(check)}" for name, check in checks.items() if check.status == wanted]
        if found:
            return status, "; ".join(found)
    if not any(check.status == "pass" for check in checks.values()):
        return "error", "no check could be made"
    return "pass", ""


def describe(check: CheckResult) -> str:
    return check.note or (f"error {check.error:.1e}" if check.error is not None else check.status)
