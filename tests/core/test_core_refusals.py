"""What can't be transpiled is refused, all of it at once, with its place and the way out."""

from __future__ import annotations

import pytest
from core_sources import TORCH, marked


@pytest.mark.parametrize(
    ("code", "error", "at", "hint"),
    [
        ("    return torch.fft.fft2(x)", "T101", "torch.fft.fft2(x)", "transpiler/rules"),
        ("    return x + torch.nope", "T101", "torch.nope", "override"),
        ("    return x.nope_method(3)", "T101", "x.nope_method(3)", "transpiler/rules"),
        ("    é = torch.relu(x); return torch.nope(é)", "T101", "torch.nope(é)", ""),
        ("    return [\n        1,\n        nn.Conv9d]", "T101", "nn.Conv9d]", ""),
        ("\n\n    class A(torch.autograd.Function):\n        pass", "T103", "torch.autograd.Function):", "override"),
        ("    return torch.save(x, 'x.pth')", "T103", "torch.save(x, 'x.pth')", "save_weights"),
        ("    return torch.roll(x, 1, 2, 3, 4)", "T102", "torch.roll(x, 1, 2, 3, 4)", "transpiler/rules"),
        ("    return F.relu(x, nonsense=3)", "T102", "F.relu(x, nonsense=3)", "(input, inplace=False)"),
        ("    return F.relu(x, input=x)", "T102", "F.relu(x, input=x)", ""),
        ("    return torch.relu()", "T102", "torch.relu()", ""),
        ("    return torch.zeros(3, **{})", "T102", "torch.zeros(3, **{})", "write its arguments out"),
        ("    return torch.transpose(x, x.ndim, 1)", "T102", "torch.transpose(x, x.ndim, 1)", ""),
    ],
)
def test_a_refusal_names_the_place_the_reason_and_the_way_out(transpile, code, error, at, hint):
    run = transpile(f"def f(x: torch.Tensor):\n{code}\n")
    assert run.codes == [error], run.report
    found = run.errors[0]
    assert marked(found) == at
    source = (TORCH + f"def f(x: torch.Tensor):\n{code}\n").splitlines()
    assert found.where.path == "net.py" and source[found.where.line - 1] == found.source_line
    assert found.render().startswith(f"net.py:{found.where.line}:{found.where.column}: error {error}: ")
    assert found.hint and hint in found.hint


@pytest.mark.parametrize(
    ("code", "at"),
    [
        ("@torch.weird\ndef f(x): return x\n", "torch.weird"),
        ("def f(x: torch.weird): return x\n", "torch.weird): return x"),
        ("def f(x) -> torch.weird: return x\n", "torch.weird: return x"),
        ("def f(x, y=torch.weird): return x\n", "torch.weird): return x"),
        ("class A(torch.weird): pass\n", "torch.weird): pass"),
        ("class A:\n    x = torch.weird\n", "torch.weird"),
        ("x = torch.weird\n", "torch.weird"),
        ("x = {'a': torch.weird}\n", "torch.weird}"),
        ("if torch.weird: x = 1\n", "torch.weird: x = 1"),
    ],
)
def test_a_torch_name_is_refused_wherever_it_stands(transpile, code, at):
    run = transpile(code)
    assert run.codes == ["T101"] and marked(run.errors[0]) == at


def test_a_place_after_code_that_was_folded_away(transpile):
    run = transpile(
        "@torch.jit.ignore\ndef f(x: torch.Tensor, device=None):\n    if torch.jit.is_scripting():\n        return 1\n    with torch.no_grad():\n        return g(x, torch.nope(x), device=device)\n"
        "\n\ndef g(x, y, device=None): return x\n"
    )
    error, *_ = run.errors
    assert (error.where.line, error.where.column) == (9, 21) and marked(error) == "torch.nope(x), device=device)"


def test_a_tab_does_not_move_the_caret(transpile):
    run = transpile("def f(x: torch.Tensor):\n\treturn x,\ttorch.nope(x)\n")
    assert marked(run.errors[0]) == "torch.nope(x)"


