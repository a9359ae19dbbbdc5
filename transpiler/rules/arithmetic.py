"""Rows for elementwise mathematics, products of matrices and casts."""

from __future__ import annotations

from ..kinds import PYTHON, Kind, Layout, Sequence, Tensor
from .products import matrix_product
from .table import BoundCall, Case, Op, Refusal, broadcast, plain_of_rank, python, same, with_dtype
from .template import fill, parenthesize

X = {"x": (2, 3, 4)}
IMAGE = {"x": (2, 3, 4, 5)}
XY = {"x": (2, 3, 4, 5), "y": (2, 3, 4, 5)}


def elementwise(name: str, tf: str, *, method: bool = True, function: bool = True, example: str | None = None, gradient: bool = True) -> Op:
    """A one-argument elementwise function that exists as `torch.name`, as a method, or both."""
    names = ([f"torch.Tensor.{name}"] if method else []) + ([f"torch.{name}"] if function else [])
    code = example or (f"x.{name}()" if method else f"torch.{name}(x)")
    return Op(names[0], "input", tf, "any", same, also=tuple(names[1:]), cases=(Case(code, IMAGE, gradient=gradient, image=True),))


def arithmetic(name: str, sign: str, *also: str, alpha: bool = False) -> Op:
    """`torch.add` and the like: an operator in Python, which broadcasts as in torch."""
    params, template = "input, other", f"{{input}} {sign} {{other}}"
    cases = [Case(f"x.{name}(y)", XY, gradient=True, image=True), Case(f"x.{name}(2.0)", X), Case(f"torch.{name}(y, x)", {"x": (2, 3, 4), "y": (4,)})]
    if alpha:
        params, template = f"{params}, *, alpha=None", f"{template}< * {{alpha}}>"
        cases.append(Case(f"x.{name}(y, alpha=2)", XY))
    return Op(f"torch.Tensor.{name}", params, template, "any", broadcast, also=(f"torch.{name}", *also), cases=tuple(cases))


def div_code(call: BoundCall) -> str:
    mode = call.literal("rounding_mode")
    if mode not in (None, "floor"):
        raise Refusal(f"{call.name} with rounding_mode={mode!r}", "extend the row in transpiler/rules")
    return fill("{input} // {other}" if mode else "{input} / {other}", call)


def cast_code(call: BoundCall) -> str:
    """`x.to(...)`: a cast when a dtype is given; a device alone changes nothing."""
    source = call.one("input").code()
    if not call.given("dtype"):
        return source
    target = call.one("dtype")
    if isinstance(target.kind, Tensor):
        return f"tf.cast({source}, {target.code()}.dtype)"
    return f"tf.cast({source}, {target.code()})"


def type_code(call: BoundCall) -> str:
    return cast_code(call) if call.given("dtype") else f"{parenthesize(call.one('input').code())}.dtype"


def type_kind(call: BoundCall) -> Kind:
    return same(call) if call.given("dtype") else PYTHON


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


def where_kind(call: BoundCall) -> Kind:
    """What condition, input and other broadcast to, with the dtype of the last two."""
    values = {name: call.arguments[name] for name in ("input", "other")}
    dtype = broadcast(BoundCall(call.name, values, call.layout))
    whole = broadcast(call)
    assert isinstance(dtype, Tensor) and isinstance(whole, Tensor)
    return Tensor(whole.layout, whole.rank, dtype.dtype, False, whole.origin)


def matmul_code(call: BoundCall) -> str:
    left, right = (call.one(name).code() for name in call.arguments)
    return matrix_product(left, right)


def matmul_kind(call: BoundCall) -> Kind:
    found = broadcast(call)
    assert isinstance(found, Tensor)
    return Tensor(Layout.PLAIN, found.rank, found.dtype)


def einsum_kind(call: BoundCall) -> Kind:
    """The rank is the number of letters after the arrow."""
    equation = call.literal("equation") if call.one("equation").is_literal else None
    _, arrow, result = equation.partition("->") if isinstance(equation, str) else ("", "", "")
    rank = len(result.replace(" ", "")) if arrow and "." not in result else None
    return Tensor(Layout.PLAIN, rank, call.tensor.dtype)


