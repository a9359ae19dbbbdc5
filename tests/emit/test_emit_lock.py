"""The manifest as a lock: what it records beside the files, and what --check makes of it."""

from __future__ import annotations

import json

import pytest

from transpiler.model import Upstream


@pytest.fixture
def manifest(workplace):
    return lambda: json.loads((workplace / "generated/manifest.json").read_text(encoding="utf-8"))


def _parity(workplace, **states):
    (workplace / "docs").mkdir(exist_ok=True)
    rows = [{"arch": arch, "status": status, "arguments": {}} for arch, status in states.items()]
    rows.append({"arch": "net_a", "status": "fail", "arguments": {"depth": 1}})  # another model
    (workplace / "docs/parity.json").write_text(json.dumps(rows), encoding="utf-8")


def test_the_definitions_behind_overrides_are_recorded(run, pipeline, manifest):
    pipeline.definition_hashes = (("pkg.layers.Mlp", "0123"),)
    run("pkg.swin")
    assert manifest()["overrides"] == {"pkg.layers.Mlp": "0123"}


def test_a_refused_module_is_recorded_with_its_reason_until_it_passes(run, pipeline, manifest):
    pipeline.refused = ("pkg.bad",)
    assert run("pkg.swin", "pkg.bad").code == 3
    assert manifest()["refused"] == {"pkg.bad": ["pkg.bad.py:2:5: error T101: no row for torch.fft.fft"]}
    run("pkg.swin", "--force")
    assert "pkg.bad" in manifest()["refused"]  # it was not asked for
    pipeline.refused = ()
    run("pkg.bad")
    assert manifest()["refused"] == {}


def test_the_parity_of_generated_architectures_is_recorded(run, workplace, manifest):
    _parity(workplace, net_a="pass", net_of_another_module="pass")
    run("pkg.swin")
    assert manifest()["parity"] == {"net_a": "pass"}


def test_another_parity_renews_the_manifest_only(run, workplace, manifest, tree_tools):
    run("pkg.swin")
    before = tree_tools.times(workplace / "generated")
    _parity(workplace, net_a="pass", net_b="fail")
    assert run("--check").out.splitlines()[0] == "changed: manifest.json"
    run()
    assert manifest()["parity"] == {"net_a": "pass", "net_b": "fail"}
    after = tree_tools.times(workplace / "generated")
    assert {path for path in after if path.endswith(".py") and after[path] != before[path]} == set()
    assert run("--check").code == 0


@pytest.mark.parametrize("text", ["no json", "{}", '[{"arch": 1}]'])
def test_results_of_another_kind_are_left_alone(run, workplace, manifest, text):
    (workplace / "docs").mkdir()
    (workplace / "docs/parity.json").write_text(text, encoding="utf-8")
    assert run("pkg.swin").code == 0 and manifest()["parity"] == {}


def test_check_says_whether_upstream_or_the_rules_made_files_stale(run, pipeline):
    run("pkg.swin")
    pipeline.version = 2
    assert "stale by the rules: 1 file" in run("--check").out
    pipeline.layers_upstream = Upstream("pkg", "2", "pkg/layers.py", "2" * 64)
    assert "stale by upstream: 1 file, pkg 1 -> pkg 2" in run("--check").out
    pipeline.layers_upstream = Upstream("pkg", "1", "pkg/layers.py", "2" * 64)
    assert "stale by upstream: 1 file, another pkg 1 than was read" in run("--check").out


def test_a_fresh_clone_holds_only_the_manifest_and_is_checked_by_it(run, workplace, pipeline):
    run("pkg.swin")
    for path in (workplace / "generated").rglob("*.py"):
        path.unlink()
    assert run("--check").code == 0
    pipeline.version = 2
    done = run("--check")
    assert done.code == 1 and "changed: manifest.json" in done.out and "missing" not in done.out


def test_a_manifest_from_before_is_read(run, workplace, manifest):
    run("pkg.swin")
    old = {key: value for key, value in manifest().items() if key not in ("overrides", "refused", "parity")}
    (workplace / "generated/manifest.json").write_text(json.dumps(old), encoding="utf-8")
    assert run().code == 0 and manifest()["refused"] == {}
