"""The scout, on small result files that the tests write."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from transpiler.breadth import Row
from transpiler.manifest import FileRecord, Manifest
from transpiler.scout.breadth import Breadth, Means, OverrideUse, override_uses
from transpiler.scout.cli import main
from transpiler.scout.picture import draw
from transpiler.scout.ranking import new_since, rank
from transpiler.scout.results import Speed, read_accuracies, read_speeds
from transpiler.scout.standing import equal_architectures
from transpiler.upgrade.inventory import Inventory, ModuleInventory

OLDER = "model,infer_samples_per_sec,infer_img_size,param_count\nslow.in1k,10,224,50\nfast,1000,224,1\n"
RESULTS = """\
model,infer_img_size,infer_samples_per_sec,param_count
fast,224,1200,1
middle.in22k,224,300,20
middle,288,150,20
weak,224,290,30
slow,224,12,50
headless,224,400,9
broken,224,,9
"""
ACCURACY = """\
model,img_size,top1,param_count
fast.in1k,224,70.0,1
middle.a,224,79.0,20
middle.b,224,80.0,20
middle.a,288,80.5,20
weak.in1k,224,75.0,30
slow.in1k,224,85.0,50
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"older": OLDER, "results": RESULTS, "accuracy": ACCURACY}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    records = {"timm/models/a.py": FileRecord("0", architectures=("fast", "middle"))}
    manifest = Manifest(("timm.models.a",), records, refused={"timm.models.b": ("b.py:1:1: error T101: no rule",)})
    (tmp_path / "manifest.json").write_text(manifest.to_text(), encoding="utf-8")
    parity = [{"arch": "fast", "status": "pass", "reason": "", "arguments": {}, "module": "timm.models.a"}]
    (tmp_path / "parity.json").write_text(json.dumps(parity), encoding="utf-8")
    registered = {"a": {"fast", "middle"}, "b": {"weak"}, "c": {"slow"}}
    modules = {f"timm.models.{m}": ModuleInventory("", {}, frozenset(archs), {}) for m, archs in registered.items()}
    monkeypatch.setattr("transpiler.scout.standing.take_inventory", lambda *_: Inventory("timm", "timm", "1", modules))
    return tmp_path


def _scout(files: Path, *arguments: str) -> list[str]:
    places = ["--manifest", str(files / "manifest.json"), "--parity", str(files / "parity.json")]
    return [str(files / "results.csv"), "--accuracy", str(files / "accuracy.csv"), *places, *arguments]


def test_columns_are_found_by_name_and_tags_are_cut(files):
    assert read_speeds(files / "older.csv") == [Speed("slow", 224, 10, 50), Speed("fast", 224, 1000, 1)]
    assert {each.arch for each in read_speeds(files / "results.csv")} == {"fast", "middle", "weak", "slow", "headless"}


def test_the_best_weights_at_a_size_count(files):
    assert read_accuracies(files / "accuracy.csv")[("middle", 224)] == 80.0


def test_the_front_comes_first_then_the_gap_then_what_has_no_accuracy(files):
    ranked = rank(read_speeds(files / "results.csv"), read_accuracies(files / "accuracy.csv"))
    assert [(each.arch, each.img_size, each.gap) for each in ranked] == [
        ("fast", 224, 0.0),
        ("middle", 224, 0.0),
        ("slow", 224, 0.0),
        ("weak", 224, 5.0),
        ("headless", 224, None),
    ]


def test_nothing_on_the_front_is_beaten_and_all_else_is():
    speeds = [Speed(str(n), 224, (n * 37) % 101 + 1, 1) for n in range(60)]
    accuracies = {(str(n), 224): (n * 53) % 89 for n in range(60)}
    points = {each.arch: (each.throughput, accuracies[each.arch, 224]) for each in speeds}
    for each in rank(speeds, accuracies):
        x, y = points[each.arch]
        beaten = any(a >= x and b > y for a, b in points.values())
        assert each.on_front != beaten


