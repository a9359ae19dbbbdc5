"""Rows for reductions, and for what looks along one axis."""

from __future__ import annotations

from dataclasses import replace

from ..kinds import Kind, Layout, Tensor, Tuple
from .image_form import after_dropping, axes_of, drops_axes, only_with
from .table import BoundCall, Case, Op, Refusal, broadcast, same, with_dtype
from .template import axis_code, fill, items_of

X = {"x": (2, 3, 4)}
IMAGE = {"x": (2, 3, 4, 5)}
XY = {"x": (2, 3, 4), "y": (2, 3, 4)}
MASK = {"m": ((2, 3), "bool")}


def reduced(call: BoundCall) -> Kind:
    """A reduction: the rank falls by the reduced axes unless keepdim is given."""
    tensor = same(call)
    assert isinstance(tensor, Tensor)
    if call.given("keepdim"):
        keep = call.one("keepdim")
        if not keep.is_literal:
            return Tensor(Layout.PLAIN, None, tensor.dtype)
        if keep.literal:
            return _with_axes_of_one(call, tensor) if call.given("dim") else Tensor(Layout.PLAIN, tensor.rank, tensor.dtype)
    if not call.given("dim"):
        return Tensor(Layout.PLAIN, 0, tensor.dtype)
    image = after_dropping(call)
    if image is not None:
        return image
    count = items_of(call, "dim")
    rank = None if tensor.rank is None or count is None else tensor.rank - count
    axes = axes_of(call)
    of_images = call.tensor.of_images and axes is not None and rank is not None and max(axes) < rank + len(axes) - 3
    return Tensor(Layout.PLAIN, rank, tensor.dtype, of_images=of_images)


def _with_axes_of_one(call: BoundCall, tensor: Tensor) -> Kind:
    """A tensor reduced with `keepdim`; of an image reduced over space, one value a channel is left."""
    over_space = tensor.layout is Layout.IMAGE and tensor.rank == 4 and set(axes_of(call) or ()) == {2, 3}
    return replace(tensor, per_channel=over_space)


def reduction(name: str, tf: str, *cases: Case, function: bool = True, dtype: str | None = None) -> Op:
    """A reduction that exists as a method, and as `torch.name` too where `function` says so."""
    return Op(
        f"torch.Tensor.{name}",
        "input, dim=None, keepdim=None",
        f"tf.reduce_{tf}({{input}}<, axis={{dim:axis}}><, keepdims={{keepdim}}>)",
        "axis",
        reduced if dtype is None else with_dtype(dtype, reduced),
        also=(f"torch.{name}",) if function else (),
        image_form=drops_axes,
        cases=cases,
    )


def argmax_code(call: BoundCall) -> str:
    if not call.given("dim") or call.literal("keepdim", False):
        raise Refusal("argmax has a rule for one dimension that is dropped", "give dim, and expand the result")
    return f"tf.argmax({call.one('input').code()}, axis={axis_code(call, 'dim')})"


def extreme(tf: str):  # type: ignore[no-untyped-def]
    """torch's max and min: over everything, of two tensors, or with indices along one axis."""

    def code(call: BoundCall) -> str:
        source = call.one("input").code()
        if not call.given("dim"):
            return f"tf.reduce_{tf}({source})"
        if isinstance(call.one("dim").kind, Tensor):
            return f"tf.{tf}imum({source}, {call.one('dim').code()})"
        keep = f", keepdims={call.one('keepdim').code()}" if call.given("keepdim") else ""
        return f"F.{tf}_with_indices({source}, {axis_code(call, 'dim')}{keep})"

    return code


def extreme_kind(call: BoundCall) -> Kind:
    if not call.given("dim"):
        return Tensor(Layout.PLAIN, 0, call.tensor.dtype)
    if isinstance(call.one("dim").kind, Tensor):
        return broadcast(call)
    return Tuple((reduced(call), with_dtype("int", reduced)(call)))


