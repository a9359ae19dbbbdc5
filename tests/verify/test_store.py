"""The results file: round trip, resuming, and what happens to files that are something else."""

import dataclasses
from pathlib import Path

import pytest

from transpiler.verify.errors import VerifyError
from transpiler.verify.record import CheckResult, Row, Settings
from transpiler.verify.store import add_row, is_current, read_rows

VERSIONS = {"timm": "1.0.31"}
ROW = Row(
    "tiny",
    "timm.models.tiny",
    "pass",
    parameters=5,
    img_size=(32, 48),
    reduced={"depth": 3},
    checks={"logits": CheckResult("pass", 1e-6), "other size": CheckResult("not applicable", note="timm: no")},
    versions=VERSIONS,
    fingerprint="abc",
)


def test_rows_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    add_row(path, ROW)
    add_row(path, dataclasses.replace(ROW, arch="other"))
    assert read_rows(path) == {"tiny": ROW, "other": dataclasses.replace(ROW, arch="other")}


def test_an_architecture_has_one_row_and_no_other_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    add_row(path, ROW)
    add_row(path, dataclasses.replace(ROW, status="fail"))
    assert [row.status for row in read_rows(path).values()] == ["fail"]
    assert list(tmp_path.iterdir()) == [path]


def test_one_row_a_line(tmp_path: Path) -> None:
    add_row(tmp_path / "rows.json", ROW)
    assert len((tmp_path / "rows.json").read_text().splitlines()) == 3


@pytest.mark.parametrize("text", ["{", "[1]", '[{"arch": "x"}]', '{"a": 1}'])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(VerifyError):
        add_row(path, ROW)
    assert path.read_text() == text


def test_a_row_is_kept_only_for_the_same_code_versions_and_questions() -> None:
    wanted = Settings()
    assert is_current(ROW, wanted, VERSIONS, "abc")
    assert not is_current(ROW, wanted, VERSIONS, "changed")
    assert not is_current(ROW, wanted, {"timm": "2"}, "abc")
    assert not is_current(ROW, Settings(gradients=True), VERSIONS, "abc")
    assert not is_current(ROW, Settings(tolerance=1e-6), VERSIONS, "abc")
    assert not is_current(ROW, Settings(dtype="float64"), VERSIONS, "abc")
    assert not is_current(dataclasses.replace(ROW, status="error"), wanted, VERSIONS, "abc")


def test_a_whole_row_answers_a_quick_request_but_not_the_other_way_round() -> None:
    quick = dataclasses.replace(ROW, settings=Settings(quick=True))
    assert is_current(ROW, Settings(quick=True), VERSIONS, "abc")
    assert not is_current(quick, Settings(), VERSIONS, "abc")
