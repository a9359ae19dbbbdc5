"""The page of the benchmarks, from figures that the test makes up."""

from __future__ import annotations

import json

import pytest

from transpiler.bench.cli import _keep, _keep_ratios
from transpiler.bench.page import render_page

OURS = {
    **{"arch": "net", "batch": 2, "mode": "infer", "model": "generated", "median": 0.5, "lower": 0.4, "upper": 0.6},
    **{"cpu": 0.9, "ratio": 1.0, "graph operations": 30, "transposes": 0, "parameters": 2_500_000},
    **{"GFLOP an image": 10.0, "create seconds": 0.2, "load seconds": 0.1, "process peak MiB": 700},
    **{"matmul peak GFLOP/s": 80.0, "profile ms": {"MatMul": 300.0}},
}
TORCH = {**OURS, "model": "torch", "median": 1.0, "ratio": 2.0, "error": 3e-7}


@pytest.mark.parametrize(("mode", "share"), [("infer", 50), ("train", 150)])
def test_page_has_a_table_for_each_kind_of_call(mode, share):
    rows = [{**row, "mode": mode} for row in (OURS, TORCH)]
    page = render_page({"machine": {"cores": 2}, "results": rows}, "bench.json")
    assert f"## net, {mode}, batch 2" in page
    assert "| generated | 500 ms (400 to 600) | 900 ms | 1.00 | 30 | 0 |  |  |" in page
    assert "| torch | 1000 ms (400 to 600) | 900 ms | 2.00 | 30 | 0 | 3.0e-07 |  |" in page
    assert f"of which ours reaches {share} %" in page and "MatMul 300" in page


def test_ratios_of_another_run_stand_beside_the_first(tmp_path):
    file = tmp_path / "bench.json"
    _keep(file, {"cores": 2}, [OURS, TORCH])
    _keep_ratios(file, [OURS, {**TORCH, "ratio": 1.5}, {**TORCH, "model": "other", "ratio": 3.0}])
    found = json.loads(file.read_text())
    assert [row.get("ratios again") for row in found["results"]] == [None, [1.5]]
    assert "| 900 ms | 2.00, 1.50 | 30 |" in render_page(found, "bench.json")
    _keep(file, {"load": 1.0}, [OURS, TORCH])  # measured anew, the others are gone
    found = json.loads(file.read_text())
    assert found["machine"] == {"cores": 2, "load": 1.0} and "1.50" not in render_page(found, "bench.json")


def test_what_bounds_an_architecture_stands_with_it():
    page = render_page(
        {"machine": {}, "results": [OURS], "bounds": {"net, infer": "Memory.", "net, train": "x"}}, "b.json"
    )
    assert page.endswith("\n\nMemory.\n")
