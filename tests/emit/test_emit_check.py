"""--check and --diff: compare in memory, write nothing."""

from __future__ import annotations

import pytest

from transpiler.model import OutputFile


@pytest.fixture
def standing(run, workplace):
    run("pkg.swin")
    return workplace / "generated"


def test_check_of_an_up_to_date_tree(run, standing, workplace, pipeline, tree_tools):
    before = tree_tools.times(workplace)
    done = run("pkg.swin", "--check")
    assert (done.code, done.out) == (0, "generated: up to date\n")
    assert len(pipeline.calls) == 2  # it never trusts the fingerprint
    assert tree_tools.times(workplace) == before


def test_check_names_every_kind_of_drift(run, standing, workplace, pipeline, tree_tools):
    pipeline.extra_files = (OutputFile("pkg/new.py", "new\n"),)
    pipeline.version = 2
    (standing / "pkg/swin.py").write_text("# edited\n")
    (standing / "__init__.py").unlink()
    (standing / "pkg/stranger.py").write_text("")
    (standing / ".gitignore").write_text("*\n")
    before = tree_tools.times(workplace)
    done = run("--check")
    assert done.code == 1
    assert done.out.splitlines()[:6] == [
        "hand-edited: pkg/swin.py",
        "changed: manifest.json",
        "changed: pkg/layers.py",
        "missing: __init__.py",
        "missing: pkg/new.py",
        "extra: pkg/stranger.py",
    ]
    assert "-VERSION = 1\n+VERSION = 2\n" in done.out
    assert "-# edited\n+# pkg.swin\n" in done.out
    assert tree_tools.times(workplace) == before


def test_check_reports_a_file_that_is_no_longer_generated(run, standing, pipeline, workplace):
    pipeline.extra_files = (OutputFile("pkg/gone.py", "gone\n"),)
    run("pkg.swin", "--force")
    pipeline.extra_files = ()
    done = run("--check")
    assert "extra: pkg/gone.py" in done.out
    assert "--- a/pkg/gone.py\n+++ /dev/null\n" in done.out


def test_check_caps_its_diff(run, standing, pipeline):
    pipeline.extra_files = (OutputFile("pkg/long.py", "line\n" * 500),)
    done = run("--check")
    lines = done.out.splitlines()
    assert lines[-1] == "... the diff is longer than 100 lines; --diff shows all of it"
    start = next(index for index, line in enumerate(lines) if line.startswith("--- "))
    assert len(lines) - start == 101


def test_check_caps_its_list(run, standing, pipeline):
    pipeline.extra_files = tuple(OutputFile(f"pkg/new{index}.py", "") for index in range(30))
    assert "missing: ... and 10 more" in run("--check").out


def test_check_before_anything_was_generated(run, workplace):
    done = run("pkg.swin", "--check")
    assert done.code == 1
    assert "missing: pkg/swin.py" in done.out
    assert list(workplace.iterdir()) == []


def test_check_of_a_refused_module(run, standing, pipeline):
    pipeline.refused = ("pkg.swin",)
    done = run("--check")
    assert done.code == 3
    assert "T101" in done.err


def test_diff_shows_all_and_writes_nothing(run, standing, workplace, pipeline, tree_tools):
    pipeline.extra_files = (OutputFile("pkg/long.py", "line\n" * 500),)
    before = tree_tools.times(workplace)
    done = run("pkg.swin", "--diff")
    assert done.code == 0
    assert done.out.count("+line\n") == 500
    assert "--- /dev/null\n+++ b/pkg/long.py\n" in done.out
    assert tree_tools.times(workplace) == before


def test_diff_of_an_up_to_date_tree_is_empty(run, standing):
    assert run("pkg.swin", "--diff").out == ""


def test_diff_of_text_that_is_not_utf8(run, standing):
    (standing / "pkg/swin.py").write_bytes(b"\xff\xfe\n")
    assert "-\N{REPLACEMENT CHARACTER}" in run("--diff").out
