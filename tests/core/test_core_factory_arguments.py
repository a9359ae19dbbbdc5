"""`device` and `dtype` arguments: gone where they only say where and as what parameters are made."""

from __future__ import annotations

import pytest

LAYER = """\
class Layer(nn.Module):
    def __init__(self, dim, bias=True, device=None, dtype=None):
        super().__init__()
        self.fc = nn.Linear(dim, dim, bias=bias, device=device, dtype=dtype)

"""


def generated(transpile, code: str, name: str) -> str:
    return transpile(LAYER + code).definition(name)


def test_a_layer_hands_keras_arguments_on_instead(transpile):
    assert generated(transpile, "", "Layer") == (
        "class Layer(nn.Module):\n"
        "    def __init__(self, dim, bias=True, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.fc = nn.Linear(dim, dim, bias=bias)\n"
    )


@pytest.mark.parametrize("made", ["{'device': device, 'dtype': dtype}", "dict(device=device, dtype=dtype)"])
def test_the_dict_that_hands_them_on_goes(transpile, made):
    code = """\
class A(nn.Module):
    def __init__(self, dim, device=None, dtype=None):
        dd = MADE
        super().__init__()
        self.a = Layer(dim, **dd)
        self.b = nn.Parameter(torch.ones(dim, **dd))
        self.c = nn.Sequential(Layer(dim, bias=False, **dd), Layer(dim, **dd))
""".replace("MADE", made)
    assert generated(transpile, code, "A") == (
        "class A(nn.Module):\n"
        "    def __init__(self, dim, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.a = Layer(dim)\n"
        "        self.b = nn.Parameter(tf.ones((dim,)))\n"
        "        self.c = nn.Sequential(Layer(dim, bias=False), Layer(dim))\n"
    )


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("super().__init__(dim, device=device, dtype=dtype)", "super().__init__(dim, **kwargs)"),
        ("super().__init__(dim, **dd)", "super().__init__(dim, **kwargs)"),
        ("super().__init__(dim, True, device, dtype)", "super().__init__(dim, True, **kwargs)"),
        (
            "super().__init__(\n            dim,\n            **dd,\n        )",
            "super().__init__(\n            dim,\n            **kwargs,\n        )",
        ),
    ],
)
def test_a_subclass_hands_keras_arguments_to_its_base(transpile, call, after):
    code = f"class A(Layer):\n    def __init__(self, dim, device=None, dtype=None):\n        dd = {{'device': device, 'dtype': dtype}}\n        {call}\n"
    assert (
        generated(transpile, code, "A") == f"class A(Layer):\n    def __init__(self, dim, **kwargs):\n        {after}\n"
    )


def test_arguments_that_are_handed_on_already_are_not_handed_on_twice(transpile):
    code = "class A(Layer):\n    def __init__(self, dim, device=None, dtype=None, **kwargs):\n        super().__init__(dim, device=device, **kwargs)\n"
    assert "super().__init__(dim, **kwargs)\n" in generated(transpile, code, "A")


def test_kwargs_that_mean_something_else_stay_with_it(transpile):
    code = """\
class A(nn.Module):
    def __init__(self, dim, device=None, dtype=None, **kwargs):
        super().__init__()
        self.a = Layer(dim, device=device, **kwargs)

class B(nn.Module):
    def __init__(self, dim, **layer_kwargs):
        super().__init__()
        self.a = Layer(dim, **layer_kwargs)
"""
    run = transpile(LAYER + code)
    for name, kwargs in (("A", "kwargs"), ("B", "layer_kwargs")):
        assert "super().__init__()\n" in run.definition(name)
        assert f"self.a = Layer(dim, **{kwargs})\n" in run.definition(name)


def test_kwargs_of_a_base_that_mean_something_else_are_not_handed_to_it(transpile):
    code = """\
class A(Layer):
    def __init__(self, dim, device=None, dtype=None, **kwargs):
        super().__init__(dim, device=device, dtype=dtype)
        self.a = Layer(dim, **kwargs)
"""
    assert "super().__init__(dim)\n" in generated(transpile, code, "A")


@pytest.mark.parametrize(
    ("signature", "after"),
    [
        ("dim, device=None, dtype=None", "dim, **kwargs"),
        ("dim, *, device=None", "dim, **kwargs"),
        ("dim, *, flag=False, device=None, dtype=None", "dim, *, flag=False, **kwargs"),
        ("dim, device=None, dtype=None, flag=False", "dim, flag=False, **kwargs"),
        ("dim, device=None, dtype=None,", "dim, **kwargs,"),
    ],
)
def test_signatures_of_constructors(transpile, signature, after):
    code = f"class A(nn.Module):\n    def __init__(self, {signature}):\n        super().__init__()\n"
    assert f"def __init__(self, {after}):" in generated(transpile, code, "A")


def test_a_signature_over_many_lines_keeps_its_form(transpile):
    code = "class A(Layer):\n    def __init__(\n            self,\n            dim: int,\n            device=None,\n            dtype=None,\n    ) -> None:\n        pass\n"
    assert (
        "    def __init__(\n            self,\n            dim: int,\n            **kwargs,\n    ) -> None:\n"
        in generated(transpile, code, "A")
    )