def test_all_refusals_of_a_run_are_collected(transpile):
    run = transpile(
        {
            "net.a": "import torch\nfrom .shared import s\ndef f(x: torch.Tensor): return torch.nope_a(torch.nope_b(s(x)))\n",
            "net.b": "import torch\ndef f(x: torch.Tensor): return torch.nope_c(x)\n",
            "net.shared": "import torch\ndef s(x: torch.Tensor): return torch.nope_s(x)\n",
        },
        "net.a",
        "net.b",
        "net.missing",
    )
    assert sorted(d.message for d in run.errors if d.code != "E301") == [
        "no module named 'net.missing'",
        *(f"no rule for torch.nope_{name}" for name in "abcs"),
    ]
    assert set(run.result.refused) == {"net.a", "net.b", "net.missing"}


def test_a_refusal_is_said_once(transpile):
    modules = {f"net.{name}": "import torch\nfrom .shared import s\ny: torch.Tensor = s(1)\n" for name in "ab"}
    run = transpile({**modules, "net.shared": "import torch\ndef s(x: torch.Tensor): return torch.nope(x)\n"}, *modules)
    assert run.codes == ["T101"]


def test_a_refusal_is_not_followed_by_another_of_the_same_cause(transpile):
    run = transpile("def f(x: torch.Tensor): return torch.nope(x)\n")
    assert [d.code for d in run.errors] == ["T101"]


def test_a_refused_module_does_not_block_another(transpile):
    modules = {
        "net.bad": "import torch\nfrom .shared import s, t\ndef f(x: torch.Tensor): return torch.nope(s(t(x)))\n",
        "net.good": "import torch\nfrom .shared import s\ndef f(x: torch.Tensor): return torch.relu(s(x))\n",
        "net.shared": "import torch\ndef s(x: torch.Tensor): return torch.sigmoid(x)\ndef t(x: torch.Tensor): return torch.tanh(x)\n",
    }
    run = transpile(modules, "net.bad", "net.good")
    assert (run.result.roots, [*run.result.refused]) == (("net.good",), ["net.bad"])
    assert not run.generated("net.bad")
    assert "def t" not in run.text("net.shared")
    assert "net.good" in run.file("__init__").text or "good" in run.file("__init__").text


def test_nothing_is_generated_when_everything_is_refused(transpile):
    run = transpile("def f(x: torch.Tensor): return torch.nope(x)\n")
    assert run.result.files == () and run.result.roots == () and [*run.result.refused] == ["net"]


def test_a_name_that_is_left_behind_is_found(transpile):
    run = transpile("def f(x: torch.Tensor): return torch.relu(x) + undefined_name\n")
    (error,) = run.errors
    assert error.code == "E301" and "'undefined_name'" in error.message and error.where.line == 4


def test_a_foreign_function_may_be_called(transpile):
    run = transpile("import math\ndef f(x: torch.Tensor): return x * math.sqrt(2)\n")
    assert run.text() == "import tensorflow as tf\nimport math\ndef f(x: tf.Tensor): return x * math.sqrt(2)\n"


@pytest.mark.parametrize("imported", ["import einops", "from einops import rearrange"])
def test_a_foreign_function_is_not_given_a_tensor(transpile, imported):
    called = "einops.rearrange" if imported == "import einops" else "rearrange"
    run = transpile(f"{imported}\ndef f(x: torch.Tensor): return {called}(x, 'b c -> c b')\n")
    assert run.codes == ["T107"] and "einops.rearrange" in run.errors[0].message


def test_a_foreign_function_may_be_given_what_is_no_tensor(transpile):
    run = transpile("import einops\ndef f(x: torch.Tensor): return x * einops.size('b')\n")
    assert not run.errors


@pytest.mark.parametrize(
    ("statement", "use"),
    [
        ("import torch", "torch.relu(x)"),
        ("import torch.nn.functional as TF", "TF.relu(x)"),
        ("from torch.nn import functional as TF", "TF.relu(x)"),
    ],
)
def test_torch_imported_inside_a_function_is_refused(transpile, statement, use):
    run = transpile(f"def f(x):\n    {statement}\n    return {use}\n")
    assert run.codes == ["T105"] and marked(run.errors[0]) == statement
