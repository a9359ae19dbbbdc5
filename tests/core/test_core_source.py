"""Finding and reading a module: names, encodings, syntax, links, and files that are no torch modules."""

from __future__ import annotations

import pytest
from core_sources import marked, run, write
from libcst.metadata import MetadataWrapper, PositionProvider

from transpiler.source import SourceFinder
from transpiler.walk import walk


@pytest.fixture
def only_error(tmp_path):
    """The one error of a run on a module under `tmp_path/source`."""

    def only_error(name: str, content: bytes | None = None):
        root = tmp_path / "source"
        write(root, {"net.ok": "import torch\n"})
        if content is not None:
            (root / f"{name.replace('.', '/')}.py").write_bytes(content)
        found = run(root, [name])
        assert [*found.result.refused] == [name] and not found.result.files
        (error,) = found.errors
        return error

    return only_error


@pytest.mark.parametrize(
    ("content", "line", "at"),
    [
        (b"import torch\ndef f(:\n    pass\n", 2, ":"),
        (b"import torch\nx = (1,\n     2\ny = 3\n", 2, "(1,"),
        (b"import torch\nif 1:\n        x = 1\n\ty = 2\n", 4, None),
        (b"import torch\nprint 'python 2'\n", 2, "print 'python 2'"),
        (b"import torch\n\n\nclass A(\n", 4, "("),
    ],
)
def test_a_syntax_error_has_its_place(only_error, content, line, at):
    error = only_error("net.bad", content)
    assert (error.code, error.where.path, error.where.line) == ("S103", "net/bad.py", line)
    assert error.source_line == content.decode().splitlines()[line - 1]
    assert at is None or marked(error) == at
    assert error.hint


def test_a_nul_byte_is_a_syntax_error(only_error):
    assert only_error("net.bad", b"import torch\n\0\n").code == "S103"


def test_text_that_is_not_utf8(only_error):
    error = only_error("net.latin", b"import torch\n# caf\xe9\n")
    assert (error.code, error.where.path, error.where.line) == ("S104", "net/latin.py", 2)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("net.missing", "net is there, but has no such module; check the spelling"),
        ("net.ok.deeper", "net is there, but has no such module"),
        ("no_such_package.net", "pip install no_such_package"),
        ("no_such_package", "--source"),
    ],
)
def test_a_module_that_is_not_there(only_error, name, hint):
    error = only_error(name)
    assert error.code == "S101" and name in error.message and hint in error.hint and error.where is None


@pytest.mark.parametrize("name", ["net..ok", "net.o-k", "net/ok.py", "", ".net", "net.", "net.ok;import os", "../net"])
def test_what_is_no_module_name(only_error, name):
    error = only_error(name)
    assert error.code == "S102" and "timm.models.swin_transformer" in error.hint


@pytest.mark.parametrize("content", [b"x = 1\n", b"", b"import numpy\n", b"# only a comment\n"])
def test_a_file_without_torch(only_error, content):
    error = only_error("net.plain", content)
    assert error.code == "S107" and error.where.path == "net/plain.py" and error.hint


def test_a_package(only_error):
    assert only_error("net").code == "S106"


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_that_leaves_the_root(only_error, tmp_path, link):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("import torch\n", encoding="utf-8")
    (tmp_path / "source/net").mkdir(parents=True)
    if link == "file":
        (tmp_path / "source/net/secret.py").symlink_to(outside / "secret.py")
    else:
        (tmp_path / "source/net/far").symlink_to(outside)
    error = only_error("net.secret" if link == "file" else "net.far.secret")
    assert error.code == "S105" and "leads outside" in error.message


def test_a_link_inside_the_root(transpile, tmp_path):
    write(tmp_path, {"net.real": "import torch\nx = torch.float32\n"})
    (tmp_path / "net/alias.py").symlink_to(tmp_path / "net/real.py")
    assert run(tmp_path, ["net.alias"]).text("net.alias") == "import tensorflow as tf\nx = tf.float32\n"


