"""Exports of whole models: one small one for real, the results file, and the page."""

from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest

from transpiler.verify.errors import VerifyError
from transpiler.verify.exports.check import check_export
from transpiler.verify.exports.models import MODELS, Export, Exported, all_exports
from transpiler.verify.exports.page import render_page
from transpiler.verify.exports.record import ExportResult, read_results, write_results

RESULTS = [
    ExportResult("resnet18", "saved_model", False, "pass", "f", {"timm": "1.0.31"}, 1.2e-7, 1000),
    ExportResult("resnet18", "onnx", True, "refused", "f", {"tf2onnx": "1.17.0"}, reason="ValueError: no"),
]


def test_results_are_kept(tmp_path):
    path = tmp_path / "export.json"
    assert read_results(path) == {}
    write_results(path, RESULTS)
    assert list(read_results(path).values()) == RESULTS
    path.write_text("[1]")
    with pytest.raises(VerifyError, match="does not hold results of exports"):
        read_results(path)


def test_page():
    text = render_page(RESULTS)
    (row,) = [line for line in text.splitlines() if line.startswith("| `resnet18`")]
    assert row == "| `resnet18` | 1.2e-07 |  |  |  |  | refused |"
    assert "- `resnet18`, ONNX, any size: ValueError: no" in text
    assert text.count("| `") == len(MODELS)


def test_every_export_has_a_key_of_its_own():
    assert len({export.key for export in all_exports()}) == len(list(all_exports()))


@pytest.mark.parametrize("takes_any_size", [False, True])
def test_an_export(generated_package: ModuleType, takes_any_size: bool, monkeypatch: pytest.MonkeyPatch):
    small = {"layers": (1, 1, 1, 1), "channels": (4, 8, 8, 8)}
    monkeypatch.setattr(Export, "arguments", small)
    export = Export(Exported("resnet18", (32, 48), (64, 32)), "saved_model", takes_any_size)
    result = check_export(generated_package, export, "f", {})
    assert result.status == "pass" and result.key == export.key
    assert result.error is not None and result.error < 1e-5 and (result.bytes or 0) > 1000


def test_what_cannot_be_written_is_a_result(generated_package: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Export, "arguments", {"depth": 1, "embed_dim": 12, "num_heads": 2, "img_size": 32})
    export = dataclasses.replace(next(all_exports()), model=Exported("vit_tiny_patch16_224", (32, 32), (64, 64)))
    result = check_export(generated_package, dataclasses.replace(export, takes_any_size=True), "f", {})
    assert result.status == "refused"
    assert result.reason and "\n" not in result.reason
