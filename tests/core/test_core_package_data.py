"""Files beside the source that it reads when it runs are part of the generated package."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from core_sources import TORCH, run, write

from transpiler.upstream_files import UpstreamLocator

NET = """
import os
import pkgutil
from importlib.resources import files
from pathlib import Path

def scale(x: torch.Tensor, name: str) -> torch.Tensor:
    return x * float({read})
"""
FILES = {
    "pkg/_widths/narrow.txt": "0.5",
    "pkg/_widths/wide.txt": "2.0",
    "pkg/_widths/code.py": "",
    "pkg/other.txt": "no",
}
WIDTHS = {"pkg/_widths/narrow.txt", "pkg/_widths/wide.txt"}


def transpiled(folder: Path, read: str, data: dict[str, bytes] | None = None):  # type: ignore[no-untyped-def]
    write(folder, {"pkg.net": TORCH + NET.format(read=read)})
    for path, text in {**{path: text.encode() for path, text in FILES.items()}, **(data or {})}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(text)
    return run(folder, ("pkg.net",))


def data_files(result) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {file.path: file.text for file in result.result.files if not file.path.endswith(".py")}


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("pkgutil.get_data(__name__, os.path.join('_widths', name + '.txt'))", WIDTHS),
        ("pkgutil.get_data(__package__, f'_widths/{name}.txt')", WIDTHS),
        ("pkgutil.get_data(__name__, 'other.txt')", {"pkg/other.txt"}),
        ("files(__package__).joinpath('_widths', name).read_text()", WIDTHS),
        ("(files(__package__) / '_widths' / 'wide.txt').read_text()", {"pkg/_widths/wide.txt"}),
        (
            "open(os.path.join(os.path.dirname(__file__), '_widths', 'n' + name + '.txt')).read()",
            {"pkg/_widths/narrow.txt"},
        ),
        ("(Path(__file__).resolve().parent / 'other.txt').read_text()", {"pkg/other.txt"}),
    ],
)
def test_files_that_an_expression_can_name_are_taken(tmp_path, read, expected):
    result = transpiled(tmp_path, read)
    assert data_files(result) == {path: FILES[path] for path in expected}, result.report


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ("pkgutil.get_data(__name__, name)", "D101"),
        ("pkgutil.get_data(__name__, 'missing.txt')", "D101"),
        ("open(os.path.join(os.path.dirname(__file__), '..', name)).read()", "D101"),
        ("pkgutil.get_data(__name__, 'picture.png')", "D102"),
    ],
)
def test_what_is_not_clear_is_refused(tmp_path, read, code):
    result = transpiled(tmp_path, read, {"pkg/picture.png": b"\xff\xfe"})
    assert [diagnostic.code for diagnostic in result.result.diagnostics] == [code]
    assert result.result.diagnostics[0].where.path == "pkg/net.py"


def test_data_has_its_upstream_recorded_and_a_change_is_noticed(tmp_path):
    result = transpiled(tmp_path, "pkgutil.get_data(__name__, 'other.txt')").result
    (file,) = (file for file in result.files if file.path == "pkg/other.txt")
    assert file.upstream is not None
    assert file.upstream.sha256 == hashlib.sha256(b"no").hexdigest()
    assert file.upstream in result.upstream_read
    assert UpstreamLocator(tmp_path)(file.upstream) == file.upstream
    (tmp_path / "pkg/other.txt").write_text("yes")
    assert UpstreamLocator(tmp_path)(file.upstream) != file.upstream
