"""Rows that make tensors, and random numbers."""

from __future__ import annotations

from dataclasses import replace

from ..kinds import PYTHON, Kind, Layout, Python, Tensor, Tuple
from .table import Argument, BoundCall, Case, Op, same
from .template import items_of, sizes_code

_DTYPES = {"torch.long": "int", "torch.int64": "int", "torch.int32": "int", "torch.int": "int", "torch.bool": "bool", "torch.uint8": "int", "torch.complex64": "complex"}
_NAMES = {"tf.int64": "int", "tf.int32": "int", "tf.bool": "bool", "tf.uint8": "int", "tf.complex64": "complex"}


def _dtype(call: BoundCall, default: str | None = "float") -> str | None:
    if not call.given("dtype"):
        return default
    code = call.one("dtype").code()
    return _DTYPES.get(code) or _NAMES.get(code) or ("float" if "float" in code else None)


def _certain_dtype(code: str) -> str:
    """A dtype argument as TensorFlow takes it: torch reads None, which a variable may hold, as the default dtype."""
    return code if code.startswith("tf.") or code.endswith(".dtype") else f"{code} or tf.float32"


def filled_kind(call: BoundCall) -> Kind:
    sizes, rank = call.sizes_literal("size"), items_of(call, "size")
    kind = Tensor(Layout.PLAIN, rank, _dtype(call))
    return replace(kind, per_channel=rank in (3, 4) and _is_per_channel(sizes))


def _is_per_channel(sizes: object) -> bool:
    """`(C, 1, 1)`, `(1, C, 1, 1)`"""
    if not isinstance(sizes, (tuple, list)) or tuple(sizes[-2:]) != (1, 1) or sizes[-3] == 1:
        return False
    return tuple(sizes[:-3]) in ((), (1,))


def filled(tf: str):  # type: ignore[no-untyped-def]
    """`torch.zeros(2, 3)`, `torch.zeros((2, 3))`, `torch.zeros(size)`: sizes in any of the three forms."""

    def code(call: BoundCall) -> str:
        sizes = call.arguments["size"]
        items = sizes if isinstance(sizes, tuple) else (sizes,)
        dtype = f", dtype={_certain_dtype(call.one('dtype').code())}" if call.given("dtype") else ""
        return f"{tf}({sizes_code(items)}{dtype})"

    return code


def _range(call: BoundCall) -> tuple[Argument, ...]:
    """Start, end and step, as far as they are given; after a keyword the ones before it must be there."""
    named = [call.one(name) for name in ("start", "end", "step") if call.given(name)]
    if call.given("end") and not (call.many("range") or call.given("start")):
        named.insert(0, Argument(PYTHON, 0, lambda: "0"))
    items = (*call.many("range"), *named)
    if call.given("step") and len(items) == 2:
        return (Argument(PYTHON, 0, lambda: "0"), *items)
    return items


def arange_code(call: BoundCall) -> str:
    numbers = [item.code() for item in _range(call)]
    if call.given("dtype"):
        dtype = f", dtype={call.one('dtype').code()}"
    elif _has_float(call):
        dtype = ", dtype=tf.float32"
    elif any("." in item.code() for item in _range(call)):
        return f"F.arange({', '.join(numbers)})"  # an attribute may be an int or a float
    else:
        dtype = ", dtype=tf.int64"
    return f"tf.range({', '.join(numbers)}{dtype})"


def arange_kind(call: BoundCall) -> Kind:
    return Tensor(Layout.PLAIN, 1, _dtype(call, "float" if _has_float(call) else "int"))


def _has_float(call: BoundCall) -> bool:
    """Whether a bound of a range is written as a float, or as one of those in `math`."""
    return any(isinstance(item.literal, float) or "math." in item.code() for item in _range(call))


def like_kind(call: BoundCall) -> Kind:
    kind = same(call)
    assert isinstance(kind, Tensor)
    return Tensor(kind.layout, kind.rank, _dtype(call, kind.dtype), False, kind.origin)


def new_kind(call: BoundCall) -> Kind:
    return Tensor(Layout.PLAIN, items_of(call, "size"), _dtype(call, call.tensor.dtype))


def new_filled(tf: str, value: bool = False):  # type: ignore[no-untyped-def]
    def code(call: BoundCall) -> str:
        sizes = call.arguments["size"]
        size = sizes_code(sizes if isinstance(sizes, tuple) else (sizes,))
        source = call.one("input").code()
        if value:
            return f"tf.cast(tf.fill({size}, {call.one('fill_value').code()}), {source}.dtype)"
        dtype = call.one("dtype").code() if call.given("dtype") else f"{source}.dtype"
        return f"{tf}({size}, dtype={dtype})"

    return code


