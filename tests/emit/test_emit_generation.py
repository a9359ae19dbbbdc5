"""What a run writes, and when it writes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import sys

import pytest

from transpiler.fingerprint import hash_tool
from transpiler.model import OutputFile, Upstream


def test_first_run_writes_tree_and_summary(run, workplace, tree_tools):
    done = run("pkg.swin")
    assert done.code == 0
    generated = workplace / "generated"
    assert set(tree_tools.snapshot(generated)) == {
        "__init__.py", "pkg/layers.py", "pkg/swin.py", "manifest.json", ".fingerprint.json", ".written.json",
    }  # fmt: skip
    assert done.out.splitlines() == [
        "generated: 3 files written (3 new), 0 unchanged, 0 removed",
        "overrides used: 1",
        "transposes inserted: 1",
        "diagnostics: 0 errors, 0 warnings, 0 notes",
    ]
    assert done.err == ""
    assert tree_tools.siblings(workplace) == []


def test_manifest_says_where_everything_comes_from(run, workplace):
    run("pkg.swin")
    text = (workplace / "generated/manifest.json").read_text()
    manifest = json.loads(text)
    content = (workplace / "generated/pkg/swin.py").read_bytes()
    assert manifest["format"] == 1
    assert manifest["roots"] == ["pkg.swin"]
    assert manifest["transposes"] == 1
    assert manifest["files"]["pkg/swin.py"] == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "upstream": {"distribution": "pkg", "version": "1", "path": "pkg/swin.py", "sha256": "1" * 64},
        "overrides": ["a", "b"],
        "architectures": ["net_a", "net_b"],
        "transposes": [{"line": 3, "reason": "flip"}],
    }
    assert manifest["files"]["__init__.py"]["upstream"] is None
    assert str(workplace) not in text
    assert text == json.dumps(manifest, indent=2, sort_keys=True) + "\n"


def test_same_tree_gives_same_bytes_elsewhere(run, workplace, tree_tools):
    run("pkg.swin")
    run("pkg.swin", "--out", "a/b/other")
    assert tree_tools.snapshot(workplace / "generated") == tree_tools.snapshot(workplace / "a/b/other")


def test_earlier_modules_are_generated_again_with_new_ones(run, workplace, pipeline):
    run("pkg.swin")
    pipeline.version = 2
    done = run("pkg.vit")
    assert pipeline.calls == [(("pkg.swin",), ()), (("pkg.vit",), ("pkg.swin",))]
    assert json.loads((workplace / "generated/manifest.json").read_text())["roots"] == ["pkg.swin", "pkg.vit"]
    assert (workplace / "generated/pkg/swin.py").exists()
    assert (workplace / "generated/pkg/layers.py").read_text() == "VERSION = 2\n"
    assert done.out.startswith("generated: 2 files written (1 new), 2 unchanged, 0 removed\n")


def test_no_module_means_those_that_stand(run, pipeline):
    run("pkg.swin")
    pipeline.version = 2
    assert run().code == 0
    assert pipeline.calls[-1] == (("pkg.swin",), ())


def test_no_module_and_nothing_standing_is_a_usage_error(run, workplace):
    done = run()
    assert done.code == 2
    assert done.err == "transpiler: name a module; generated holds none yet that could be generated again\n"
    assert not (workplace / "generated").exists()


def test_second_run_does_no_work_and_writes_nothing(run, workplace, pipeline, tree_tools):
    run("pkg.swin")
    before = tree_tools.times(workplace / "generated")
    done = run("pkg.swin")
    assert done.out == "generated: up to date, nothing to do (3 files)\n"
    assert len(pipeline.calls) == 1
    assert tree_tools.times(workplace / "generated") == before


def test_unchanged_result_writes_nothing_though_the_pipeline_ran(run, workplace, pipeline, tree_tools):
    run("pkg.swin")
    (workplace / "generated/.fingerprint.json").unlink()
    before = tree_tools.snapshot(workplace / "generated")
    times = {path: each for path, each in tree_tools.times(workplace / "generated").items() if path != "."}
    assert run("pkg.swin").code == 0
    assert len(pipeline.calls) == 2
    after = tree_tools.snapshot(workplace / "generated")
    assert set(after) - set(before) == {".fingerprint.json"}
    assert times.items() <= tree_tools.times(workplace / "generated").items()
    run("pkg.swin")
    assert len(pipeline.calls) == 2


def test_files_that_did_not_change_keep_their_time(run, workplace, pipeline):
    run("pkg.swin")
    kept, changed = workplace / "generated/pkg/swin.py", workplace / "generated/pkg/layers.py"
    os.utime(kept, (1, 1))
    pipeline.version = 2
    run("pkg.swin", "--force")
    assert kept.stat().st_mtime == 1
    assert changed.read_text() == "VERSION = 2\n"


@pytest.mark.parametrize("change", ["edit", "remove", "version"])
def test_changed_upstream_file_means_work(run, workplace, pipeline, change, monkeypatch):
    source = workplace / "source"
    file = source / "pkg" / "net.py"
    file.parent.mkdir(parents=True)
    file.write_text("a = 1\n")
    (source / "pkg/__init__.py").write_text("")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    pipeline.upstream = (Upstream("pkg", "source", "pkg/net.py", sha256),)
    run("pkg.net", "--source", "source")
    run("pkg.net", "--source", "source")
    assert len(pipeline.calls) == 1
    if change == "edit":
        file.write_text("a = 2\n")
    elif change == "remove":
        file.unlink()
    else:
        monkeypatch.setattr(sys, "path", [str(source), *sys.path])  # the same file, but now as an installed package
    run("pkg.net", *(("--source", "source") if change != "version" else ()))
    assert len(pipeline.calls) == 2


def test_changed_transpiler_means_work(run, pipeline, monkeypatch):
    run("pkg.swin")
    monkeypatch.setattr("transpiler.generation.hash_tool", lambda: "another")
    run("pkg.swin")
    assert len(pipeline.calls) == 2
    run("pkg.swin")
    assert len(pipeline.calls) == 2


def test_tool_hash_sees_templates_and_overrides_but_not_the_benchmarks(tmp_path):
    for name in ("rules/a.py", "bench/b.py", "__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    hashes = [hash_tool([tmp_path])]
    for name in ("bench/b.py", "__pycache__/a.pyc", "rules/a.py"):
        (tmp_path / name).write_text("2")
        hashes.append(hash_tool([tmp_path]))
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]


def test_new_module_or_missing_file_means_work(run, workplace, pipeline):
    run("pkg.swin")
    (workplace / "generated/pkg/swin.py").unlink()
    done = run("pkg.swin")
    assert "1 file written (1 new), 2 unchanged" in done.out
    run("pkg.vit")
    assert len(pipeline.calls) == 3


def test_clone_that_has_the_manifest_only_is_filled(run, workplace, tree_tools):
    run("pkg.swin")
    full = tree_tools.snapshot(workplace / "generated")
    for path in full:
        if path != "manifest.json":
            (workplace / "generated" / path).unlink()
    run("pkg.swin")
    assert tree_tools.snapshot(workplace / "generated") == full


def test_file_no_longer_generated_is_removed(run, workplace, pipeline):
    pipeline.extra_files = (OutputFile("pkg/old/gone.py", "1\n"),)
    run("pkg.swin")
    pipeline.extra_files = ()
    done = run("pkg.swin", "--force")
    assert done.out.startswith("generated: 0 files written (0 new), 3 unchanged, 1 removed\n")
    assert not (workplace / "generated/pkg/old").exists()


def test_users_own_files_are_kept(run, workplace, pipeline):
    generated = workplace / "generated"
    generated.mkdir(mode=0o750)
    (generated / ".gitignore").write_text("*\n")
    (generated / "README.md").write_text("mine\n")
    assert run("pkg.swin").code == 0
    (generated / "notes").mkdir()
    (generated / "notes" / "todo.txt").write_text("todo\n")
    (generated / "notes" / "empty").mkdir()
    (generated / "pkg" / "__pycache__").mkdir()
    (generated / "pkg" / "__pycache__" / "swin.pyc").write_bytes(b"")
    (generated / "latest").symlink_to(workplace)
    pipeline.version = 2
    assert run("pkg.swin", "pkg.vit").code == 0
    assert (generated / ".gitignore").read_text() == "*\n"
    assert (generated / "README.md").read_text() == "mine\n"
    assert (generated / "notes" / "todo.txt").read_text() == "todo\n"
    assert (generated / "notes" / "empty").is_dir()
    assert (generated / "latest").readlink() == workplace
    assert not (generated / "pkg" / "__pycache__").exists()
    assert generated.stat().st_mode & 0o777 == 0o750


class TestPulledManifest:
    """The manifest is committed, the files are not: a pull brings a newer one than what stands."""

    @pytest.fixture
    def pulled(self, run, workplace, pipeline) -> str:
        """Older files, one of them gone in the newer version, under the newer manifest."""
        pipeline.version, pipeline.extra_files = 2, ()
        run("pkg.swin", "--out", "newer")
        pipeline.version, pipeline.extra_files = 1, (OutputFile("pkg/old/gone.py", "1\n"),)
        run("pkg.swin")
        manifest = (workplace / "newer/manifest.json").read_text()
        (workplace / "generated/manifest.json").write_text(manifest)
        pipeline.version, pipeline.extra_files = 2, ()
        return manifest

    def test_older_files_are_brought_up_to_it(self, run, workplace, tree_tools, pulled):
        checked = run("--check")
        assert (checked.code, "hand-edited" in checked.out) == (1, False)
        assert run().code == 0
        newer, done = tree_tools.snapshot(workplace / "newer"), tree_tools.snapshot(workplace / "generated")
        assert {path: done[path] for path in newer} == newer
        assert not (workplace / "generated/pkg/old").exists()
        assert run("--check").code == 0

    def test_an_edited_file_is_still_refused(self, run, workplace, pulled):
        (workplace / "generated/pkg/layers.py").write_text("mine\n")
        assert "hand-edited" in run("--check").out
        done = run()
        assert done.code == 4
        assert "edited by hand: pkg/layers.py;" in done.err
        assert (workplace / "generated/pkg/layers.py").read_text() == "mine\n"

    def test_without_the_record_any_difference_is_an_edit(self, run, workplace, pulled):
        (workplace / "generated/.written.json").write_text("[")
        assert "edited by hand: pkg/layers.py;" in run().err


class TestRefusedModules:
    def test_other_modules_are_written(self, run, workplace, pipeline):
        pipeline.refused = ("pkg.vit",)
        done = run("pkg.swin", "pkg.vit")
        assert done.code == 3
        assert (workplace / "generated/pkg/swin.py").exists()
        assert not (workplace / "generated/pkg/vit.py").exists()
        assert json.loads((workplace / "generated/manifest.json").read_text())["roots"] == ["pkg.swin"]
        assert "refused: pkg.vit" in done.out
        assert done.err.splitlines() == [
            "pkg.vit.py:2:5: error T101: no row for torch.fft.fft",
            "    y = fft(x)",
            "        ^",
            "    hint: write an override",
        ]

    def test_nothing_is_written_when_all_are_refused(self, run, workplace, pipeline):
        pipeline.refused = ("pkg.vit",)
        done = run("pkg.vit", "--out", "some/where")
        assert done.code == 3
        assert list(workplace.iterdir()) == []

    def test_what_stood_before_stays(self, run, workplace, pipeline, tree_tools):
        run("pkg.swin", "pkg.vit")
        before = tree_tools.snapshot(workplace / "generated")
        pipeline.refused = ("pkg.vit",)
        assert run("pkg.vit", "--force").code == 3
        assert tree_tools.snapshot(workplace / "generated") == before
        done = run("pkg.swin", "pkg.beit")
        assert done.code == 3
        assert "1 file of refused modules left as they were" in done.out
        assert (workplace / "generated/pkg/vit.py").read_bytes() == before["pkg/vit.py"]
        manifest = json.loads((workplace / "generated/manifest.json").read_text())
        assert manifest["roots"] == ["pkg.beit", "pkg.swin", "pkg.vit"]
        assert "pkg/vit.py" in manifest["files"]

    def test_a_run_with_errors_is_repeated(self, run, pipeline):
        pipeline.refused = ("pkg.vit",)
        run("pkg.swin", "pkg.vit")
        assert run("pkg.swin", "pkg.vit").code == 3
        assert len(pipeline.calls) == 2
