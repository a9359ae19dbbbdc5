"""What is kept from one run to the next: never stale, and trees are never anything but trees."""

from __future__ import annotations

import os
import pickle
import sys
import time
import zlib
from pathlib import Path

import libcst as cst
import pytest
from core_sources import run, write

from transpiler import tree_cache
from transpiler.tree_cache import keep_tree, load_tree
from transpiler.user_cache import cache_folder, remove_old_entries
from transpiler.wrapped_lines import WrappedLines

LINE = "def f(x: torch.Tensor, n: int = 2) -> torch.Tensor:  # a comment\n    return (x + 1,  [n, ][0])\n\n\n"
TEXT = "import torch\n\n\n" + LINE * 20


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _keep(text: str) -> Path:
    keep_tree(text, cst.parse_module(text))
    (path,) = cache_folder().iterdir()
    return path


def test_a_tree_comes_back_as_it_was():
    assert load_tree(TEXT) is None
    _keep(TEXT)
    tree = load_tree(TEXT)
    assert tree is not None and tree.code == TEXT
    assert tree.deep_equals(cst.parse_module(TEXT))
    tree.validate_types_deep()


def test_another_text_is_not_found():
    _keep(TEXT)
    assert load_tree(TEXT.replace("x + 1", "x + 2")) is None


def test_another_version_of_the_parser_finds_nothing(monkeypatch):
    _keep(TEXT)
    tree_cache.parser_version.cache_clear()
    monkeypatch.setattr(tree_cache.importlib.metadata, "version", lambda name: "999")
    try:
        assert load_tree(TEXT) is None
    finally:
        tree_cache.parser_version.cache_clear()


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"x" + data])
def test_a_damaged_entry_is_passed_over(damage):
    path = _keep(TEXT)
    path.write_bytes(damage(path.read_bytes()))
    assert load_tree(TEXT) is None


class _Harm:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_in_an_entry_is_run(tmp_path):
    path = _keep(TEXT)
    path.write_bytes(zlib.compress(pickle.dumps(_Harm(tmp_path / "harm"))))
    assert load_tree(TEXT) is None
    assert not (tmp_path / "harm").exists()


def test_a_folder_that_cannot_be_written_costs_the_cache_only(tmp_path):
    (tmp_path / "cache").write_text("a file stands in the way")
    keep_tree(TEXT, cst.parse_module(TEXT))
    assert load_tree(TEXT) is None
    remove_old_entries()


def test_what_was_not_read_for_long_goes():
    path = _keep(TEXT)
    long_ago = time.time() - 61 * 86400
    os.utime(path, (long_ago, long_ago))
    load_tree(TEXT)
    remove_old_entries()
    assert path.exists()
    os.utime(path, (long_ago, long_ago))
    remove_old_entries()
    assert not path.exists()


def test_a_run_gives_the_same_with_trees_that_were_kept_and_follows_a_change(tmp_path):
    write(tmp_path, {"net.model": TEXT})
    first, again = run(tmp_path, ["net.model"]), run(tmp_path, ["net.model"])
    assert list(cache_folder().iterdir())
    assert first.result == again.result
    write(tmp_path, {"net.model": TEXT.replace("x + 1", "x + 2")})
    changed = run(tmp_path, ["net.model"])
    (text,) = (file.text for file in changed.result.files if file.path == "net/model.py")
    assert "x + 2" in text and "x + 1" not in text


LONG = "x = call(" + ", ".join(f"argument_{number}" for number in range(20)) + ")\n"


def test_wrapped_lines_are_kept_and_come_back_without_black(monkeypatch):
    lines = WrappedLines("upstream")
    first = lines.wrapped(LONG, 80)
    lines.keep()
    monkeypatch.setitem(sys.modules, "black", None)
    again = WrappedLines("upstream")
    assert again.wrapped(LONG, 80) == first and max(map(len, first.splitlines())) <= 80
    for other in (lambda: again.wrapped(LONG, 60), lambda: WrappedLines("changed").wrapped(LONG, 80)):
        with pytest.raises(ImportError):
            other()


def test_damaged_lines_are_wrapped_anew():
    WrappedLines("upstream").keep()
    lines = WrappedLines("upstream")
    first = lines.wrapped(LONG, 80)
    lines.keep()
    (path,) = cache_folder().iterdir()
    for content in (b"", zlib.compress(b"[1"), zlib.compress(b"[1]"), zlib.compress(b"{}")):
        path.write_bytes(content)
        assert WrappedLines("upstream").wrapped(LONG, 80) == first
