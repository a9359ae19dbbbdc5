"""Output folders that are refused: one clear line, exit code 4, nothing changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from transpiler.fingerprint import PACKAGE
from transpiler.model import OutputFile

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def refused(run, workplace, tree_tools):
    """Run, expect a refusal that changes nothing, and give its one line."""

    def refused(*arguments: str) -> str:
        before = tree_tools.snapshot(workplace)
        done = run(*arguments)
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith("transpiler: ") and done.err.count("\n") == 1
        assert tree_tools.snapshot(workplace) == before
        return done.err

    return refused


class TestHandEdited:
    @pytest.fixture(autouse=True)
    def edited(self, run, workplace) -> Path:
        run("pkg.swin")
        file = workplace / "generated/pkg/swin.py"
        file.write_text("# mine\n")
        return file

    def test_is_refused_before_any_work(self, refused, pipeline):
        assert "edited by hand: pkg/swin.py" in refused("pkg.vit")
        assert len(pipeline.calls) == 1

    def test_force_overwrites(self, run, edited):
        assert run("pkg.swin", "--force").code == 0
        assert edited.read_text() == "# pkg.swin\n"


class TestForeignFolder:
    @pytest.fixture(autouse=True)
    def foreign(self, workplace) -> Path:
        folder = workplace / "generated"
        (folder / "pkg").mkdir(parents=True)
        (folder / "pkg/layers.py").write_text("mine\n")
        (folder / "thesis.tex").write_text("mine\n")
        return folder

    def test_is_refused_before_any_work(self, refused, pipeline):
        assert "holds files that are not ours (pkg/layers.py, thesis.tex)" in refused("pkg.swin")
        assert not pipeline.calls

    def test_force_replaces_only_what_is_in_the_way(self, run, foreign):
        assert run("pkg.swin", "--force").code == 0
        assert (foreign / "pkg/layers.py").read_text() == "VERSION = 1\n"
        assert (foreign / "thesis.tex").read_text() == "mine\n"
        assert run("pkg.swin").code == 0


def test_folder_with_tolerated_files_only_is_ours_to_fill(run, workplace):
    (workplace / "generated/__pycache__").mkdir(parents=True)
    (workplace / "generated/README.md").write_text("")
    assert run("pkg.swin").code == 0


def test_new_file_where_a_users_file_stands(run, refused, workplace, pipeline):
    run("pkg.swin")
    mine = workplace / "generated/pkg/vit.py"
    mine.write_text("mine\n")
    assert "pkg/vit.py would be replaced and is not ours" in refused("pkg.vit")
    assert run("pkg.vit", "--force").code == 0
    assert mine.read_text() == "# pkg.vit\n"


@pytest.mark.parametrize("obstacle", ["file where a folder is needed", "folder where a file is needed"])
def test_force_replaces_obstacles_of_the_other_kind(run, refused, workplace, obstacle):
    generated = workplace / "generated"
    run("pkg.swin")
    if obstacle.startswith("file"):
        (generated / "other").write_text("mine\n")
    else:
        (generated / "other/vit.py").mkdir(parents=True)
        (generated / "other/vit.py/mine.txt").write_text("mine\n")
    assert "would be replaced" in refused("other.vit")
    assert run("other.vit", "--force").code == 0
    assert (generated / "other/vit.py").read_text() == "# other.vit\n"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 99}', '{"format": 1, "roots": [], "files": {"a": 1}}', "\udcff"]
)
def test_damaged_manifest(run, refused, workplace, text):
    run("pkg.swin")
    (workplace / "generated/manifest.json").write_text(text, errors="surrogateescape")
    assert "manifest.json" in refused("pkg.swin")
    assert run("pkg.swin", "--force").code == 0
    assert run("pkg.swin").code == 0


@pytest.mark.parametrize(
    "path",
    ["../x.py", "/tmp/x.py", "a/../../x.py", "a/./x.py", "a//x.py", "", ".", "C:\\x.py", "a\0b", "manifest.json"],
)
def test_output_path_that_escapes(refused, pipeline, path):
    pipeline.extra_files = (OutputFile(path, "x\n"),)
    assert "output path" in refused("pkg.swin", "--force")


@pytest.mark.parametrize("path", ["pkg/swin.py", "pkg/Swin.py", "pkg/swin.py/x.py", "PKG"])
def test_output_paths_that_collide(refused, pipeline, path):
    pipeline.extra_files = (OutputFile(path, "x\n"),)
    assert "output path" in refused("pkg.swin")


def test_manifest_that_lists_a_path_outside(run, refused, workplace):
    run("pkg.swin")
    manifest = workplace / "generated/manifest.json"
    manifest.write_text(manifest.read_text().replace('"pkg/swin.py": {', '"../outside.py": {'))
    (workplace / "outside.py").write_text("precious\n")
    assert "'../outside.py' leads outside" in refused("pkg.swin")


@pytest.mark.parametrize("link", ["pkg", "pkg/swin.py", "manifest.json"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_link_that_leads_outside(run, refused, workplace, link, force):
    run("pkg.swin")
    inside, outside = workplace / "generated" / link, workplace / "outside"
    inside.rename(outside)
    inside.symlink_to(outside)
    assert f"generated/{link} is a link that leads outside" in refused("pkg.swin", "pkg.vit", *force)


def test_link_in_the_way_of_a_new_file_leads_outside(run, refused, workplace):
    run("pkg.swin")
    (workplace / "elsewhere").mkdir()
    (workplace / "generated/other").symlink_to(workplace / "elsewhere")
    assert "leads outside" in refused("other.vit", "--force")


def test_output_folder_that_is_itself_a_link_is_followed(run, workplace):
    (workplace / "real").mkdir()
    (workplace / "generated").symlink_to("real")
    assert run("pkg.swin").code == 0
    assert (workplace / "generated").is_symlink()
    assert (workplace / "real/pkg/swin.py").exists()


def test_output_folder_is_a_file(refused, workplace):
    (workplace / "generated").write_text("")
    assert "it is a file" in refused("pkg.swin")
    assert "is a file" in refused("pkg.swin", "--out", "generated/deeper")


def test_output_folder_that_is_a_link_to_itself(refused, workplace):
    (workplace / "generated").symlink_to("generated")
    assert "generated" in refused("pkg.swin")


@pytest.mark.parametrize("out", [".", "..", "/", str(PACKAGE), str(PACKAGE.parent)])
def test_output_folder_that_holds_what_must_stay(refused, out):
    assert "name a folder of its own" in refused("pkg.swin", "--out", out, "--force")


def test_output_folder_that_holds_the_source(refused, workplace):
    (workplace / "source").mkdir()
    assert "holds source" in refused("pkg.swin", "--out", "source", "--source", "source", "--force")


class TestReadOnly:
    def test_output_folder(self, run, refused, workplace, pipeline):
        run("pkg.swin")
        pipeline.version = 2
        folder = workplace / "generated"
        folder.chmod(0o555)
        try:
            assert "the folder is read-only" in refused("pkg.vit")
        finally:
            folder.chmod(0o755)

    @pytest.mark.skipif(AS_ROOT, reason="permission bits don't bind root")
    def test_folder_around_it(self, refused, workplace):
        workplace.chmod(0o555)
        try:
            assert "read-only" in refused("pkg.swin")
        finally:
            workplace.chmod(0o755)

    def test_system_says_so(self, refused, workplace, monkeypatch):
        monkeypatch.setattr(os, "access", lambda path, mode: path != workplace)
        assert "the folder around it" in refused("pkg.swin")


@pytest.fixture
def mounted(workplace):
    """Mount a file system on a folder; skips where that is not allowed."""
    points: list[Path] = []

    def mount(point: Path, options: str) -> None:
        point.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", point], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("can't mount a tmpfs here")
        points.append(point)

    yield mount
    for point in points:
        subprocess.run(["umount", point], check=True)


@pytest.mark.skipif(not AS_ROOT or sys.platform != "linux", reason="needs mount")
class TestMounts:
    def test_read_only_file_system(self, refused, workplace, mounted):
        mounted(workplace / "disk", "ro")
        assert "disk, is read-only" in refused("pkg.swin", "--out", "disk/generated")

    def test_mount_point(self, refused, workplace, mounted):
        mounted(workplace / "generated", "size=1m")
        assert "it is a mount point" in refused("pkg.swin")

    def test_full_disk(self, run, refused, workplace, pipeline, mounted):
        disk = workplace / "disk"
        mounted(disk, "size=256k")
        assert run("pkg.swin", "--out", "disk/generated").code == 0
        pipeline.version = 2
        pipeline.extra_files = (OutputFile("pkg/large.py", "# large\n" * 100_000),)
        assert "the disk is full" in refused("pkg.vit", "--out", "disk/generated")
        assert [path.name for path in disk.iterdir()] == ["generated"]
        pipeline.extra_files = ()
        assert run("pkg.vit", "--out", "disk/generated").code == 0


class TestTwoRunsAtOnce:
    def test_second_run_fails_at_once(self, run, workplace, pipeline, tree_tools):
        second: list = []

        def start_second() -> None:
            pipeline.before = None
            second.append(run("pkg.vit"))

        pipeline.before = start_second
        first = run("pkg.swin")
        assert first.code == 0
        assert second[0].code == 4
        lock = workplace / ".generated.transpiler-lock"
        assert second[0].err == f"transpiler: another run is writing generated (it holds the lock {lock})\n"
        assert len(pipeline.calls) == 1
        assert tree_tools.siblings(workplace) == []

    def test_reading_is_not_kept_out(self, run, pipeline):
        checks: list = []

        def check() -> None:
            pipeline.before = None
            checks.append(run("pkg.vit", "--check"))

        pipeline.before = check
        run("pkg.swin")
        assert checks[0].code == 1

    def test_other_folders_are_free(self, run, pipeline):
        others: list = []

        def start_other() -> None:
            pipeline.before = None
            others.append(run("pkg.vit", "--out", "other"))

        pipeline.before = start_other
        run("pkg.swin")
        assert others[0].code == 0

    def test_lock_file_of_a_dead_run_stops_nobody(self, run, workplace, tree_tools):
        (workplace / ".generated.transpiler-lock").write_text("")
        assert run("pkg.swin").code == 0
        assert tree_tools.siblings(workplace) == []

    def test_lock_that_is_a_link_is_not_followed(self, refused, workplace):
        (workplace / ".generated.transpiler-lock").symlink_to(workplace / "victim")
        refused("pkg.swin")
        assert not (workplace / "victim").exists()
