"""What can't happen in TensorFlow is folded away: TorchScript branches, probes, absent packages, no_grad."""

from __future__ import annotations

import pytest

SCRIPTING = "torch.jit.is_scripting()"


def folded(transpile, body: str) -> str:
    """The generated body of a function with this body."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    run = transpile(f"def f(x: torch.Tensor, flag: bool):\n{indented}")
    return "\n".join(line[4:] for line in run.definition("f").splitlines()[1:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"if {SCRIPTING}:\n    a()\nreturn 1", "return 1"),
        (f"if {SCRIPTING}:\n    return 1\nelse:\n    # why\n    return 2", "# why\nreturn 2"),
        (f"if not {SCRIPTING}:\n    return 1\nreturn 2", "return 1\nreturn 2"),
        (
            f"if {SCRIPTING}:\n    return 1\nelif flag:\n    return 2\nelse:\n    return 3",
            "if flag:\n    return 2\nelse:\n    return 3",
        ),
        (
            f"if flag:\n    return 1\nelif {SCRIPTING}:\n    return 2\nelse:\n    return 3",
            "if flag:\n    return 1\nelse:\n    return 3",
        ),
        (f"if flag:\n    return 1\nelif {SCRIPTING}:\n    return 2", "if flag:\n    return 1"),
        (
            f"if flag:\n    return 1\nelif not {SCRIPTING}:\n    return 2\nelse:\n    return 3",
            "if flag:\n    return 1\nelse:\n    return 2",
        ),
        (
            f"if flag:\n    return 1\nelif {SCRIPTING}:\n    return 2\nelif x is None:\n    return 3",
            "if flag:\n    return 1\nelif x is None:\n    return 3",
        ),
        (f"return 1 if {SCRIPTING} else 2", "return 2"),
        (f"return flag and not {SCRIPTING}", "return flag"),
        (f"return flag or {SCRIPTING}", "return flag"),
        (f"return {SCRIPTING} and flag", "return False"),
        (f"if {SCRIPTING} or {SCRIPTING.replace('scripting', 'tracing')}:\n    return 1\nreturn 2", "return 2"),
        (f"assert not {SCRIPTING}\nreturn 1", "return 1"),
        (f"assert {SCRIPTING}, 'never'", "assert False, 'never'"),
    ],
)
def test_torchscript_branches(transpile, before, after):
    assert folded(transpile, before) == after


def test_a_branch_that_may_have_effects_stays(transpile):
    body = f"if x.any() and {SCRIPTING}:\n    return 1\nreturn 2"
    assert folded(transpile, body) in ("if tf.reduce_any(x) and False:\n    return 1\nreturn 2", "return 2")


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (f"if {SCRIPTING}:\n    a()", "pass"),
        (f"for y in x:\n    if {SCRIPTING}:\n        break", "for y in x:\n    pass"),
        ("with torch.no_grad():\n    pass", "pass"),
        ("with torch.no_grad():\n    y = 1\n    return y", "y = 1\nreturn y"),
        ("with torch.no_grad():\n    # why\n    return 1", "# why\nreturn 1"),
        ("# above\nwith torch.no_grad():\n    # below\n    return 1", "# above\n# below\nreturn 1"),
        ("with torch.no_grad(): return 1", "return 1"),
        ("with torch.no_grad(), open('f') as f:\n    return f", "with open('f') as f:\n    return f"),
        ("with torch.amp.autocast('cuda', enabled=False):\n    return 1", "return 1"),
    ],
)
def test_a_block_that_goes_leaves_valid_code(transpile, body, after):
    assert folded(transpile, body) == after


@pytest.mark.parametrize(
    ("decorator", "kept"),
    [
        ("torch.no_grad()", False),
        ("torch.jit.ignore", False),
        ("torch.jit.ignore()", False),
        ("torch.fx.wrap", False),
        ("staticmethod", True),
    ],
)
def test_decorators_without_effect_go(transpile, decorator, kept):
    run = transpile(f"class A(nn.Module):\n    @{decorator}\n    def f():\n        return 1\n")
    assert ("@" in run.text()) is kept


@pytest.mark.parametrize(
    ("probe", "flag"),
    [
        ("hasattr(torch.nn.functional, 'scaled_dot_product_attention')", True),
        ("hasattr(F, 'silu')", True),
        ("hasattr(torch, 'nothing_like_it')", False),
        ("'silu' in dir(torch.nn.functional)", True),
        ("'nothing_like_it' in dir(F)", False),
        ("hasattr(torch.jit, 'is_scripting') and not hasattr(torch, 'nothing')", True),
    ],
)
def test_probes_for_torch_features_decide_the_branches_that_ask_for_them(transpile, probe, flag):
    run = transpile(
        f"HAS = {probe}\n\n\ndef f(x: torch.Tensor):\n    if HAS:\n        return 1\n    else:\n        return 2\n"
    )
    assert run.definition("f") == f"def f(x: tf.Tensor):\n    return {1 if flag else 2}\n"
    assert f"HAS = {flag}\n" in run.text()


def test_a_probe_decides_which_definition_there_is(transpile):
    run = transpile("""\
