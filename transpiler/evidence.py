"""What the use of a value says: whether it is a tensor, and how that is stored."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from . import patterns as m
from .code import code_of
from .kinds import Layout, Tensor
from .layout import is_to_channels_last, is_to_image
from .method_names import ONLY_TENSORS_HAVE
from .rules.table import BoundCall, Op
from .rules.template import items_of
from .walk import find

_CHANNELS = frozenset({"C", "c", "channels", "chs"})
_SIDES = frozenset({("H", "W"), ("h", "w"), ("height", "width")})
_FLATTENED = m.Call(
    func=m.Attribute(value=m.SaveMatchedNode(m.DoNotCare(), "image"), attr=m.Name("flatten")),
    args=[m.Arg(m.Integer("2"))],
)
_TO_TOKENS = m.Call(
    func=m.Attribute(value=_FLATTENED, attr=m.Name("transpose")),
    args=[m.Arg(m.Integer("1")), m.Arg(m.Integer("2"))],
) | m.Call(
    func=m.Attribute(value=_FLATTENED, attr=m.Name("permute")),
    args=[m.Arg(m.Integer("0")), m.Arg(m.Integer("2")), m.Arg(m.Integer("1"))],
)

_MEAN = m.Call(func=m.Attribute(value=m.Name(), attr=m.Name("mean")), args=[m.Arg()])


def axis_evidence(row: Op, call: BoundCall) -> Layout | None:
    """What the axes of an operation say about an undecided tensor.

    PLAIN is certain, not only likely: what is permuted to (B, C, H, W) has its channels last, and is stored so
    whoever made it.
    """
    name = row.torch.rpartition(".")[2]
    if name == "permute":
        literal = call.sizes_literal("dims")
        if isinstance(literal, tuple) and all(isinstance(a, int) for a in literal):
            if is_to_image(literal):
                return Layout.PLAIN
            if is_to_channels_last(literal):
                return Layout.IMAGE
    if name in ("mean", "amax", "sum", "var", "std", "var_mean") and call.given("dim"):
        axes = call.one("dim").literal
        if axes in ((2, 3), [2, 3], (-2, -1), (-1, -2), (0, 2, 3), [0, 2, 3]):
            return Layout.IMAGE
    if name == "pad" and call.tensor.rank in (None, 4) and items_of(call, "pad") == 4:
        return Layout.IMAGE  # the last two axes: height and width
    return None


def names_of_channels_last(names: Sequence[str]) -> bool:
    """Whether they are those of an image whose channels come last."""
    return len(names) == 4 and not names_of_image(names) and names[3] in _CHANNELS


def pooled_either_way(node: cst.IfExp) -> str | None:
    """What is an image where a condition holds and tokens where it doesn't, as both become vectors of as many axes.

    `x.mean(dim=(-2, -1)) if self.use_conv else x.mean(dim=1)`
    """
    if not m.matches(node.body, _MEAN) or not m.matches(node.orelse, _MEAN):
        return None
    calls = [cst.ensure_type(side, cst.Call) for side in (node.body, node.orelse)]
    names = {code_of(cst.ensure_type(call.func, cst.Attribute).value) for call in calls}
    image_axes, token_axis = (code_of(call.args[0].value).replace(" ", "") for call in calls)
    is_either = image_axes in ("(-2,-1)", "(2,3)", "[-2,-1]", "[2,3]") and token_axis == "1"
    return names.pop() if len(names) == 1 and is_either else None


def names_of_image(names: Sequence[str]) -> bool:
    """Whether what a shape is unpacked into are the sizes of an image in torch's order."""
    return len(names) == 4 and (names[1] in _CHANNELS or tuple(names[2:]) in _SIDES)


def size_evidence(tensor: Tensor, node: cst.Subscript) -> Layout | None:
    """What a slice of an undecided tensor's shape says: height and width are read together.

    PLAIN is certain here too: `shape[1:3]` would mix channels and height of what torch calls an image.
    """
    text = code_of(node.slice[0].slice).replace(" ", "")
    if text in ("1:3", "1:-1"):
        return Layout.PLAIN
    return Layout.IMAGE if text in ("2:", "-2:", "2:4") and tensor.rank == 4 else None


def uses_as_tensor(node: cst.FunctionDef, name: str) -> bool:
    """Whether a function calls a method on a parameter that only tensors have."""
    return any(
        isinstance(use.value, cst.Name) and use.value.value == name and use.attr.value in ONLY_TENSORS_HAVE
        for use in find(node.body, cst.Attribute)
    )


def given_first(name: str) -> m.Pattern:
    """A call whose first argument is what a name stands for."""
    return m.Call(args=[m.Arg(value=m.Name(name), keyword=None, star=""), m.ZeroOrMore()])


def made_into_tokens(node: cst.Call) -> cst.BaseExpression | None:
    """What is an image for sure, as it is in `x.flatten(2).transpose(1, 2)`: its places become tokens."""
    found = m.extract(node, _TO_TOKENS)
    image = found["image"] if found is not None else None
    return image if isinstance(image, cst.BaseExpression) else None
