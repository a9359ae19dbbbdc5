"""One check after the other: each gets a result, none stops the rest; and the row's verdict."""

from transpiler.verify.checklist import Checklist
from transpiler.verify.errors import NotApplicable, ParityFailure
from transpiler.verify.record import CheckResult, summarise


def _raise(error: Exception) -> float:
    raise error


def test_each_outcome_is_recorded() -> None:
    checklist = Checklist(tolerance=1e-4)
    checklist.measure("good", lambda: 1e-5)
    checklist.measure("bad", lambda: 1e-3)
    checklist.measure("nan", lambda: float("nan"))
    checklist.measure("shape", lambda: _raise(ParityFailure("other shape")))
    checklist.measure("absent", lambda: _raise(NotApplicable("timm: no")))
    checklist.measure("broken", lambda: _raise(ValueError("two\nlines")))
    statuses = {name: result.status for name, result in checklist.results.items()}
    assert statuses == {
        "good": "pass",
        "bad": "fail",
        "nan": "fail",
        "shape": "fail",
        "absent": "not applicable",
        "broken": "error",
    }
    assert checklist.results["broken"].note == "ValueError: two lines"


def test_an_error_says_nothing_of_the_machine() -> None:
    checklist = Checklist(tolerance=1e-4)
    text = (
        'in user code:\n  File "/home/someone/generated/runtime/model.py", line 61, in __call__\n  \x1b[1mboom\x1b[0m'
    )
    checklist.measure("broken", lambda: _raise(TypeError(text)))
    assert checklist.results["broken"].note == (
        'TypeError: in user code: File "runtime/model.py", line 61, in __call__ boom'
    )


def test_verdict() -> None:
    good, bad = CheckResult("pass", 0.0), CheckResult("fail", 2e-3)
    error, absent = CheckResult("error", note="Boom: x"), CheckResult("not applicable", note="timm: no")
    assert summarise({"a": good, "b": absent}) == ("pass", "")
    assert summarise({"a": good, "b": bad}) == ("fail", "b: error 2.0e-03")
    assert summarise({"a": bad, "b": error}) == ("error", "b: Boom: x")
    assert summarise({"a": absent}) == ("error", "no check could be made")
    assert summarise({}) == ("error", "no check could be made")