def variance_code(name: str):  # type: ignore[no-untyped-def]
    def code(call: BoundCall) -> str:
        parts = [call.one("input").code()]
        if call.given("dim"):
            parts.append(f"dim={axis_code(call, 'dim')}")
        parts += [f"{option}={call.one(option).code()}" for option in ("unbiased", "keepdim", "correction") if call.given(option)]
        return f"F.{name}({', '.join(parts)})"

    return code


def variance(name: str, result, *cases: Case, method: bool = True) -> Op:  # type: ignore[no-untyped-def]
    names = [f"torch.Tensor.{name}"] * method + [f"torch.{name}"]
    params = "input, dim=None, unbiased=None, keepdim=None, *, correction=None"
    return Op(names[0], params, variance_code(name), "axis", result, also=tuple(names[1:]), image_form=drops_axes, cases=cases)


def norm_code(call: BoundCall) -> str:
    """torch's norm is of a vector even over two axes, where tf.norm's number of a norm would be of a matrix."""
    axis = f", axis={axis_code(call, 'dim')}" if call.given("dim") else ""
    keep = f", keepdims={call.one('keepdim').code()}" if call.given("keepdim") else ""
    order = ""
    if call.given("p") and call.literal("p") not in (2, "fro"):
        if items_of(call, "dim") != 1:
            raise Refusal(f"{call.name} with p={call.literal('p')} over several axes", "reduce one axis at a time")
        order = f", ord={call.one('p').code()}"
    return f"{'tf' if order else 'F'}.norm({call.one('input').code()}{order}{axis}{keep})"


def cumsum_code(call: BoundCall) -> str:
    template = "tf.cumsum(tf.cast({input}, {dtype}), axis={dim:axis})" if call.given("dtype") else "tf.cumsum({input}, axis={dim:axis})"
    return fill(template, call)


def cumsum_kind(call: BoundCall) -> Kind:
    return with_dtype("float" if "float" in call.one("dtype").code() else "int")(call) if call.given("dtype") else same(call)