def test_new_is_what_the_older_file_has_not(files):
    assert new_since(read_speeds(files / "results.csv"), read_speeds(files / "older.csv")) == {
        "middle",
        "weak",
        "headless",
    }


def test_each_line_says_how_far_the_architecture_is(files, capsys):
    assert main(_scout(files)) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[2:]}
    assert lines["fast"].endswith("verified") and "front" in lines["fast"]
    assert lines["middle"].endswith("generated: not verified yet")
    assert lines["weak"].endswith("refused: b.py:1:1: error T101: no rule")
    assert lines["slow"].endswith("not generated: python -m transpiler timm.models.c")
    assert "not in timm" in lines["headless"]


def test_csv_and_picture_hold_what_is_new(files, capsys):
    out, svg = files / "out.csv", files / "out.svg"
    assert main(_scout(files, "--since", str(files / "older.csv"), "--csv", str(out), "--svg", str(svg))) == 0
    assert "3 of 5 architectures in results.csv that are not in older.csv" in capsys.readouterr().out
    with open(out, newline="") as file:
        assert [row["arch"] for row in csv.DictReader(file)] == ["middle", "weak", "headless"]
    tree = ElementTree.parse(svg)
    titles = [each.text for each in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 4 and any("middle 224: 80.00 %" in str(each) for each in titles)


def test_names_in_the_picture_do_not_cross():
    speeds = [Speed(f"close_{n}", 224, 1000.0 + n, 5.0) for n in range(5)]
    around = {"slow": Speed("slow", 224, 1.0, 5.0), "fast": Speed("fast", 224, 1e5, 5.0)}
    accuracies = {(each.arch, 224): 80.0 - n / 100 for n, each in enumerate(speeds)}
    candidates = rank([*speeds, *around.values()], {**accuracies, ("slow", 224): 90.0, ("fast", 224): 70.0})
    assert all(each.on_front for each in candidates)
    texts = ElementTree.fromstring(draw(candidates, {"close_3"}, lambda arch: "verified")).iter(
        "{http://www.w3.org/2000/svg}text"
    )
    assert [each.text for each in texts if str(each.text).startswith("close")] == ["close_3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,speed\na,1\n", "no column 'model'"),
        ("model,infer_img_size\na,224\n", "no column infer_samples_per_sec"),
        ("model,infer_img_size,infer_samples_per_sec\na,224,quick\n", "results.csv:2: 'quick' is not a number"),
    ],
)
def test_another_file_is_one_clear_line(files, capsys, text, message):
    (files / "results.csv").write_text(text, encoding="utf-8")
    assert main(_scout(files)) == 2
    assert message in capsys.readouterr().err
    assert main([str(files / "absent.csv")]) == 2


def test_an_override_serves_the_architectures_of_the_modules_that_reach_it():
    modules, reasons = {"m.a": 2, "m.b": 3, "m.c": 9}, {"x": "one", "y": "two"}
    uses = override_uses({"m.a": ("x", "y"), "m.b": ("x",)}, modules, reasons, {"x": "error", "y": ""}.__getitem__)
    assert uses == (OverrideUse("x", "one", 2, 5, "error"), OverrideUse("y", "two", 1, 2, ""))


def test_the_page_says_what_was_compared_and_not_only_what_is_written(files):
    rows = (Row("timm.models.a", 2, "ok"), Row("timm.models.b", 1, "refused", errors=("no rule",)))
    equal = equal_architectures(files / "parity.json")
    page = Breadth("timm.models", "timm", "1", rows, Means(1, 1, 1), ()).page("breadth.json", equal)
    assert "1 architectures were compared with upstream's and are equal" in page
    assert "| `timm.models.a` | 2 | ok | 1 | 0 |  |" in page
    assert "| `timm.models.b` | 1 | refused |  |  | `no rule` |" in page