@pytest.mark.parametrize(
    ("signature", "after"),
    [
        ("dim, device=None", "dim"),
        ("device=None", ""),
        ("dim, device=None, flag=False", "dim, flag=False"),
        ("dim, *, device=None", "dim"),
        ("dim, *, device=None, flag=False", "dim, *, flag=False"),
        ("dim, /, device=None", "dim, /"),
    ],
)
def test_signatures_of_functions(transpile, signature, after):
    assert (
        generated(transpile, f"def f({signature}):\n    return Layer(3, device=device)\n", "f")
        == f"def f({after}):\n    return Layer(3)\n"
    )


@pytest.mark.parametrize(
    ("body", "signature", "after"),
    [
        ("return torch.arange(3, device=device, dtype=dtype)", "dtype=None", "return tf.range(3, dtype=dtype)"),
        ("return Layer(3, device=device, dtype=dtype)", "", "return Layer(3)"),
        ("if dtype is None:\n        return 1", "dtype=None", "if dtype is None:\n        return 1"),
    ],
)
def test_a_dtype_that_is_computed_with_stays(transpile, body, signature, after):
    assert (
        generated(transpile, f"def f(device=None, dtype=None):\n    {body}\n", "f")
        == f"def f({signature}):\n    {after}\n"
    )


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("g(3, x.device)", "g(3)"),
        ("g(3, x.device, 4)", "g(3, 4)"),
        ("g(3, flag=4, device=x.device)", "g(3, flag=4)"),
        ("torch.zeros(3, device=x.device, dtype=torch.int64)", "tf.zeros((3,), dtype=tf.int64)"),
        ("x.to(x.device)", "x"),
        ("x.to(device=x.device, dtype=torch.float32)", "tf.cast(x, tf.float32)"),
        ("x.cpu().contiguous()", "x"),
    ],
)
def test_devices_of_calls_go(transpile, call, after):
    code = f"def g(a, device=None, flag=None):\n    return a\n\ndef f(x: torch.Tensor):\n    return {call}\n"
    assert f"    return {after}\n" in generated(transpile, code, "f")


def test_a_dict_written_in_the_call_goes(transpile):
    code = "def f(device=None, dtype=None):\n    return Layer(3, **{'device': device, 'dtype': dtype})\n"
    assert generated(transpile, code, "f") == "def f():\n    return Layer(3)\n"


def test_a_dict_that_is_built_from_it_keeps_the_rest(transpile):
    code = "class A(nn.Module):\n    def __init__(self, device=None, dtype=None):\n        dd = {'device': device, 'dtype': dtype}\n        super().__init__()\n        self.a = Layer(**{'dim': 3, **dd})\n"
    assert "self.a = Layer(**{'dim': 3})\n" in generated(transpile, code, "A")


def test_a_device_that_is_never_given_is_none(transpile):
    code = """\
def f(x: torch.Tensor, device=None):
    if device is None:
        device = x.device
    if device is not None:
        x = x + 1
    return x
"""
    assert generated(transpile, code, "f") == "def f(x: tf.Tensor):\n    return x\n"


def test_a_dtype_that_is_handed_to_a_function_that_computes_with_it_stays(transpile):
    code = """\
def g(x: torch.Tensor, device=None, dtype=torch.float32):
    return x.to(dtype=dtype) if dtype == torch.float32 else x

def f(x: torch.Tensor, device=None, dtype=torch.float32):
    return g(x, device=device, dtype=dtype)
"""
    assert "def f(x: tf.Tensor, dtype=tf.float32):\n    return g(x, dtype=dtype)\n" == generated(transpile, code, "f")


def test_buffers_are_made_in_the_dtype_of_their_layer(transpile):
    code = """\
class A(nn.Module):
    def __init__(self, dim, device=None, dtype=None):
        super().__init__()
        self._create(dim, device, dtype)

    def _create(self, dim, device, dtype):
        self.register_buffer('bands', torch.empty(dim, device=device, dtype=dtype), persistent=False)
"""
    text = generated(transpile, code, "A")
    assert "self._create(dim)\n" in text
    assert (
        "def _create(self, dim):\n        self.register_buffer('bands', tf.zeros((dim,)), persistent=False)\n" in text
    )


def test_a_method_hands_its_dtype_to_one_of_a_base_class_that_computes_with_it(transpile):
    text = transpile("""
class Base(nn.Module):
    def make(self, n: int, device=None, dtype=None):
        return torch.ones(n, device=device, dtype=torch.float32 if dtype is None else dtype)


class Embed(Base):
    def build(self, n: int, device=None, dtype=None):
        return self.make(n, device=device, dtype=dtype)

    def forward(self, x: torch.Tensor):
        return x + self.build(3, dtype=x.dtype)
""").text()
    assert "def build(self, n: int, dtype=None):" in text
    assert "return self.make(n, dtype=dtype)" in text and "self.build(3, dtype=x.dtype)" in text


def test_a_dict_that_is_handed_to_a_method_has_nothing_in_it(transpile):
    code = """\
class A(nn.Module):
    def __init__(self, dim, device=None, dtype=None):
        dd = {'device': device, 'dtype': dtype}
        super().__init__()
        self.head = self._head(dim, dd)

    def _head(self, dim, options=None):
        return Layer(dim, **(options or {}))
"""
    text = generated(transpile, code, "A")
    assert "self.head = self._head(dim, {})" in text
    assert "return Layer(dim, **(options or {}))" in text
