"""Bad requests get one line and status 2; the page needs no framework."""

from pathlib import Path

import pytest

from transpiler.verify.cli import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name an architecture"),
        (["test_vit", "--package", "nowhere"], "no generated package"),
        (["--page", "missing.json", "out.md"], "no results file missing.json"),
    ],
)
def test_bad_requests(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


def test_page_is_written(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text("[]")
    assert main(["--page", str(tmp_path / "rows.json"), str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text().startswith("# Parity with timm")
