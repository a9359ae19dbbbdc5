"""Several releases: finding them, keeping results, and the page."""

from __future__ import annotations

import zipfile

import pytest

from transpiler.verify.errors import VerifyError
from transpiler.verify.releases.matrix import find_releases
from transpiler.verify.releases.page import render_page
from transpiler.verify.releases.record import ModelResult, ModuleResult, ReleaseResult, read_results, write_results
from transpiler.verify.releases.small_models import MODULES, SMALL_MODELS


def test_wheels_are_found_newest_first(tmp_path):
    with pytest.raises(VerifyError, match="pip download"):
        find_releases(tmp_path)
    for version in ("1.0.9", "1.0.31", "1.0.3"):
        with zipfile.ZipFile(tmp_path / f"timm-{version}-py3-none-any.whl", "w") as archive:
            archive.writestr("timm/version.py", f"__version__ = '{version}'\n")
    assert [release.version for release in find_releases(tmp_path)] == ["1.0.31", "1.0.9", "1.0.3"]


def test_every_module_has_a_model():
    assert {model.module for model in SMALL_MODELS} == set(MODULES)


RESULT = ReleaseResult(
    "1.0.9",
    "f",
    (
        ModuleResult(MODULES[0], "written"),
        ModuleResult(MODULES[1], "refused", ("a.py:1:1: error T101: no rule",)),
        *(ModuleResult(module, "absent") for module in MODULES[2:]),
    ),
    (
        ModelResult("swin_a", MODULES[0], "pass", 1e-6),
        ModelResult("swin_b", MODULES[0], "fail", 0.5, "logits: error 5.0e-01"),
        ModelResult("swin_c", MODULES[0], "absent"),
    ),
)


def test_results_are_kept(tmp_path):
    path = tmp_path / "releases.json"
    assert read_results(path) == {}
    write_results(path, [RESULT])
    assert read_results(path) == {"1.0.9": RESULT}
    path.write_text("[{}]")
    with pytest.raises(VerifyError, match="does not hold"):
        read_results(path)


def test_the_page_counts_what_matches_and_names_what_does_not():
    page = render_page([RESULT])
    assert "| 1.0.9 | 1 of 2, 5e-01 | refused | absent |" in page
    assert "`swin_b`: fail: logits: error 5.0e-01" in page and "error T101: no rule" in page


def test_a_long_reason_is_cut_and_loses_its_colours():
    models = (ModelResult("swin_b", MODULES[0], "error", None, "\x1b[1mValueError\x1b[0m: " + "x" * 900),)
    page = render_page([ReleaseResult("1.0.9", "f", RESULT.modules, models)])
    (line,) = [line for line in page.splitlines() if "swin_b" in line]
    assert len(line) < 300 and "error: ValueError: xxx" in line and line.endswith("…")