def tensor_code(call: BoundCall) -> str:
    """Plain tf.convert_to_tensor where the dtype is certain: torch makes int64 of ints."""
    data = call.one("data")
    if call.given("dtype"):
        dtype = call.one("dtype").code()
        return f"tf.cast({data.code()}, {dtype})" if isinstance(data.kind, Tensor) else f"tf.convert_to_tensor({data.code()}, dtype={dtype})"
    kind = _literal_kind(data.literal)
    if kind is None and not isinstance(data.kind, Tensor):
        return f"F.tensor({data.code()})"
    return f"tf.convert_to_tensor({data.code()}{', dtype=tf.int64' if kind == 'int' else ''})"


def _literal_kind(value: object) -> str | None:
    """The dtype that torch gives a constant: bool, int or float; None when it is no constant."""
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if items and all(isinstance(item, (tuple, list)) for item in items):
        items = [part for item in items for part in item]  # type: ignore[union-attr]
    types = {type(item) for item in items}
    if not types or not types <= {bool, int, float}:
        return None
    return "float" if float in types else "int" if int in types else "bool"


def tensor_kind(call: BoundCall) -> Kind:
    data = call.one("data")
    if isinstance(data.kind, Tensor):
        return Tensor(Layout.PLAIN, data.kind.rank, _dtype(call, data.kind.dtype))
    is_row = isinstance(data.kind, Tuple) and all(isinstance(item, Python) for item in data.kind.items)
    rank = 1 if is_row else 0 if _literal_kind(data.literal) and not data.is_sequence else None
    return Tensor(Layout.PLAIN, rank, _dtype(call, _literal_kind(data.literal)))


def full_code(call: BoundCall) -> str:
    value = call.one("fill_value")
    code = f"tf.fill({sizes_code((call.one('size'),))}, {value.code()})"
    if call.given("dtype"):
        return f"tf.cast({code}, {call.one('dtype').code()})"
    return f"tf.cast({code}, tf.int64)" if _literal_kind(value.literal) == "int" else code


def full_kind(call: BoundCall) -> Kind:
    return Tensor(Layout.PLAIN, items_of(call, "size"), _dtype(call, _literal_kind(call.one("fill_value").literal)))


