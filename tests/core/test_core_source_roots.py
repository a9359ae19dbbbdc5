"""Source read from wheels and source distributions, where they are."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from core_sources import run, write

from transpiler.diagnostics import TranspileError
from transpiler.source import SourceFinder
from transpiler.source_roots import distribution_of, open_source
from transpiler.upstream_files import UpstreamLocator

MODULE = "import torch\ndef f(x: torch.Tensor): return torch.relu(x)\n"
METADATA = "Metadata-Version: 2.1\nName: Net\nVersion: 1.2.3\n\nVersion: 9 in the description\n"


def wheel(path: Path, files: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def sdist(path: Path, files: Mapping[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


WHEEL = {"net/__init__.py": "", "net/model.py": MODULE, "net-1.2.3.dist-info/METADATA": METADATA}
SDISTS = {
    "flat": {"net-1.2.3/net/__init__.py": "", "net-1.2.3/net/model.py": MODULE, "net-1.2.3/PKG-INFO": METADATA},
    "src": {"net-1.2.3/src/net/__init__.py": "", "net-1.2.3/src/net/model.py": MODULE, "net-1.2.3/PKG-INFO": METADATA},
}


def test_a_wheel_gives_what_the_folder_gives_and_nothing_is_unpacked(tmp_path, own_overrides):
    archive = wheel(tmp_path / "net-1.2.3-py3-none-any.whl", WHEEL)
    before = sorted(tmp_path.rglob("*"))
    from_wheel = run(archive, ("net.model",))
    assert sorted(tmp_path.rglob("*")) == before
    folder = tmp_path / "folder"
    write(folder, {"net.model": MODULE})
    from_folder = run(folder, ("net.model",))
    assert from_wheel.codes == [] and from_wheel.text("net.model") == from_folder.text("net.model")
    upstream = from_wheel.file("net.model").upstream
    assert (upstream.distribution, upstream.version, upstream.path) == ("Net", "1.2.3", "net/model.py")


@pytest.mark.parametrize("layout", SDISTS)
def test_a_source_distribution_is_read_in_both_layouts(tmp_path, layout):
    finder = SourceFinder(sdist(tmp_path / "net-1.2.3.tar.gz", SDISTS[layout]))
    source = finder.read("net.model")
    assert (source.text, source.path, source.upstream.version) == (MODULE, "net/model.py", "1.2.3")
    assert finder.read("net").is_package


def test_nothing_in_an_archive_is_executed(tmp_path, own_overrides):
    trap = "raise SystemExit('executed')\n"
    files = {**WHEEL, "net/__init__.py": trap, "setup.py": trap, "net/model.py": MODULE + f"if True:\n    {trap}"}
    SourceFinder(wheel(tmp_path / "net.whl", files)).read("net.model")


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil.py", "net/../../evil.py", "C:evil.py", "net\\..\\evil.py"])
def test_a_member_that_leads_out_is_refused(tmp_path, name):
    with pytest.raises(TranspileError, match="S109.*leads out"):
        open_source(wheel(tmp_path / "net.whl", {**WHEEL, name: "x"}))


def test_links_in_archives_are_not_followed(tmp_path):
    path = tmp_path / "net-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("net-1/net/model.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert not open_source(path).is_file("net/model.py")
    zipped = zipfile.ZipInfo("net/model.py")
    zipped.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "net.whl", "w") as archive:
        archive.writestr(zipped, "/etc/passwd")
    assert not open_source(tmp_path / "net.whl").is_file("net/model.py")


@pytest.mark.parametrize(
    ("name", "content"), [("net.whl", b"no zip"), ("net.tar.gz", b"no tar"), ("net.txt", b""), ("absent.whl", None)]
)
def test_what_is_no_source_is_one_clear_line(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TranspileError) as caught:
        open_source(tmp_path / name)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "S109" and name in diagnostic.message and "\n" not in diagnostic.message


def test_a_damaged_member_is_refused_when_it_is_read(tmp_path):
    path = wheel(tmp_path / "net.whl", WHEEL)
    data = path.read_bytes()
    path.write_bytes(data.replace(MODULE.encode(), MODULE.replace("relu", "tanh").encode()))
    with pytest.raises(TranspileError, match="S109"):
        SourceFinder(path).read("net.model")


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"net/version.py": "__version__ = '2.0.dev1'\n"}, "2.0.dev1"),
        ({"net/__init__.py": '__version__ = "3"\n'}, "3"),
        ({"net/version.py": "__version__ = compute()\n"}, "source"),
        ({"other-7.dist-info/METADATA": METADATA.replace("Net", "other")}, "source"),
    ],
    ids=["version file", "init", "computed", "of another"],
)
def test_a_folder_says_its_version_as_text(tmp_path, files, version):
    for name, text in {"net/model.py": MODULE, **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    assert distribution_of(open_source(tmp_path), "net")[1] == version


def test_a_file_of_a_wheel_is_found_again_for_the_fingerprint(tmp_path):
    path = wheel(tmp_path / "net.whl", WHEEL)
    read = SourceFinder(path).read("net.model").upstream
    assert UpstreamLocator(path)(read) == read
    path.unlink()
    wheel(path, {**WHEEL, "net/model.py": MODULE + "# more\n"})
    assert UpstreamLocator(path)(read) != read