if hasattr(F, 'nothing_like_it'):
    def act(x):
        return F.nothing_like_it(x)
else:
    # the usual one
    def act(x: torch.Tensor):
        return F.relu(x)
""")
    assert run.text() == "import tensorflow as tf\n# the usual one\ndef act(x: tf.Tensor):\n    return tf.nn.relu(x)\n"


def test_probes_of_other_things_stay(transpile):
    body = "if hasattr(x, 'shape') and 'a' in dir(flag):\n    return 1\nreturn 2"
    assert folded(transpile, body) == body


@pytest.mark.parametrize(
    ("test", "after"),
    [
        ("x.is_meta", "return 2"),
        ("x.device.type == 'meta'", "return 2"),
        ('x.device.type != "meta"', "return 1\nreturn 2"),
        ("flag and x.device.type != 'meta'", "if flag:\n    return 1\nreturn 2"),
    ],
)
def test_no_tensor_is_on_the_meta_device(transpile, test, after):
    assert folded(transpile, f"if {test}:\n    return 1\nreturn 2") == after


def test_what_kind_of_device_a_tensor_is_on_is_not_asked_of_tensorflows_name_of_it(transpile):
    run = transpile("def f(x: torch.Tensor):\n    return 1 if x.device.type == 'cuda' else 2\n")
    assert run.codes == ["T103"]


def test_a_local_of_the_name_of_a_flag_is_not_folded(transpile):
    run = transpile("HAS = hasattr(F, 'silu')\n\ndef f(HAS):\n    return 1 if HAS else 2\n")
    assert "return 1 if HAS else 2" in run.text()


@pytest.mark.parametrize(
    ("statement", "there"),
    [
        ("from apex.normalization import fused_norm as norm", False),
        ("from torch.nn.functional import rms_norm as norm", True),
        ("from torch.nothing import norm", False),
        ("import functorch as norm", False),
    ],
)
def test_an_import_that_may_fail_is_settled(transpile, statement, there):
    run = transpile(f"""\
try:
    {statement}
    HAS = True
except ImportError:
    HAS = False

def f(x: torch.Tensor):
    if HAS:
        return norm(x, (3,))
    return x
""")
    assert "try" not in run.text() and f"HAS = {there}\n" in run.text()
    wanted = "    return F.rms_norm(x, (3,))\n    return x\n" if there else "    return x\n"
    assert run.definition("f") == f"def f(x: tf.Tensor):\n{wanted}"


def test_other_imports_that_may_fail_stay(transpile):
    run = transpile("try:\n    import yaml\nexcept ImportError:\n    yaml = None\nx = (torch.float32, yaml)\n")
    assert "try:\n    import yaml\nexcept ImportError:\n    yaml = None\n" in run.text()


def test_a_name_stands_for_what_is_tried_not_for_the_fallback(transpile):
    modules = {
        "net.model": "import torch\ntry:\n    from .a import act\nexcept ImportError:\n    from .b import act\ny: torch.Tensor = act(1)\n",
        "net.a": "def act(x): return x\n",
        "net.b": "def act(x): return x + 1\n",
    }
    run = transpile(modules)
    assert run.generated("net.a")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("isinstance(x, (nn.Linear, nn.Conv2d, nn.ConvTranspose3d))", "isinstance(x, (nn.Linear, nn.Conv2d))"),
        ("isinstance(x, (nn.ConvTranspose3d, nn.Linear))", "isinstance(x, nn.Linear)"),
        ("isinstance(x, nn.ConvTranspose3d)", "False"),
        ("isinstance(x, nn.Linear)", "isinstance(x, nn.Linear)"),
    ],
)
def test_nothing_is_a_layer_that_is_not_there(transpile, before, after):
    assert folded(transpile, f"return {before}") == f"return {after}"


CAST = """
class Rope(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("bands", torch.ones(3), persistent=False)

    def _apply(self, fn, *args, **kwargs):
        module = super()._apply(fn, *args, **kwargs)
        if self.bands.dtype != torch.float32:
            self.register_buffer("bands", torch.ones(3), persistent=False)
        return module


class Cached(nn.Module):
    def _apply(self, fn, recurse=True):
        self.cache.clear()
        return super()._apply(fn)
"""


def test_what_a_module_makes_again_when_it_is_cast_is_never_cast(transpile):
    run = transpile(CAST)
    assert 'keeps_dtype = frozenset({"bands"})' in run.definition("Rope").replace("'", '"')
    assert "_apply" not in run.definition("Rope") and "keeps_dtype" not in run.definition("Cached")