def test_a_dependency_that_does_not_parse_is_named(transpile):
    result = transpile({"net.a": "import torch\nfrom .b import f\nx: torch.Tensor = f(1)\n", "net.b": "def f(:\n"})
    (error,) = result.errors
    assert (error.code, error.where.path) == ("S103", "net/b.py") and [*result.result.refused] == ["net.a"]


def test_a_byte_order_mark_and_foreign_line_ends(tmp_path):
    write(tmp_path, {"net": ""})
    (tmp_path / "net.py").write_bytes(
        b"\xef\xbb\xbfimport torch\r\ndef f(x: torch.Tensor):\r\n    return torch.relu(x)\r\n"
    )
    text = run(tmp_path, ["net"]).file("net").text
    assert (
        text.endswith("import tensorflow as tf\ndef f(x: tf.Tensor):\n    return tf.nn.relu(x)\n") and "\r" not in text
    )


def test_nothing_of_the_source_is_executed(transpile, tmp_path):
    proof = tmp_path / "proof"
    transpile(f"open({str(proof)!r}, 'w').close()\nx = torch.float32\n")
    assert not proof.exists()


def test_the_source_folder_comes_before_what_is_installed(tmp_path):
    write(tmp_path, {"libcst.net": "import torch\nx = torch.float32\n"})
    upstream = run(tmp_path, ["libcst.net"]).file("libcst.net").upstream
    assert (upstream.distribution, upstream.version, upstream.path) == ("libcst", "source", "libcst/net.py")


ODD_LAYOUT = [
    "# a header\n\n'''Docs.'''\nimport torch\n\n# above\n@torch.jit.ignore\n\n# between\n@torch.no_grad()\ndef f(x):\n    return x\n    # its own\n# the next one's\nx = [\n    1,\n]\n# the end\n",
    "import torch\nclass A:\n  def f(self):\n    '''a\n b'''\n    # last\nif x:\n    pass\n# of else\nelse:\n    pass",
    "\n\nimport torch; import math\nx = 1\n",
    "def f(x):\n    if x:\n        a = 1\n        # of a\n    # of elif\n    elif (\n        x\n    ):\n        b = 2\n\n    # of else\n    else:  # trailing\n        # of c\n\n        c = 3\n        # of its end\n    for i in x:\n        pass\n    else:\n        if x: d = 4\n        else:\n            e = 5\n    try:\n        g = 6\n    except E:\n        h = 7\n    else:\n        i = 8\n",
    "import torch\n\x0cx = 1\n",
    "x = '''\n# no comment\n'''\n\n\n\ny = (1 +\n     2)  # sum\n\n",
]


@pytest.mark.parametrize("text", ODD_LAYOUT)
def test_the_text_of_a_statement_is_its_code_in_its_place(tmp_path, text):
    write(tmp_path, {"net": text})
    source = SourceFinder(tmp_path).read("net")
    texts = source.statement_texts
    if texts:
        assert "".join(texts[statement] for statement in source.tree.body) in f"{text}\n"
    for statement, its_text in texts.items():
        written = source.tree.code_for_node(statement)
        if statement in source.tree.body:
            assert its_text == written
        assert [line.strip() for line in its_text.splitlines()] == [line.strip() for line in written.splitlines()]


def test_statements_have_their_texts_unless_two_share_a_line(tmp_path):
    write(tmp_path, {"net.a": ODD_LAYOUT[0], "net.b": ODD_LAYOUT[2], "net.c": ODD_LAYOUT[1]})
    finder = SourceFinder(tmp_path)
    assert finder.read("net.a").statement_texts and not finder.read("net.b").statement_texts
    (method,) = (text for text in finder.read("net.c").statement_texts.values() if text.startswith("  def"))
    assert method == "  def f(self):\n    '''a\n b'''\n    # last\n"


def test_places_are_those_that_libcst_gives(tmp_path):
    write(tmp_path, {f"net.m{number}": text for number, text in enumerate(ODD_LAYOUT)})
    for number in range(len(ODD_LAYOUT)):
        source = SourceFinder(tmp_path).read(f"net.m{number}")
        positions = MetadataWrapper(source.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        for statement in source.tree.body:
            for node in walk(statement):
                place = source.locate(node)
                assert (place.line, place.column - 1) == (positions[node].start.line, positions[node].start.column)