def transposed_kind(call: BoundCall) -> Kind:
    return Tensor(Layout.PLAIN, call.tensor.rank, call.tensor.dtype)


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
    elementwise("floor", "tf.floor({input})", gradient=False),
    elementwise("ceil", "tf.math.ceil({input})", gradient=False),
    elementwise("round", "tf.round({input})", gradient=False),
    elementwise("erf", "tf.math.erf({input})"),
    elementwise("neg", "tf.negative({input})"),
    elementwise("reciprocal", "tf.math.reciprocal({input})", example="(x.abs() + 1).reciprocal()"),
    Op("torch.Tensor.clone", "input, *, memory_format=None", "tf.identity({input})", "any", same, also=("torch.clone",), cases=(Case("x.clone()", X), Case("x.clone(memory_format=torch.contiguous_format)", X))),
    Op("torch.Tensor.detach", "input", "tf.stop_gradient({input})", "any", same, cases=(Case("x.detach()", X),)),
    arithmetic("add", "+", alpha=True),
    arithmetic("sub", "-"),
    arithmetic("mul", "*", "torch.multiply"),
    Op("torch.Tensor.div", "input, other, *, rounding_mode=None", div_code, "any", broadcast, also=("torch.div",),
       cases=(Case("x.div(y)", XY, gradient=True, image=True), Case("x.div(2.0)", X), Case("torch.div(y, x)", {"x": (2, 3, 4), "y": (4,)}),
              Case("torch.div(x, 0.7, rounding_mode='floor')", X), Case("torch.div(i, 2, rounding_mode='floor')", {"i": ((2, 3), "int64")}))),
    Op("torch.Tensor.pow", "input, exponent", "tf.pow({input}, {exponent})", "any", broadcast, also=("torch.pow",),
       cases=(Case("x.pow(2)", IMAGE, gradient=True, image=True), Case("x.abs().pow(0.5)", X), Case("torch.pow(10000.0, x)", X))),
    Op("torch.addcmul", "input, tensor1, tensor2, *, value=None", "{input} + <{value} * >{tensor1} * {tensor2}", "any", broadcast,
       cases=(Case("torch.addcmul(x, y, y, value=0.5)", XY, gradient=True, image=True), Case("torch.addcmul(x, y + 1, x - y)", XY))),
    Op("torch.maximum", "input, other", "tf.maximum({input}, {other})", "any", broadcast, cases=(Case("torch.maximum(x, y)", XY, image=True),)),
    Op("torch.minimum", "input, other", "tf.minimum({input}, {other})", "any", broadcast, cases=(Case("torch.minimum(x, y)", XY, image=True),)),
    Op("torch.Tensor.clamp", "input, min=None, max=None", clamp_code, "any", same, also=("torch.clamp",),
       cases=(Case("x.clamp(-0.5, 0.5)", IMAGE, gradient=True, image=True), Case("x.clamp(0)", X), Case("torch.clamp(x, max=0.3)", X), Case("x.clamp(min=-0.1)", X))),
    Op("torch.where", "condition, input, other", "tf.where({condition}, {input}, {other})", "any", where_kind,
       cases=(Case("torch.where(x > 0, x, y)", XY, gradient=True, image=True), Case("torch.where(x > 0, x, 0.0)", IMAGE, image=True), Case("torch.where(x > 0, 1.0, x)", X),
              Case("torch.where(m, x, y)", {"m": ((3, 1), "bool"), "x": (2, 3, 4), "y": (4,)}))),
    Op("torch.Tensor.masked_fill", "input, mask, value", "F.masked_fill({input}, {mask}, {value})", "any", same,
       cases=(Case("x.masked_fill(x > 0, -100.0)", IMAGE, gradient=True, image=True), Case("x.masked_fill(m, float('-inf'))", {"x": (2, 3), "m": ((2, 3), "bool")}))),
    Op("torch.Tensor.logical_not", "input", "tf.logical_not({input})", "any", with_dtype("bool"), also=("torch.logical_not",),
       cases=(Case("torch.logical_not(m)", {"m": ((2, 3), "bool")}),)),
    Op("torch.Tensor.matmul", "input, other", matmul_code, "plain", matmul_kind, also=("torch.matmul",),
       cases=(Case("x.matmul(y)", {"x": (2, 3, 4), "y": (2, 4, 5)}, gradient=True), Case("x.matmul(y)", {"x": (3, 4), "y": (2, 4, 5)}), Case("x.matmul(y)", {"x": (2, 3, 4, 5), "y": (5, 2)}),
              Case("x.matmul(y.transpose(-2, -1))", {"x": (2, 3, 4, 5), "y": (2, 1, 6, 5)}, gradient=True))),
    Op("torch.bmm", "input, mat2", matmul_code, "plain", matmul_kind,
       cases=(Case("torch.bmm(x, y)", {"x": (2, 3, 4), "y": (2, 4, 5)}, gradient=True),)),
    Op("torch.einsum", "equation, *operands", "tf.einsum({equation}, {operands:list})", "plain", einsum_kind,
       cases=(Case("torch.einsum('bij,bjk->bik', x, y)", {"x": (2, 3, 4), "y": (2, 4, 5)}, gradient=True), Case("torch.einsum('bchw,cd->bdhw', x, y)", {"x": (2, 3, 4, 5), "y": (3, 6)}),
              Case("torch.einsum('...ij,...jk->...ik', x, y)", {"x": (2, 3, 4), "y": (2, 4, 5)}))),
    # casts
    Op("torch.Tensor.to", "input, dtype=None, *, copy=None", cast_code, "any", same, cases=(Case("x.to(torch.float64)", X), Case("x.to(dtype=torch.int64)", X))),
    Op("torch.Tensor.type", "input, dtype=None", type_code, "any", type_kind, cases=(Case("x.type(torch.float64)", X), Case("x.type(i.type())", {"x": (2, 3), "i": ((2, 3), "int64")})),
       note="without a dtype it gives the tensor's, where torch names it"),
    Op("torch.Tensor.type_as", "input, other", "tf.cast({input}, {other}.dtype)", "any", same, cases=(Case("x.type_as(y)", XY),)),
    Op("torch.Tensor.float", "input", "tf.cast({input}, tf.float32)", "any", with_dtype("float"), cases=(Case("i.float()", {"i": ((2, 3), "int64")}),)),
    Op("torch.Tensor.double", "input", "tf.cast({input}, tf.float64)", "any", with_dtype("float"), cases=(Case("x.double()", X),)),
    Op("torch.Tensor.long", "input", "tf.cast({input}, tf.int64)", "any", with_dtype("int"), cases=(Case("(x * 10).long()", X),)),
    Op("torch.Tensor.int", "input", "tf.cast({input}, tf.int32)", "any", with_dtype("int"), cases=(Case("(x * 10).int()", X),)),
    Op("torch.Tensor.bool", "input", "tf.cast({input}, tf.bool)", "any", with_dtype("bool"), cases=(Case("x.bool()", X),)),
    # questions
    Op("torch.Tensor.dim", "input", "{input}.ndim", "any", python, cases=(Case("x.dim()", X),)),
    Op("torch.Tensor.numel", "input", "F.numel({input})", "any", python, cases=(Case("x.numel()", X),)),
    Op("torch.Tensor.item", "input", "float({input})", "any", python, cases=(Case("x.sum().item()", X, graph=False),), note="for values known while the model is built"),
    Op("torch.Tensor.tolist", "input", "F.to_list({input})", "any", lambda c: Sequence(PYTHON), cases=(Case("x.tolist()", {"x": (3,)}), Case("x.tolist()", {"x": (2, 3)}, graph=False))),
    Op("torch.Tensor.numpy", "input", "{input}.numpy()", "any", python, cases=(Case("x.numpy()", X, graph=False),)),
    Op("torch.is_tensor", "obj", "tf.is_tensor({obj})", "any", python, cases=(Case("torch.is_tensor(x)", X),)),
    Op("torch.compiler.is_exporting", "", "F.is_size_open()", "any", python, cases=(Case("torch.compiler.is_exporting()", {}),)),
    Op("torch.Tensor.is_floating_point", "input", "{input}.dtype.is_floating", "any", python, also=("torch.is_floating_point",), cases=(Case("x.is_floating_point()", X),)),
    # in-place arithmetic
    *(
        Op(f"torch.Tensor.{name}_", "input, other", f"{{input}} {sign} {{other}}", "any", same, inplace=True,
           cases=(Case(f"x.clone().{name}_(y)", XY, image=True),))
        for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/"))
    ),
    Op("torch.Tensor.ge_", "input, other", "tf.cast({input} >= {other}, {input}.dtype)", "any", same, inplace=True, note="a number for each truth, as in torch",
       cases=(Case("x.clone().ge_(0.5)", X, image=True),)),
    Op("torch.Tensor.detach_", "input", "tf.stop_gradient({input})", "any", same, inplace=True, cases=(Case("x.clone().detach_()", IMAGE, image=True),)),
    Op("torch.Tensor.sqrt_", "input", "tf.sqrt({input})", "any", same, inplace=True, cases=(Case("x.abs().sqrt_()", IMAGE, image=True),)),
    Op("torch.Tensor.sigmoid_", "input", "tf.sigmoid({input})", "any", same, inplace=True, cases=(Case("x.clone().sigmoid_()", X),)),
    Op("torch.Tensor.tanh_", "input", "tf.tanh({input})", "any", same, inplace=True, cases=(Case("x.clone().tanh_()", X),)),
    Op("torch.Tensor.clamp_", "input, min=None, max=None", clamp_code, "any", same, inplace=True, cases=(Case("x.clone().clamp_(min=0.)", X),)),
    Op("torch.Tensor.zero_", "input", "tf.zeros_like({input})", "any", same, inplace=True, cases=(Case("x.clone().zero_()", X),)),
    Op("torch.Tensor.fill_", "input, value", "F.full_like({input}, {value})", "any", same, inplace=True, cases=(Case("x.clone().fill_(2.)", X),)),
    Op("torch.Tensor.masked_fill_", "input, mask, value", "F.masked_fill({input}, {mask}, {value})", "any", same, inplace=True,
       cases=(Case("x.clone().masked_fill_(x > 0, 1.5)", X),)),
    Op("torch.Tensor.triu_", "input, diagonal=0", "F.triu({input}<, {diagonal}>)", "plain", same, inplace=True, cases=(Case("x.clone().triu_(1)", {"x": (4, 4)}),)),
    Op("torch.Tensor.triu", "input, diagonal=0", "F.triu({input}<, {diagonal}>)", "plain", same, also=("torch.triu",), cases=(Case("torch.triu(x, 1)", {"x": (4, 4)}),)),
    Op("torch.linalg.pinv", "input", "tf.linalg.pinv({input})", "plain", transposed_kind, cases=(Case("torch.linalg.pinv(x)", {"x": (5, 3)}),)),
    Op("torch.fft.fft", "input, n=None, dim=-1", "F.fft({input}<, n={n}><, dim={dim}>)", "plain", with_dtype("complex"), note="of float32 and float64",
       cases=(Case("torch.fft.fft(x).real", {"x": (2, 3, 4)}), Case("torch.fft.fft(x, dim=-2).imag", {"x": (2, 3, 4)}), Case("(torch.fft.fft(x, n=3, dim=1) * torch.arange(3)[:, None]).real", {"x": (2, 4, 2)}))),
    Op("torch.linalg.inv", "A", "tf.linalg.inv({A})", "plain", same, cases=(Case("torch.linalg.inv(x + 3 * torch.eye(3))", {"x": (3, 3)}),)),
)

__all__ = ["ROWS", "plain_of_rank"]
