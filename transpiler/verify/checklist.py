"""Carrying out checks one by one, so that the failure of one hides none of the others."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from .errors import NotApplicable, ParityFailure, one_line
from .record import CheckResult

Result = TypeVar("Result")


class Checklist:
    """Collects a CheckResult for each check by name, in the order they are made."""

    def __init__(self, tolerance: float, debug: bool = False) -> None:
        self.results: dict[str, CheckResult] = {}
        self._tolerance = tolerance
        self._debug = debug

    def measure(self, name: str, check: Callable[[], float], tolerance: float | None = None) -> None:
        """Record the error figure that `check` returns, or the reason why it could not."""
        limit = self._tolerance if tolerance is None else tolerance
        error = self.attempt(name, check)
        if error is not None:
            self.results[name] = CheckResult("pass" if error <= limit else "fail", error)

    def attempt(self, name: str, action: Callable[[], Result]) -> Result | None:
        """The result of `action`; None, and a result recorded under `name`, when it raises."""
        try:
            return action()
        except NotApplicable as reason:
            self.results[name] = CheckResult("not applicable", note=str(reason))
        except ParityFailure as failure:
            self.results[name] = CheckResult("fail", note=str(failure))
        except Exception as error:  # noqa: BLE001 (a defect of the generated model is a result, not the end)
            if self._debug:
                traceback.print_exc(file=sys.stderr)
            self.results[name] = CheckResult("error", note=one_line(error))
        return None
