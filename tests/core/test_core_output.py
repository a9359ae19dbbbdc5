"""The generated text reads like the source: its comments, order and layout; and it is the same every time."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from core_sources import run, write

MODULE = '''\
#!/usr/bin/env python
# Copyright someone, MIT.
"""A module.

With a docstring that names torch.Tensor.
"""
from __future__ import annotations

import math  # numbers

# torch comes here
import torch
import torch.nn as nn  # layers

# the table
TABLE = {
    'a': 1,  # one
    'b': torch.float32,
}


class Net(nn.Module):
    """A class.  """

    size: int = 3  # a size

    def __init__(self):
        # first
        super().__init__()

    # about forward
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Takes x."""
        y = torch.relu(  # why
            x,
        )
        # before the end

        return torch.cat([x, y], dim=1)  # B, C


def after(x: int) -> int:  # last
    return math.floor(x)
    # the end
'''


def test_comments_docstrings_and_order_are_kept(transpile):
    assert (
        transpile({"net": MODULE}).text()
        == '''\
#!/usr/bin/env python
# Copyright someone, MIT.
"""A module.

With a docstring that names torch.Tensor.
"""
from __future__ import annotations

import math  # numbers

# torch comes here
import tensorflow as tf
from .runtime import nn

# the table
TABLE = {
    'a': 1,  # one
    'b': tf.float32,
}


class Net(nn.Module):
    """A class.  """

    size: int = 3  # a size

    def __init__(self, **kwargs):
        # first
        super().__init__(**kwargs)

    # about forward
    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Takes x."""
        y = tf.nn.relu(x)
        # before the end

        return tf.concat([x, y], axis=1)  # B, C


def after(x: int) -> int:  # last
    return math.floor(x)
    # the end
'''
    )


def test_every_comment_survives_but_those_in_a_rewritten_call_or_import(transpile):
    text = transpile({"net": MODULE}).text()
    for comment in (
        line[line.index("#") :]
        for line in MODULE.splitlines()
        if "#" in line and not line.endswith(("# why", "# layers"))
    ):
        assert comment in text


def test_a_long_line_that_was_rewritten_is_wrapped(transpile):
    arguments = ", ".join(f"argument_number_{n}" for n in range(4))
    source = f"def f(x: torch.Tensor, {arguments}):\n    return torch.clamp(torch.roll(x, ({arguments}), (0, 1, 2, 3)), min=argument_number_1)  # why\n"
    assert max(map(len, source.splitlines())) > 120
    text = transpile(source).text()
    assert max(map(len, text.splitlines())) <= 120 and "# why" in text
    ast.parse(text)


def test_long_lines_of_upstream_are_its_own(transpile):
    long = "x = [" + ", ".join(f"'item number {n}'" for n in range(12)) + "]"
    signature = "def f(x: int, " + ", ".join(f"argument_number_{n}=None" for n in range(6)) + "):"
    text = transpile(f"y = torch.float32\n{long}\n\n{signature}\n    return x  # {'long ' * 30}\n").text()
    assert f"{long}\n" in text and f"{signature}\n    return x  # {'long ' * 30}".rstrip() in text


def test_quotes_and_spacing_of_rewritten_lines_stay_as_they_were(transpile):
    text = transpile("def f(x:torch.Tensor , s = 'a') :\n  return  torch.relu( x ) , {'a':s}\n").text()
    assert "def f(x:tf.Tensor , s = 'a') :\n  return  tf.nn.relu(x) , {'a':s}\n" in text


def test_the_text_is_the_same_every_time(tmp_path):
    modules = {
        "net.a": MODULE.replace("import math", "from .b import *\nimport math"),
        "net.b": "import torch\nTABLE_OF = {}\nfor n in ('x', 'y'):\n    TABLE_OF[n] = torch.relu\ndef look(n): return TABLE_OF[n]\n",
        "net.c": "import torch\nfrom .b import look\nx: torch.Tensor = look('x')\n",
    }
    write(tmp_path, modules)
    first, second, turned = (
        run(tmp_path, roots).result for roots in (["net.a", "net.c"], ["net.a", "net.c"], ["net.c", "net.a"])
    )
    assert first == second
    assert {file.path: file.text for file in first.files} == {file.path: file.text for file in turned.files}


def test_the_order_of_the_files_does_not_hang_on_hashes(tmp_path):
    names = [f"f{n}" for n in range(6)]
    dependencies = {f"net.{name}": f"def {name}(x): return x\n" for name in names}
    imports = "".join(f"from .{name} import {name}\n" for name in names)
    write(tmp_path, {"net.a": f"import torch\n{imports}x: torch.Tensor = [{', '.join(names)}]\n", **dependencies})
    program = (
        "import sys; from pathlib import Path; from core_sources import run; print(run(Path(sys.argv[1]), ['net.a']))"
    )
    path = os.pathsep.join(str(folder) for folder in (Path(__file__).parent, Path(__file__).parents[2]))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(outputs) == 1


def test_a_requested_module_is_the_same_whoever_else_is_requested(tmp_path):
    shared = "import torch\ndef f(x: torch.Tensor):\n    return x.flatten(1)\n"
    image = "import torch\nimport torch.nn as nn\nfrom .shared import f\nclass A(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.conv = nn.Conv2d(3, 3, 3)\n    def forward(self, x: torch.Tensor):\n        return f(self.conv(x))\n"
    tokens = image.replace("nn.Conv2d(3, 3, 3)", "nn.Linear(3, 3)")
    write(tmp_path, {"net.image": image, "net.tokens": tokens, "net.shared": shared})
    alone = {name: run(tmp_path, [f"net.{name}"]).text(f"net.{name}") for name in ("image", "tokens")}
    both = run(tmp_path, ["net.image", "net.tokens"])
    assert {name: both.text(f"net.{name}") for name in alone} == alone


def test_everything_that_is_generated_compiles(transpile):
    for file in transpile({"net.sub.a": MODULE}).result.files:
        compile(file.text, file.path, "exec")


def test_imports_reach_the_runtime_from_any_depth(transpile):
    source = "import torch\nfrom torch import nn\nclass A(nn.Module):\n    def forward(self, x: torch.Tensor): return torch.nn.functional.gelu(x)\n"
    run = transpile({"net.a.b.c": source, "net.a.d": source, "net.e": source}, "net.a.b.c", "net.a.d", "net.e")
    for module, dots in (("net.e", ".."), ("net.a.d", "..."), ("net.a.b.c", "....")):
        assert f"from {dots}runtime import nn\n" in run.text(module)


def test_the_header_says_where_the_file_comes_from(transpile):
    file = transpile({"net": MODULE}).file()
    assert file.text.startswith(f"# Changed from net source, net.py (sha256 {file.upstream.sha256[:12]})")
    assert file.upstream.path == "net.py"
