"""Rows for elementwise mathematics, reductions, casts and comparisons."""

from __future__ import annotations

from ..kinds import PYTHON, Kind, Layout, Sequence, Tensor, Tuple
from .table import BoundCall, Case, Op, Refusal, plain_of_rank, python, same, with_dtype
from .template import axis_code, items_of

X = {"x": (2, 3, 4)}
IMAGE = {"x": (2, 3, 4, 5)}
XY = {"x": (2, 3, 4), "y": (2, 3, 4)}


def elementwise(name: str, tf: str, *, method: bool = True, function: bool = True, example: str | None = None) -> Op:
    """A one-argument elementwise function that exists as `torch.name`, as a method, or both."""
    names = ([f"torch.Tensor.{name}"] if method else []) + ([f"torch.{name}"] if function else [])
    code = example or (f"x.{name}()" if method else f"torch.{name}(x)")
    return Op(names[0], "input", tf, "any", same, also=tuple(names[1:]), cases=(Case(code, X, gradient=True),))


def reduced(call: BoundCall) -> Kind:
    """A reduction: the rank falls by the reduced axes unless keepdim is given."""
    tensor = same(call)
    assert isinstance(tensor, Tensor)
    if call.given("keepdim"):
        keep = call.one("keepdim")
        if not keep.is_literal:
            return Tensor(Layout.PLAIN, None, tensor.dtype)
        if keep.literal:
            return tensor
    if not call.given("dim"):
        return Tensor(Layout.PLAIN, 0, tensor.dtype)
    count = items_of(call, "dim")
    rank = None if tensor.rank is None or count is None else tensor.rank - count
    return Tensor(Layout.PLAIN, rank, tensor.dtype)


def extreme(tf: str):  # type: ignore[no-untyped-def]
    """torch's max/min: over everything, of two tensors, or with indices along one axis (which is refused)."""

    def code(call: BoundCall) -> str:
        source = call.one("input").code()
        if not call.given("dim"):
            return f"tf.reduce_{tf}({source})"
        if isinstance(call.one("dim").kind, Tensor):
            return f"tf.{tf}imum({source}, {call.one('dim').code()})"
        return f"F.{tf}_with_indices({source}, {axis_code(call, 'dim')})"

    return code


def extreme_kind(call: BoundCall) -> Kind:
    if not call.given("dim"):
        return Tensor(Layout.PLAIN, 0, call.tensor.dtype)
    if isinstance(call.one("dim").kind, Tensor):
        return same(call)
    reduced_kind = reduced(call)
    return Tuple((reduced_kind, with_dtype("int", lambda c: reduced_kind)(call)))


def cast_code(call: BoundCall) -> str:
    """`x.to(...)`: a cast when a dtype is given; a device alone changes nothing."""
    source = call.one("input").code()
    if not call.given("dtype"):
        return source
    target = call.one("dtype")
    if isinstance(target.kind, Tensor):
        return f"tf.cast({source}, {target.code()}.dtype)"
    return f"tf.cast({source}, {target.code()})"


def clamp_code(call: BoundCall) -> str:
    source = call.one("input").code()
    low, high = call.given("min"), call.given("max")
    if low and high:
        return f"tf.clip_by_value({source}, {call.one('min').code()}, {call.one('max').code()})"
    if low:
        return f"tf.maximum({source}, {call.one('min').code()})"
    if high:
        return f"tf.minimum({source}, {call.one('max').code()})"
    raise Refusal("clamp without min and max")


def variance_code(name: str):  # type: ignore[no-untyped-def]
    def code(call: BoundCall) -> str:
        parts = [call.one("input").code()]
        if call.given("dim"):
            parts.append(f"axis={axis_code(call, 'dim')}")
        for option in ("unbiased", "correction"):
            if call.given(option) or option in call.arguments:
                parts.append(f"{option}={call.one(option).code()}")
        if call.given("keepdim"):
            parts.append(f"keepdims={call.one('keepdim').code()}")
        return f"F.{name}({', '.join(parts)})"

    return code