ROWS = (
    reduction("sum", "sum", Case("x.sum(-1)", X, gradient=True), Case("x.sum()", X), Case("x.sum(dim=(1, 2), keepdim=True)", IMAGE, image=True),
              Case("x.sum(dim=1)", IMAGE, image=True), Case("x.sum(dim=(0, 2, 3))", IMAGE, image=True), Case("x.sum(dim=0)", IMAGE)),
    reduction("mean", "mean", Case("x.mean(dim=1)", X, gradient=True), Case("x.mean((2, 3))", IMAGE, image=True), Case("x.mean(1, keepdim=True)", IMAGE, image=True),
              Case("x.mean(-1)", IMAGE, gradient=True, image=True), Case("x.mean(2, keepdim=False)", IMAGE, image=True), Case("x.flatten(2).mean(-1)", IMAGE, image=True)),
    Op("torch.Tensor.argmax", "input, dim=None, keepdim=False", argmax_code, "axis", with_dtype("int", reduced), also=("torch.argmax",), image_form=drops_axes,
       cases=(Case("x.argmax(dim=1)", X), Case("x.argmax(-1)", X), Case("x.argmax(1)", IMAGE, image=True))),
    reduction("amax", "max", Case("x.amax(dim=1)", X, gradient=True), Case("x.amax((2, 3))", IMAGE, image=True), Case("x.amax(3)", IMAGE, image=True)),
    reduction("amin", "min", Case("x.amin(1)", X), Case("x.amin((2, 3), keepdim=True)", IMAGE, image=True)),
    reduction("prod", "prod", Case("x.prod(1)", X), Case("x.prod(1)", IMAGE, image=True)),
    reduction("all", "all", Case("m.all(1)", MASK), Case("(x > 0).all(dim=2)", IMAGE, image=True), function=False, dtype="bool"),
    reduction("any", "any", Case("m.any()", MASK), Case("(x > 0).any(dim=1)", IMAGE, image=True), function=False, dtype="bool"),
    Op("torch.Tensor.max", "input, dim=None, keepdim=None", extreme("max"), "axis", extreme_kind, also=("torch.max",), image_form=drops_axes,
       cases=(Case("x.max()", X), Case("torch.max(x, y)", XY), Case("x.max(dim=1, keepdim=True)[0]", IMAGE, image=True), Case("x.max(1)", X),
              Case("torch.max(x, y)", {"x": (2, 3, 4, 5), "y": (2, 3, 4, 5)}, image=True))),
    Op("torch.Tensor.min", "input, dim=None, keepdim=None", extreme("min"), "axis", extreme_kind, also=("torch.min",), image_form=drops_axes,
       cases=(Case("x.min()", X), Case("x.min(dim=-1)[1]", IMAGE, image=True))),
    variance("var", reduced, Case("x.var(dim=1)", X, gradient=True), Case("torch.var(x, dim=-1, keepdim=True, unbiased=False)", X),
             Case("x.var(dim=(2, 3), keepdim=True)", IMAGE, image=True), Case("x.var(dim=2)", IMAGE, image=True)),
    variance("std", reduced, Case("x.std(dim=1)", X), Case("x.std(1)", IMAGE, image=True)),
    variance("var_mean", lambda c: Tuple((reduced(c), reduced(c))), Case("torch.var_mean(x, dim=1, unbiased=False, keepdim=True)[0]", X),
             Case("torch.var_mean(x, dim=(2, 3), keepdim=True)[1]", IMAGE, image=True), Case("torch.var_mean(x, dim=[1])", X), method=False),
    Op("torch.Tensor.norm", "input, p=None, dim=None, keepdim=None", norm_code, "axis", reduced, image_form=drops_axes,
       cases=(Case("x.norm(p=2, dim=1, keepdim=True)", X, gradient=True), Case("x.norm(p=2, dim=(2, 3), keepdim=True)", IMAGE, image=True), Case("x.norm(p=1, dim=-1)", X), Case("x.norm()", X))),
    Op("torch.Tensor.cumsum", "input, dim, *, dtype=None", cumsum_code, "axis", cumsum_kind, also=("torch.cumsum",),
       cases=(Case("x.cumsum(1)", X), Case("x.cumsum(1)", IMAGE, image=True), Case("(x > 0).cumsum(1, dtype=torch.float32)", X))),
    Op("torch.argsort", "input, dim=-1", "tf.cast(tf.argsort({input}<, axis={dim}>), tf.int64)", "plain", with_dtype("int"), also=("torch.Tensor.argsort",),
       cases=(Case("torch.argsort(x, dim=-1)", X), Case("torch.argsort(x, dim=1)", IMAGE))),
    Op("torch.Tensor.sort", "input, dim=-1", "F.sort_with_indices({input}<, {dim}>)", "plain", lambda c: Tuple((same(c), with_dtype("int")(c))), also=("torch.sort",),
       cases=(Case("x.sort(dim=-1)[0]", X), Case("x.sort(1)", X))),
    Op("torch.Tensor.softmax", "input, dim, dtype=None", "F.softmax({input}, axis={dim:axis}<, dtype={dtype}>)", "axis", same, also=("torch.softmax",),
       cases=(Case("x.softmax(dim=-1)", X, gradient=True), Case("x.softmax(1)", IMAGE, gradient=True, image=True), Case("x.softmax(-1, dtype=torch.float64)", X))),
    Op("torch.nn.functional.softmax", "input, dim, *, dtype=None", "F.softmax({input}, axis={dim:axis}<, dtype={dtype}>)", "axis", same,
       cases=(Case("torch.nn.functional.softmax(x, dim=-1)", X, gradient=True), Case("torch.nn.functional.softmax(x, dim=1)", IMAGE, image=True))),
    Op("torch.Tensor.log_softmax", "input, dim", "tf.nn.log_softmax({input}, axis={dim:axis})", "axis", same, also=("torch.log_softmax", "torch.nn.functional.log_softmax"),
       cases=(Case("x.log_softmax(dim=-1)", X, gradient=True), Case("x.log_softmax(1)", IMAGE, image=True))),
)

__all__ = ["ROWS", "only_with", "reduced"]
