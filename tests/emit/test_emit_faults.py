"""A run that is killed, or that fails, at any step: the tree is the old one or the new one, never a mixture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from transpiler.exchange import exchange

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run_with_faults(workplace: Path, mode: str, fault: str, start: str = "old") -> dict:
    script = Path(__file__).with_name("faulty_run.py")
    command = [sys.executable, str(script), str(workplace), mode, fault, start]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["states"]) > 20
    return report


def assert_recovered(report: dict) -> None:
    for state in report["states"]:
        assert state["code after"] == 0
        assert state["tree after"] == report["new"]
        assert state["left after"] == ["generated"]


@pytest.mark.parametrize("start", ["old", "nothing"])
def test_killed_at_every_step(tmp_path, start):
    report = run_with_faults(tmp_path, "exchange", "kill", start)
    found = [state["tree"] for state in report["states"]]
    assert all(tree in (report["old"], report["new"]) for tree in found)
    assert report["old"] in found and report["new"] in found
    assert_recovered(report)


def test_killed_where_folders_cannot_be_exchanged(tmp_path):
    report = run_with_faults(tmp_path, "stepwise", "kill")
    for state in report["states"]:
        assert state["tree"] in (report["old"], report["new"]) or (
            state["tree"] is None and ".generated.transpiler-retired" in state["left"]
        )
    assert_recovered(report)


def test_killed_where_a_folder_must_be_deleted_first(tmp_path):
    report = run_with_faults(tmp_path, "overlay", "kill")
    for state in report["states"]:
        if ".generated.transpiler-successor" in state["left"]:
            assert (state["tree"] or {}).items() <= report["old"].items()
        else:
            assert state["tree"] in (report["old"], report["new"])
    assert_recovered(report)


@pytest.mark.parametrize("mode", ["exchange", "stepwise"])
@pytest.mark.parametrize("fault", ["ENOSPC", "EROFS", "EIO"])
def test_error_at_every_step(tmp_path, mode, fault):
    report = run_with_faults(tmp_path, mode, fault)
    for state in report["states"]:
        assert state["code"] in (0, 4)
        assert state["tree"] == (report["old"] if state["code"] else report["new"]), state
    assert any(state["code"] == 4 for state in report["states"])
    assert_recovered(report)


def test_exchange_swaps_two_folders(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    (first / "a").mkdir(parents=True)
    (second / "b").mkdir(parents=True)
    if not exchange(first, second):
        pytest.skip("this file system can't exchange folders")
    assert (first / "b").exists() and (second / "a").exists()


def test_exchange_of_what_is_not_there(tmp_path):
    (tmp_path / "first").mkdir()
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "first", tmp_path / "second")