X = {"x": (2, 3, 4, 5)}
NONE: dict[str, object] = {}
ROWS = (
    Op("torch.zeros", "*size, dtype=None", filled("tf.zeros"), "plain", filled_kind, cases=(Case("torch.zeros(2, 3)", NONE), Case("torch.zeros((2, 3), dtype=torch.int64)", NONE))),
    Op("torch.ones", "*size, dtype=None", filled("tf.ones"), "plain", filled_kind, cases=(Case("torch.ones(2, 3)", NONE), Case("torch.ones([2])", NONE))),
    Op("torch.empty", "*size, dtype=None, memory_format=None", filled("tf.zeros"), "plain", filled_kind, note="memory that is filled later: zeros here",
       cases=(Case("torch.empty(2, 3).shape", NONE), Case("torch.empty((2, 3)).fill_(1.)", NONE))),
    Op("torch.full", "size, fill_value, *, dtype=None", full_code, "plain", full_kind, cases=(Case("torch.full((2, 3), 1.5)", NONE), Case("torch.full((2,), 7)", NONE), Case("torch.full((2,), 1, dtype=torch.float32)", NONE))),
    Op("torch.eye", "n, m=None, *, dtype=None", "tf.eye({n}<, {m}><, dtype={dtype}>)", "plain", lambda c: Tensor(Layout.PLAIN, 2, _dtype(c)), cases=(Case("torch.eye(3)", NONE), Case("torch.eye(2, 4, dtype=torch.int64)", NONE))),
    Op("torch.arange", "*range, start=None, end=None, step=None, dtype=None", arange_code, "plain", arange_kind,
       cases=(Case("torch.arange(5)", NONE), Case("torch.arange(1, 7, 2)", NONE), Case("torch.arange(-1.5, 2.0, 0.5)", NONE), Case("torch.arange(4, dtype=torch.float32)", NONE), Case("torch.arange(0, 7, step=2)", NONE), Case("torch.arange(x.shape[0])", X), Case("torch.arange(-math.pi, math.pi)", NONE))),
    Op("torch.linspace", "start, end, steps, *, dtype=None", "F.linspace({start}, {end}, {steps}<, dtype={dtype}>)", "plain", lambda c: Tensor(Layout.PLAIN, 1, "float"),
       cases=(Case("torch.linspace(0, 0.5, 7)", NONE), Case("torch.linspace(0, 1, 1)", NONE))),
    Op("torch.tensor", "data, *, dtype=None", tensor_code, "plain", tensor_kind, also=("torch.as_tensor",),
       cases=(Case("torch.tensor([1.0, 2.0])", NONE), Case("torch.tensor([[1, 2]])", NONE), Case("torch.tensor(True)", NONE), Case("torch.tensor([n for n in range(3)])", NONE),
              Case("torch.tensor([len(x.shape), 1.5])", {"x": (2, 3)}), Case("torch.as_tensor(x, dtype=torch.float64)", {"x": (2, 3)}), Case("torch.tensor(math.pi)", NONE), Case("torch.tensor(3.5, dtype=torch.float32)", NONE))),
    Op("torch.Tensor", "data", "tf.convert_to_tensor({data}, dtype=tf.float32)", "plain", lambda c: Tensor(dtype="float"), cases=(Case("torch.Tensor([1, 2])", NONE),)),
    Op("torch.from_numpy", "ndarray", "tf.convert_to_tensor({ndarray})", "plain", lambda c: Tensor(), cases=(Case("torch.from_numpy(x.numpy())", {"x": (2, 3)}, graph=False),)),
    Op("torch.zeros_like", "input, *, dtype=None", "tf.zeros_like({input}<, dtype={dtype}>)", "any", like_kind, cases=(Case("torch.zeros_like(x)", X, image=True), Case("torch.zeros_like(x, dtype=torch.bool)", X, image=True))),
    Op("torch.ones_like", "input, *, dtype=None", "tf.ones_like({input}<, dtype={dtype}>)", "any", like_kind, cases=(Case("torch.ones_like(x)", X, image=True),)),
    Op("torch.empty_like", "input, *, dtype=None", "tf.zeros_like({input}<, dtype={dtype}>)", "any", like_kind, cases=(Case("torch.empty_like(x).shape", {"x": (2, 3)}),)),
    Op("torch.full_like", "input, fill_value", "F.full_like({input}, {fill_value})", "any", same, cases=(Case("torch.full_like(x, 2.)", X, image=True),)),
    Op("torch.Tensor.new_zeros", "input, *size", new_filled("tf.zeros"), "any", new_kind, cases=(Case("x.new_zeros(3, 2)", {"x": (2, 3)}), Case("x.new_zeros((x.shape[0], 1))", {"x": (2, 3)}))),
    Op("torch.Tensor.new_ones", "input, *size, dtype=None", new_filled("tf.ones"), "any", new_kind, cases=(Case("x.new_ones((3,))", {"x": (2, 3)}), Case("x.new_ones((3, 2), dtype=torch.bool)", {"x": (2, 3)}))),
    Op("torch.Tensor.new_empty", "input, *size", new_filled("tf.zeros"), "any", new_kind, cases=(Case("x.new_empty((3, 1)).shape", {"x": (2, 3)}),)),
    Op("torch.Tensor.new_full", "input, size, fill_value", new_filled("", value=True), "any", new_kind, cases=(Case("x.new_full((2, 2), float('-inf'))", {"x": (2, 3)}),)),
    Op("torch.rand", "*size, dtype=None", filled("F.rand"), "plain", filled_kind, cases=(Case("torch.rand(2, 3).shape", NONE),)),
    Op("torch.randn", "*size, dtype=None", filled("F.randn"), "plain", filled_kind, cases=(Case("torch.randn(2, 3).shape", NONE),)),
    Op("torch.randperm", "n, *, dtype=None", "F.randperm({n}<, dtype={dtype}>)", "plain", lambda c: Tensor(Layout.PLAIN, 1, _dtype(c, "int")), cases=(Case("torch.randperm(5).sort()[0]", NONE),)),
    Op("torch.randint", "low, high, size, *, dtype=None", "F.randint({low}, {high}, {size}<, dtype={dtype}>)", "plain", lambda c: Tensor(Layout.PLAIN, items_of(c, "size"), _dtype(c, "int")),
       cases=(Case("torch.randint(3, 4, (2, 5))", NONE), Case("torch.randint(0, 1, (1,))", NONE))),
    Op("torch.Tensor.bernoulli_", "input, p=0.5", "F.bernoulli_like({input}<, {p}>)", "any", same, inplace=True, cases=(Case("x.clone().bernoulli_(1.0)", X, image=True),)),
    Op("torch.Tensor.normal_", "input, mean=0., std=1.", "F.normal_like({input}<, mean={mean}><, stddev={std}>)", "any", same, inplace=True, cases=(Case("x.clone().normal_().shape", {"x": (2, 3)}),)),
    Op("torch.Tensor.uniform_", "input, from=0., to=1.", "F.uniform_like({input}<, {from}><, {to}>)", "any", same, inplace=True, cases=(Case("x.clone().uniform_(0., 1.).shape", {"x": (2, 3)}),)),
)