ROWS = (
    elementwise("exp", "tf.exp({input})"),
    elementwise("sqrt", "tf.sqrt({input})", example="x.abs().sqrt()"),
    elementwise("rsqrt", "tf.math.rsqrt({input})", example="(x.abs() + 1).rsqrt()"),
    elementwise("square", "tf.square({input})"),
    elementwise("sin", "tf.sin({input})"),
    elementwise("cos", "tf.cos({input})"),
    elementwise("tanh", "tf.tanh({input})"),
    elementwise("sigmoid", "tf.sigmoid({input})"),
    elementwise("abs", "tf.abs({input})"),
    elementwise("sign", "tf.sign({input})"),
    elementwise("log", "tf.math.log({input})", example="x.abs().log()"),
    elementwise("log2", "F.log2({input})", example="(x.abs() + 0.1).log2()"),
    elementwise("floor", "tf.floor({input})"),
    elementwise("ceil", "tf.math.ceil({input})"),
    elementwise("round", "tf.round({input})"),
    elementwise("erf", "tf.math.erf({input})"),
    elementwise("neg", "tf.negative({input})"),
    elementwise("reciprocal", "tf.math.reciprocal({input})", example="(x.abs() + 1).reciprocal()"),
    Op("torch.Tensor.clone", "input", "tf.identity({input})", "any", same, also=("torch.clone",), cases=(Case("x.clone()", X),)),
    Op("torch.Tensor.detach", "input", "tf.stop_gradient({input})", "any", same, cases=(Case("x.detach()", X),)),
    Op("torch.Tensor.add", "input, other, *, alpha=None", "{input} + {other}< * {alpha}>", "any", same, also=("torch.add",),
       cases=(Case("x.add(y)", XY, gradient=True), Case("x.add(y, alpha=2)", XY))),
    Op("torch.Tensor.sub", "input, other", "{input} - {other}", "any", same, also=("torch.sub",), cases=(Case("x.sub(y)", XY),)),
    Op("torch.Tensor.mul", "input, other", "{input} * {other}", "any", same, also=("torch.mul", "torch.multiply"), cases=(Case("x.mul(y)", XY, gradient=True),)),
    Op("torch.Tensor.div", "input, other", "{input} / {other}", "any", same, also=("torch.div",), cases=(Case("x.div(2.)", X, gradient=True),)),
    Op("torch.Tensor.pow", "input, exponent", "tf.pow({input}, {exponent})", "any", same, also=("torch.pow",), cases=(Case("x.pow(2)", X, gradient=True),)),
    Op("torch.addcmul", "input, tensor1, tensor2, *, value=None", "{input} + <{value} * >{tensor1} * {tensor2}", "any", same,
       cases=(Case("torch.addcmul(x, y, y, value=0.5)", XY, gradient=True),)),
    Op("torch.maximum", "input, other", "tf.maximum({input}, {other})", "any", same, cases=(Case("torch.maximum(x, y)", XY),)),
    Op("torch.minimum", "input, other", "tf.minimum({input}, {other})", "any", same, cases=(Case("torch.minimum(x, y)", XY),)),
    Op("torch.Tensor.clamp", "input, min=None, max=None", clamp_code, "any", same, also=("torch.clamp",),
       cases=(Case("x.clamp(-0.5, 0.5)", X, gradient=True), Case("x.clamp(0)", X), Case("torch.clamp(x, max=0.3)", X), Case("x.clamp(min=-0.1)", X))),
    Op("torch.where", "condition, input, other", "tf.where({condition}, {input}, {other})", "any", lambda c: same(BoundCall(c.name, {"input": c.arguments["input"]}, c.layout)),
       cases=(Case("torch.where(x > 0, x, y)", XY, gradient=True),)),
    Op("torch.Tensor.masked_fill", "input, mask, value", "F.masked_fill({input}, {mask}, {value})", "any", same,
       cases=(Case("x.masked_fill(x > 0, -100.0)", X, gradient=True), Case("x.masked_fill(m, float('-inf'))", {"x": (2, 3), "m": ((2, 3), "bool")}))),
    Op("torch.Tensor.logical_not", "input", "tf.logical_not({input})", "any", with_dtype("bool"), also=("torch.logical_not",),
       cases=(Case("torch.logical_not(m)", {"m": ((2, 3), "bool")}),)),
    Op("torch.Tensor.matmul", "input, other", "tf.matmul({input}, {other})", "plain", same, also=("torch.matmul", "torch.bmm"),
       cases=(Case("x.matmul(y)", {"x": (2, 3, 4), "y": (2, 4, 5)}, gradient=True),)),
    Op("torch.einsum", "equation, *operands", "tf.einsum({equation}, {operands:list})", "plain", lambda c: Tensor(Layout.PLAIN),
       cases=(Case("torch.einsum('bij,bjk->bik', x, y)", {"x": (2, 3, 4), "y": (2, 4, 5)}, gradient=True),)),
    # reductions
    Op("torch.Tensor.sum", "input, dim=None, keepdim=None", "tf.reduce_sum({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", reduced, also=("torch.sum",),
       cases=(Case("x.sum(-1)", X, gradient=True), Case("x.sum()", X), Case("x.sum(dim=(1, 2), keepdim=True)", IMAGE), Case("x.sum(dim=1)", IMAGE, image=True))),
    Op("torch.Tensor.mean", "input, dim=None, keepdim=None", "tf.reduce_mean({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", reduced, also=("torch.mean",),
       cases=(Case("x.mean(dim=1)", X, gradient=True), Case("x.mean((2, 3))", IMAGE, image=True), Case("x.mean(1, keepdim=True)", IMAGE, image=True))),
    Op("torch.Tensor.amax", "input, dim=None, keepdim=None", "tf.reduce_max({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", reduced, also=("torch.amax",),
       cases=(Case("x.amax(dim=1)", X, gradient=True), Case("x.amax((2, 3))", IMAGE, image=True))),
    Op("torch.Tensor.amin", "input, dim=None, keepdim=None", "tf.reduce_min({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", reduced, also=("torch.amin",),
       cases=(Case("x.amin(1)", X),)),
    Op("torch.Tensor.max", "input, dim=None", extreme("max"), "axis", extreme_kind, also=("torch.max",), cases=(Case("x.max()", X), Case("torch.max(x, y)", XY))),
    Op("torch.Tensor.min", "input, dim=None", extreme("min"), "axis", extreme_kind, also=("torch.min",), cases=(Case("x.min()", X),)),
    Op("torch.Tensor.prod", "input, dim=None, keepdim=None", "tf.reduce_prod({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", reduced, also=("torch.prod",),
       cases=(Case("x.prod(1)", X),)),
    Op("torch.Tensor.all", "input, dim=None, keepdim=None", "tf.reduce_all({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", with_dtype("bool", reduced),
       cases=(Case("m.all(1)", {"m": ((2, 3), "bool")}),)),
    Op("torch.Tensor.any", "input, dim=None, keepdim=None", "tf.reduce_any({input}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", with_dtype("bool", reduced),
       cases=(Case("m.any()", {"m": ((2, 3), "bool")}),)),
    Op("torch.Tensor.var", "input, dim=None, unbiased=None, keepdim=None, *, correction=None", variance_code("var"), "axis", reduced, also=("torch.var",),
       cases=(Case("x.var(dim=1)", X, gradient=True), Case("torch.var(x, dim=-1, keepdim=True, unbiased=False)", X))),
    Op("torch.Tensor.std", "input, dim=None, unbiased=None, keepdim=None, *, correction=None", variance_code("std"), "axis", reduced, also=("torch.std",),
       cases=(Case("x.std(dim=1)", X),)),
    Op("torch.var_mean", "input, dim=None, unbiased=None, keepdim=None, *, correction=None", variance_code("var_mean"), "axis",
       lambda c: Tuple((reduced(c), reduced(c))), cases=(Case("torch.var_mean(x, dim=1, unbiased=False, keepdim=True)[0]", X),)),
    Op("torch.Tensor.norm", "input, p=None, dim=None, keepdim=None", "tf.norm({input}, ord={p}<, axis={dim:axis}><, keepdims={keepdim}>)", "axis", reduced,
       cases=(Case("x.norm(p=2, dim=1, keepdim=True)", X),)),
    Op("torch.Tensor.cumsum", "input, dim", "tf.cumsum({input}, axis={dim:axis})", "axis", same, also=("torch.cumsum",), cases=(Case("x.cumsum(1)", X),)),
    Op("torch.Tensor.argmax", "input, dim=None", "tf.argmax({input}<, axis={dim:axis}>)", "axis", with_dtype("int", reduced), also=("torch.argmax",), cases=(Case("x.argmax(1)", X),)),
    Op("torch.argsort", "input, dim=-1", "tf.argsort({input}<, axis={dim}>)", "plain", with_dtype("int"), also=("torch.Tensor.argsort",), cases=(Case("torch.argsort(x, dim=-1)", X),)),
    Op("torch.Tensor.sort", "input, dim=-1", "F.sort_with_indices({input}<, {dim}>)", "plain", lambda c: Tuple((same(c), with_dtype("int")(c))), also=("torch.sort",),
       cases=(Case("x.sort(dim=-1)[0]", X),)),
    Op("torch.Tensor.softmax", "input, dim, dtype=None", "F.softmax({input}, axis={dim:axis})", "axis", same, also=("torch.softmax", "torch.nn.functional.softmax"),
       cases=(Case("x.softmax(dim=-1)", X, gradient=True), Case("x.softmax(1)", IMAGE, image=True))),
    Op("torch.Tensor.log_softmax", "input, dim", "tf.nn.log_softmax({input}, axis={dim:axis})", "axis", same, also=("torch.log_softmax", "torch.nn.functional.log_softmax"),
       cases=(Case("x.log_softmax(dim=-1)", X),)),
    # casts
    Op("torch.Tensor.to", "input, dtype=None, *, copy=None", cast_code, "any", same, cases=(Case("x.to(torch.float64)", X), Case("x.to(dtype=torch.int64)", X))),
    Op("torch.Tensor.type_as", "input, other", "tf.cast({input}, {other}.dtype)", "any", same, cases=(Case("x.type_as(y)", XY),)),
    Op("torch.Tensor.float", "input", "tf.cast({input}, tf.float32)", "any", with_dtype("float"), cases=(Case("i.float()", {"i": ((2, 3), "int64")}),)),
    Op("torch.Tensor.double", "input", "tf.cast({input}, tf.float64)", "any", with_dtype("float"), cases=(Case("x.double()", X),)),
    Op("torch.Tensor.long", "input", "tf.cast({input}, tf.int64)", "any", with_dtype("int"), cases=(Case("(x * 10).long()", X),)),
    Op("torch.Tensor.int", "input", "tf.cast({input}, tf.int32)", "any", with_dtype("int"), cases=(Case("(x * 10).int()", X),)),
    Op("torch.Tensor.bool", "input", "tf.cast({input}, tf.bool)", "any", with_dtype("bool"), cases=(Case("x.bool()", X),)),
    # questions
    Op("torch.Tensor.dim", "input", "{input}.ndim", "any", python, cases=(Case("x.dim()", X),)),
    Op("torch.Tensor.numel", "input", "F.numel({input})", "any", python, cases=(Case("x.numel()", X),)),
    Op("torch.Tensor.item", "input", "float({input})", "any", python, cases=(Case("x.sum().item()", X),), note="for values known while the model is built"),
    Op("torch.Tensor.tolist", "input", "F.to_list({input})", "any", lambda c: Sequence(PYTHON), cases=(Case("x.tolist()", {"x": (3,)}),)),
    Op("torch.Tensor.numpy", "input", "{input}.numpy()", "any", python, cases=(Case("x.numpy()", X),)),
    Op("torch.is_tensor", "obj", "tf.is_tensor({obj})", "any", python, cases=(Case("torch.is_tensor(x)", X),)),
    Op("torch.Tensor.is_floating_point", "input", "{input}.dtype.is_floating", "any", python, also=("torch.is_floating_point",), cases=(Case("x.is_floating_point()", X),)),
    # in-place arithmetic
    *(
        Op(f"torch.Tensor.{name}_", "input, other", f"{{input}} {sign} {{other}}", "any", same, inplace=True,
           cases=(Case(f"x.clone().{name}_(y)", XY),))
        for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/"))
    ),
    Op("torch.Tensor.sigmoid_", "input", "tf.sigmoid({input})", "any", same, inplace=True, cases=(Case("x.clone().sigmoid_()", X),)),
    Op("torch.Tensor.tanh_", "input", "tf.tanh({input})", "any", same, inplace=True, cases=(Case("x.clone().tanh_()", X),)),
    Op("torch.Tensor.relu_", "input", "tf.nn.relu({input})", "any", same, inplace=True, cases=(Case("x.clone().relu_()", X),)),
    Op("torch.Tensor.clamp_", "input, min=None, max=None", clamp_code, "any", same, inplace=True, cases=(Case("x.clone().clamp_(min=0.)", X),)),
    Op("torch.Tensor.zero_", "input", "tf.zeros_like({input})", "any", same, inplace=True, cases=(Case("x.clone().zero_()", X),)),
    Op("torch.Tensor.fill_", "input, value", "tf.fill(ops.shape({input}), {value})", "any", same, inplace=True, cases=(Case("x.clone().fill_(2.)", X),)),
    Op("torch.Tensor.masked_fill_", "input, mask, value", "F.masked_fill({input}, {mask}, {value})", "any", same, inplace=True,
       cases=(Case("x.clone().masked_fill_(x > 0, 1.5)", X),)),
    Op("torch.Tensor.triu_", "input, diagonal=0", "F.triu({input}<, {diagonal}>)", "plain", same, inplace=True, cases=(Case("x.clone().triu_(1)", {"x": (4, 4)}),)),
    Op("torch.Tensor.triu", "input, diagonal=0", "F.triu({input}<, {diagonal}>)", "plain", same, also=("torch.triu",), cases=(Case("torch.triu(x, 1)", {"x": (4, 4)}),)),
    Op("torch.Tensor.tril", "input, diagonal=0", "F.tril({input}<, {diagonal}>)", "plain", same, also=("torch.tril",), cases=(Case("torch.tril(x)", {"x": (4, 4)}),)),
    Op("torch.linalg.pinv", "A", "tf.linalg.pinv({A})", "plain", same, cases=(Case("torch.linalg.pinv(x)", {"x": (5, 3)}),)),
    Op("torch.linalg.inv", "A", "tf.linalg.inv({A})", "plain", same, cases=(Case("torch.linalg.inv(x + 3 * torch.eye(3))", {"x": (3, 3)}),)),
)

__all__ = ["ROWS", "plain_of_rank"]
