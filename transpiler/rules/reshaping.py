"""Rows that change a tensor's shape or the order of its axes: the ones that need to know the layout."""

from __future__ import annotations

import re
from dataclasses import replace

from ..kinds import PYTHON, Kind, Layout, Sequence, Shape, Tensor, Tuple, Unknown
from ..layout import is_to_channels_last, is_to_image, stored_axis, to_stored
from .image_form import after_dropping, drops_axes, only_with
from .image_of_tokens import LAST_TWO, image_of_tokens_code, is_image_of_tokens, swapped_axes
from .table import Argument, BoundCall, Case, Op, Refusal, broadcast, same
from .template import axis_code, fill, items_of, parenthesize, sizes_code

IMAGE = {"x": (2, 3, 4, 5)}
TOKENS = {"x": (2, 6, 12)}


def _sizes(call: BoundCall, name: str) -> tuple[Argument, ...]:
    value = call.arguments.get(name, ())
    return value if isinstance(value, tuple) else (value,)


# reshape, view -----------------------------------------------------------------------------------------------------

def _per_channel(call: BoundCall) -> bool:
    """`v.view(1, -1, 1, 1)`, `y.view(B, C, 1, 1)`: made to be broadcast over the pixels of an image.

    A named number after 1 may be one of attention heads: `scale.reshape(1, num_heads, 1, 1)`. Another first number
    than 1 is no batch's size: `v.view(4, -1, 1, 1)` are four such values, which are picked one by one.
    """
    name = _new_shape(call)
    sizes, given = call.sizes_literal(name), _sizes(call, name)
    if not isinstance(sizes, (tuple, list)) or items_of(call, name) != 4 or (len(given) == 1 and not given[0].is_literal):
        return False
    is_batch = not isinstance(sizes[0], int) or sizes[0] in (1, -1)
    return tuple(sizes[2:]) == (1, 1) and sizes[1] != 1 and is_batch and (sizes[0] != 1 or sizes[1] == -1)


def _new_shape(call: BoundCall) -> str:
    """`reshape` calls it shape, `view` calls it size."""
    return "shape" if "shape" in call.arguments else "size"


def reshape_code(call: BoundCall) -> str:
    name = _new_shape(call)
    if _per_channel(call):
        batch, channels = _first_sizes(call, name)
        return f"tf.reshape({call.one('input').code()}, ({batch}, 1, 1, {channels}))"
    sizes = _sizes(call, name)
    if is_image_of_tokens(call):
        return image_of_tokens_code(call.one("input").code(), call.tensor.swapped, sizes_code(sizes))
    if len(sizes) == 1 and isinstance(sizes[0].kind, Unknown) and not sizes[0].is_literal and not sizes[0].code().startswith("*"):
        return f"tf.reshape({call.one('input').code()}, F.sizes({sizes[0].code()}))"
    return f"tf.reshape({call.one('input').code()}, {sizes_code(sizes)})"


def _first_sizes(call: BoundCall, name: str) -> tuple[str, str]:
    sizes = _sizes(call, name)
    if len(sizes) > 1:
        return sizes[0].code(), sizes[1].code()
    literal = sizes[0].literal
    assert isinstance(literal, (tuple, list))
    return str(literal[0]), str(literal[1])


def reshape_kind(call: BoundCall) -> Kind:
    if _per_channel(call) or is_image_of_tokens(call):
        return Tensor(Layout.IMAGE, 4, call.tensor.dtype)
    return Tensor(Layout.PLAIN, items_of(call, _new_shape(call)), call.tensor.dtype)


# permute, transpose ------------------------------------------------------------------------------------------------

def _permutation(call: BoundCall) -> tuple[int, ...] | None:
    literal = call.sizes_literal("dims")
    if not isinstance(literal, (tuple, list)) or not all(isinstance(axis, int) for axis in literal):
        return None
    rank = len(literal)
    return tuple(axis % rank for axis in literal)


def permute_code(call: BoundCall) -> str:
    source = call.one("input").code()
    axes = _permutation(call)
    if axes is None:
        if call.layout is Layout.IMAGE:
            raise Refusal("permute of an image needs its axes as constants")
        return f"tf.transpose({source}, {sizes_code(_sizes(call, 'dims'))})"
    if call.layout is Layout.IMAGE:
        if is_to_channels_last(axes):
            return source
        if _permutes_space(axes):
            axes = tuple(axes[axis] for axis in to_stored(len(axes)))
        stored = tuple(stored_axis(axis, len(axes)) % len(axes) for axis in axes)
        if stored == tuple(range(len(axes))):
            return source
        return f"tf.transpose({source}, {stored})"
    if is_to_image(axes):
        return source
    return f"tf.transpose({source}, {sizes_code(_sizes(call, 'dims'))})"


def _permutes_space(axes: tuple[int, ...]) -> bool:
    """Whether only spatial axes of an image change places: it stays an image."""
    return len(axes) >= 4 and axes[:2] == (0, 1)


def permute_kind(call: BoundCall) -> Kind:
    axes = _permutation(call)
    tensor = call.tensor
    if axes and call.layout is Layout.IMAGE and _permutes_space(axes):
        return Tensor(Layout.IMAGE, len(axes), tensor.dtype)
    rank = len(axes) if axes else items_of(call, "dims")
    if axes and call.layout is not Layout.IMAGE and is_to_image(axes):
        return Tensor(Layout.IMAGE, rank, tensor.dtype)
    if axes and call.layout is Layout.IMAGE and is_to_channels_last(axes):
        return Tensor(Layout.PLAIN, rank, tensor.dtype, is_last=True)
    return Tensor(Layout.PLAIN, rank, tensor.dtype, swapped=LAST_TWO if axes == (0, 2, 1) and call.layout is Layout.PLAIN else None)


def _pair(call: BoundCall) -> tuple[int, int]:
    first, second = call.literal("dim0"), call.literal("dim1")
    if not isinstance(first, int) or not isinstance(second, int):
        raise Refusal(f"{call.name} needs constant axes")
    rank = call.tensor.rank
    if rank is not None and not all(-rank <= axis < rank for axis in (first, second)):
        raise Refusal(f"{call.name} names an axis that a tensor of rank {rank} doesn't have", "give a hint in overrides/index.toml")
    return first, second


def transpose_code(call: BoundCall) -> str:
    source = call.one("input").code()
    first, second = _pair(call)
    rank = call.tensor.rank
    if call.layout is Layout.IMAGE:
        return _transposed_image(call, source, first, second)
    if rank is None:
        if {first, second} == {-1, -2}:
            return f"tf.linalg.matrix_transpose({source})"
        return f"F.swap_axes({source}, {first}, {second})"
    if {first % rank, second % rank} == {rank - 1, rank - 2} and rank > 2:
        return f"tf.linalg.matrix_transpose({source})"
    axes = list(range(rank))
    axes[first], axes[second] = axes[second], axes[first]
    return f"tf.transpose({source}, {tuple(axes)})"


def _transposed_image(call: BoundCall, source: str, first: int, second: int) -> str:
    """One transpose from the stored image to what torch sees, or to an image with its sides swapped."""
    rank = call.tensor.rank
    if rank is None:
        raise Refusal("transpose of an image of unknown rank", "give a hint in overrides/index.toml")
    axes = list(range(rank))
    axes[first], axes[second] = axes[second], axes[first]
    order = [axes[axis] for axis in to_stored(rank)] if _swaps_sides(call) else axes
    stored = tuple(stored_axis(axis, rank) % rank for axis in order)
    return source if stored == tuple(range(rank)) else f"tf.transpose({source}, {stored})"


def _swaps_sides(call: BoundCall) -> bool:
    """Whether two spatial axes of an image change places: it stays an image."""
    rank = call.tensor.rank
    first, second = _pair(call)
    return call.layout is Layout.IMAGE and rank is not None and first % rank >= 2 and second % rank >= 2


def transpose_kind(call: BoundCall) -> Kind:
    layout = Layout.IMAGE if _swaps_sides(call) else Layout.PLAIN
    swapped = swapped_axes(*_pair(call), call.tensor.rank) if call.layout is Layout.PLAIN else None
    return Tensor(layout, call.tensor.rank, call.tensor.dtype, swapped=swapped)


def matrix_transpose_kind(call: BoundCall) -> Kind:
    return Tensor(Layout.PLAIN, call.tensor.rank, call.tensor.dtype)


# flatten, unsqueeze, squeeze ---------------------------------------------------------------------------------------

def _span(call: BoundCall) -> tuple[int, int] | None:
    """The first and last axis that are flattened; None where they are no constants."""
    axes = [call.one(name).literal if name in call.arguments else default for name, default in (("start_dim", 0), ("end_dim", -1))]
    start, end = axes
    return (start, end) if isinstance(start, int) and isinstance(end, int) else None


def _flattens_space(call: BoundCall) -> bool:
    """`flatten(2)` of an image: the spatial axes become one, and the channels stay last."""
    span, rank = _span(call), call.tensor.rank
    if span is None or rank is None or call.layout is not Layout.IMAGE:
        return False
    return span[0] % rank == 2 and span[1] % rank == rank - 1


def _flattens_pixel(call: BoundCall) -> bool:
    """`flatten(1)` of an image of one pixel: in every order of the axes the channels come one after the other."""
    span, rank = _span(call), call.tensor.rank
    return call.tensor.per_channel and call.layout is Layout.IMAGE and rank == 4 and span in ((1, -1), (1, 3))


def _flattens_image(call: BoundCall) -> bool:
    return _flattens_space(call) or _flattens_pixel(call)


def flatten_code(call: BoundCall) -> str:
    source = call.one("input").code()
    if _flattens_space(call):
        return f"F.flatten({source}, 1, -2)"
    span = _span(call)
    if span is None:
        first = call.one("start_dim").code() if call.given("start_dim") else "0"
        return f"F.flatten({source}, {first}" + fill("<, {end_dim}>)", call)
    start, end = span
    return f"F.flatten({source}, {start})" if end == -1 else f"F.flatten({source}, {start}, {end})"


def flatten_kind(call: BoundCall) -> Kind:
    tensor, span = call.tensor, _span(call)
    if _flattens_space(call):
        return Tensor(Layout.IMAGE, 3, tensor.dtype)
    if span is None:
        return Tensor(Layout.PLAIN, None, tensor.dtype)
    start, end = span
    if tensor.rank is not None:
        return Tensor(Layout.PLAIN, tensor.rank - (end % tensor.rank - start % tensor.rank), tensor.dtype)
    return Tensor(Layout.PLAIN, start + 1 if end == -1 and start >= 0 else None, tensor.dtype)


def one_more_axis_kind(call: BoundCall) -> Kind:
    tensor = call.tensor
    return Tensor(Layout.PLAIN, None if tensor.rank is None else tensor.rank + 1, tensor.dtype)


def stacked_kind(call: BoundCall) -> Kind:
    """Images that are stacked before their channels are images still."""
    kind = one_more_axis_kind(call)
    of_images = all(item.layout is Layout.IMAGE and item.rank == 4 for item in call.listed if isinstance(item, Tensor))
    before_channels = not call.given("dim") or call.one("dim").literal in (0, 1)
    return replace(kind, of_images=of_images and before_channels) if isinstance(kind, Tensor) else kind


def squeeze_kind(call: BoundCall) -> Kind:
    tensor = call.tensor
    if not call.given("dim"):
        return Tensor(Layout.PLAIN, None, tensor.dtype)
    image = after_dropping(call)
    if image is not None:
        return image
    count = items_of(call, "dim") or 1
    return Tensor(Layout.PLAIN, None if tensor.rank is None else tensor.rank - count, tensor.dtype)


# split, unbind, stack, cat -----------------------------------------------------------------------------------------

def pieces(call: BoundCall) -> Kind:
    return Sequence(same(call))


def unbind_kind(call: BoundCall) -> Kind:
    tensor = call.tensor
    return Sequence(Tensor(Layout.PLAIN, None if tensor.rank is None else tensor.rank - 1, tensor.dtype))


def split_code(call: BoundCall) -> str:
    tensor, size = call.one("tensor").code(), call.one("split_size_or_sections").code()
    axis = axis_code(call, "dim") if call.given("dim") else "0"
    equal_parts = re.fullmatch(rf"ops\.shape\({re.escape(tensor)}\)\[{axis}\]\s*//\s*(\d+)", size)
    if equal_parts is not None:  # so many, whatever the size is
        return f"tf.split({tensor}, {equal_parts[1]}, axis={axis})"
    return f"F.split({tensor}, {size}, axis={axis})"


def chunk_code(call: BoundCall) -> str:
    axis = axis_code(call, "dim") if call.given("dim") else "0"
    return f"F.chunk({call.one('input').code()}, {call.one('chunks').code()}, axis={axis})"


def tensor_split_code(call: BoundCall) -> str:
    axis = axis_code(call, "dim") if call.given("dim") else "0"
    return f"F.tensor_split({call.one('input').code()}, {call.one('sections').code()}, axis={axis})"


# shape questions ---------------------------------------------------------------------------------------------------

def size_code(call: BoundCall) -> str:
    source = call.one("input").code()
    shape = f"{parenthesize(source)}.shape" if call.tensor.variable else f"ops.shape({source})"
    return f"{shape}[{axis_code(call, 'dim')}]" if call.given("dim") else shape


def size_kind(call: BoundCall) -> Kind:
    return PYTHON if call.given("dim") else Shape(call.tensor)


def _expands_to_image(call: BoundCall) -> bool:
    """An image is expanded to the shape of another one, or to sizes written one by one."""
    sizes = _sizes(call, "size")
    if len(sizes) == 1:
        kind = sizes[0].kind
        return isinstance(kind, Shape) and not kind.is_slice and kind.tensor.layout is Layout.IMAGE and kind.tensor.rank == call.tensor.rank
    return len(sizes) == call.tensor.rank and not any(item.is_sequence for item in sizes)


def expand_code(call: BoundCall) -> str:
    source, sizes = call.one("input").code(), _sizes(call, "size")
    if call.layout is not Layout.IMAGE:
        return f"F.expand({source}, {sizes_code(sizes)})"
    if len(sizes) == 1:
        return f"tf.broadcast_to({source}, {sizes[0].code()})"
    return f"F.expand({source}, {sizes_code(tuple(sizes[axis] for axis in to_stored(len(sizes))))})"


def expand_kind(call: BoundCall) -> Kind:
    tensor = call.tensor
    if call.layout is Layout.IMAGE:
        return Tensor(Layout.IMAGE, tensor.rank, tensor.dtype)
    return Tensor(Layout.PLAIN, items_of(call, "size"), tensor.dtype)


def repeated(parameter: str):  # type: ignore[no-untyped-def]
    """`x.repeat(1, 2)` and `x.tile(2)`: tf.tile where there is one number an axis."""

    def code(call: BoundCall) -> str:
        items = items_of(call, parameter)
        function = "tf.tile" if items is not None and items == call.tensor.rank else "F.tile"
        return f"{function}({call.one('input').code()}, {sizes_code(_sizes(call, parameter))})"

    return code


def repeated_kind(call: BoundCall) -> Kind:
    rank, items = call.tensor.rank, items_of(call, "repeats" if "repeats" in call.arguments else "dims")
    return Tensor(Layout.PLAIN, None if rank is None or items is None else max(rank, items), call.tensor.dtype)


def repeat_interleave_kind(call: BoundCall) -> Kind:
    return same(call) if call.given("dim") else Tensor(Layout.PLAIN, 1, call.tensor.dtype)


def cat_code(call: BoundCall) -> str:
    axis = axis_code(call, "dim") if call.given("dim") else "0"
    return f"tf.concat({call.one('tensors').code()}, axis={axis})"


def roll_code(call: BoundCall) -> str:
    """Out of slices where the sizes are known: TFLite has no roll. Without axes torch rolls the flattened tensor."""
    source, shifts = call.one("input").code(), call.one("shifts").code()
    if not call.given("dims"):
        return f"F.roll({source}, {shifts})"
    return f"F.roll({source}, {shifts}, axis={axis_code(call, 'dims')})"


def meshgrid_kind(call: BoundCall) -> Kind:
    tensors = call.many("tensors")
    if any(item.is_sequence or not isinstance(item.kind, Tensor) for item in tensors):
        return Sequence(Tensor(Layout.PLAIN, None, call.tensor.dtype))
    return Tuple(tuple(Tensor(Layout.PLAIN, len(tensors), call.tensor.dtype) for _ in tensors))


def _is_list(item: Argument) -> bool:
    return item.is_sequence and not item.code().startswith("*")


def meshgrid_code(call: BoundCall) -> str:
    """torch's default indexing is `ij`, TensorFlow's is `xy`."""
    indexing = call.one("indexing").code() if call.given("indexing") else "'ij'"
    tensors = ", ".join(f"*{item.code()}" if _is_list(item) else item.code() for item in call.many("tensors"))
    return f"tf.meshgrid({tensors}, indexing={indexing})"


def matrix_transpose_code(call: BoundCall) -> str:
    return f"tf.transpose({call.one('input').code()})"


ROWS = (
    Op("torch.Tensor.reshape", "input, *shape", reshape_code, "plain", reshape_kind, also=("torch.reshape",),
       cases=(Case("x.reshape(2, -1)", IMAGE, gradient=True), Case("x.reshape((6, 20))", IMAGE), Case("x.reshape(x.shape[0], 3, -1)", IMAGE),
              Case("x.flatten(2).transpose(1, 2).reshape(x.shape)", IMAGE, image=True), Case("x.reshape(2, 3, 1, *x.shape[2:])", IMAGE, image=True))),
    Op("torch.Tensor.view", "input, *size", reshape_code, "plain", reshape_kind,
       cases=(Case("x.view(-1)", IMAGE), Case("x.view(2, 3, 20)", IMAGE, image=True), Case("x * y.view(1, -1, 1, 1)", {"x": (2, 3, 4, 5), "y": (3,)}, image=True),
              Case("x * y.view(x.shape[0], -1, 1, 1)", {"x": (2, 3, 4, 5), "y": (2, 1, 3)}, image=True))),
    Op("torch.Tensor.permute", "input, *dims", permute_code, "axis", permute_kind, also=("torch.permute",),
       cases=(Case("x.permute(0, 2, 3, 1)", IMAGE, image=True), Case("x.permute(0, 1, 3, 2)", IMAGE, image=True), Case("x.permute(2, 0, 1)", TOKENS, gradient=True), Case("x.permute((1, 0, 2))", TOKENS))),
    Op("torch.Tensor.transpose", "input, dim0, dim1", transpose_code, "axis", transpose_kind, also=("torch.transpose",),
       cases=(Case("x.transpose(1, 2)", TOKENS, gradient=True), Case("x.transpose(-2, -1)", IMAGE, gradient=True, image=True), Case("x.transpose(1, 3)", IMAGE, image=True),
              Case("x.transpose(0, 1)", IMAGE, image=True))),
    Op("torch.Tensor.t", "input", matrix_transpose_code, "plain", matrix_transpose_kind, also=("torch.t",), cases=(Case("x.t()", {"x": (3, 4)}),)),
    Op("torch.Tensor.flatten", "input, start_dim=0, end_dim=-1", flatten_code, "axis", flatten_kind, also=("torch.flatten",), image_form=_flattens_image,
       cases=(Case("x.flatten(1)", IMAGE), Case("x.flatten(2).transpose(1, 2)", IMAGE, gradient=True, image=True), Case("x.flatten(-2)", IMAGE, image=True), Case("x.mean((2, 3), keepdim=True).flatten(1)", IMAGE, image=True), Case("torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)", IMAGE, image=True),
              Case("x.flatten()", TOKENS), Case("x.flatten(0, 1)", IMAGE), Case("x.flatten(0, len(x.shape) - 2)", IMAGE))),
    Op("torch.Tensor.unsqueeze", "input, dim", "tf.expand_dims({input}, {dim})", "plain", one_more_axis_kind, also=("torch.unsqueeze",),
       cases=(Case("x.unsqueeze(1)", TOKENS), Case("x.unsqueeze(dim=-1)", TOKENS), Case("x.unsqueeze(1)", IMAGE))),
    Op("torch.Tensor.squeeze", "input, dim=None", "tf.squeeze({input}<, axis={dim:axis}>)", "axis", squeeze_kind, also=("torch.squeeze",), image_form=lambda c: c.given("dim") and drops_axes(c),
       cases=(Case("x.squeeze(1)", {"x": (2, 1, 4)}), Case("x.squeeze()", {"x": (2, 1, 4)}), Case("x.squeeze()", {"x": (2, 3, 1, 5)}),
              Case("x.squeeze(-1)", {"x": (2, 3, 4, 1)}, image=True), Case("x.squeeze(-1).squeeze(-1)", {"x": (2, 3, 1, 1)}, image=True), Case("x.squeeze(1)", {"x": (2, 1, 4, 5)}, image=True))),
    Op("torch.Tensor.unbind", "input, dim=0", "tf.unstack({input}<, axis={dim}>)", "plain", unbind_kind, also=("torch.unbind",),
       cases=(Case("x.unbind(0)[1]", {"x": (3, 2, 4)}, graph=False), Case("x.unbind(dim=2)[0]", {"x": (3, 2, 4)}))),
    Op("torch.Tensor.split", "tensor, split_size_or_sections, dim=0", split_code, "axis", pieces, also=("torch.split",),
       cases=(Case("x.split(2, dim=1)[0]", IMAGE, image=True), Case("x.split([4, 8], dim=-1)[1]", TOKENS), Case("torch.split(x, [4, 8], dim=2)[0]", TOKENS),
              Case("x.split(x.shape[1] // 2, dim=1)[1]", {"x": (2, 6, 4, 3)}, image=True))),
    Op("torch.Tensor.chunk", "input, chunks, dim=0", chunk_code, "axis", pieces, also=("torch.chunk",),
       cases=(Case("x.chunk(2, dim=-1)[1]", TOKENS), Case("x.chunk(3, dim=1)[2]", IMAGE, image=True), Case("x.chunk(4, 1)[3]", {"x": (2, 7)}))),
    Op("torch.Tensor.tensor_split", "input, sections, dim=0", tensor_split_code, "axis", pieces, also=("torch.tensor_split",),
       cases=(Case("x.tensor_split(2, -1)[1]", TOKENS), Case("x.tensor_split(3, dim=1)[0]", IMAGE, image=True), Case("x.tensor_split((1, 4), 1)[1]", {"x": (2, 7)}), Case("x.tensor_split(3, 1)[2]", {"x": (2, 7)}))),
    Op("torch.stack", "tensors, dim=0", "tf.stack({tensors}<, axis={dim}>)", "plain", stacked_kind,
       cases=(Case("torch.stack([x, x])", TOKENS), Case("torch.stack((x, x), dim=1)", TOKENS, gradient=True))),
    Op("torch.cat", "tensors, dim=0", cat_code, "axis", same, also=("torch.concat",),
       cases=(Case("torch.cat([x, x])", IMAGE, image=True), Case("torch.cat([x, x], dim=1)", IMAGE, gradient=True, image=True), Case("torch.cat((x, x), -1)", TOKENS))),
    Op("torch.Tensor.size", "input, dim=None", size_code, "axis", size_kind, cases=(Case("x.size(1)", IMAGE, image=True), Case("x.size(-1)", IMAGE, image=True), Case("x.size()", IMAGE, image=True), Case("x.size()[-2:]", IMAGE, image=True))),
    Op("torch.Tensor.expand", "input, *size", expand_code, "axis", expand_kind, image_form=_expands_to_image,
       cases=(Case("x.expand(y.shape)", {"x": (2, 3, 1, 1), "y": (2, 3, 4, 5)}), Case("x.expand(-1, 3, 4, -1)", {"x": (2, 1, 1, 5)}, image=True), Case("x.expand(4, -1, -1)", {"x": (1, 3, 5)}, gradient=True), Case("x.expand((2, 3, 5))", {"x": (1, 3, 5)}))),
    Op("torch.Tensor.expand_as", "input, other", "tf.broadcast_to({input}, ops.shape({other}))", "any", broadcast,
       cases=(Case("x.expand_as(y)", {"x": (2, 3, 1, 1), "y": (2, 3, 4, 5)}, image=True), Case("x.expand_as(y)", {"x": (1, 3), "y": (2, 3)}),)),
    Op("torch.Tensor.reshape_as", "input, other", "tf.reshape({input}, ops.shape({other}))", "plain", lambda c: Tensor(Layout.PLAIN),
       cases=(Case("x.reshape_as(y)", {"x": (2, 6), "y": (3, 4)}),)),
    Op("torch.Tensor.repeat", "input, *repeats", repeated("repeats"), "plain", repeated_kind,
       cases=(Case("x.repeat(1, 2, 1)", TOKENS), Case("x.repeat(2, 1, 1, 1)", TOKENS))),
    Op("torch.Tensor.tile", "input, *dims", repeated("dims"), "plain", repeated_kind, cases=(Case("x.tile((1, 1, 2))", TOKENS), Case("x.tile((2, 3))", IMAGE))),
    Op("torch.Tensor.repeat_interleave", "input, repeats, dim=None", "F.repeat_interleave({input}, {repeats}<, {dim:axis}>)", "axis", repeat_interleave_kind,
       also=("torch.repeat_interleave",), image_form=only_with("dim"),
       cases=(Case("x.repeat_interleave(2, dim=1)", TOKENS), Case("x.repeat_interleave(2, -1)", IMAGE, image=True), Case("x.repeat_interleave(2)", IMAGE))),
    Op("torch.roll", "input, shifts, dims=None", roll_code, "axis", same, also=("torch.Tensor.roll",), image_form=only_with("dims"),
       cases=(Case("torch.roll(x, 3)", IMAGE), Case("torch.roll(x, (1, 2), (2, 3))", IMAGE, image=True), Case("torch.roll(x, shifts=(-1, -2), dims=(1, 2))", IMAGE, gradient=True), Case("torch.roll(x, 2, 1)", TOKENS), Case("x.roll(1, 2)", IMAGE, image=True))),
    Op("torch.Tensor.flip", "input, *dims", "tf.reverse({input}, axis={dims:axis})", "plain", same, also=("torch.flip",),
       cases=(Case("x.flip((1, 2))", IMAGE), Case("x.flip(1)", TOKENS), Case("x.flip(-1, 0)", TOKENS))),
    Op("torch.Tensor.gather", "input, dim, index", "F.gather({input}, {dim}, {index})", "plain", same, also=("torch.gather",),
       cases=(Case("x.gather(1, i)", {"x": (2, 5), "i": ((2, 3), "int64")}),)),
    Op("torch.Tensor.index_select", "input, dim, index", "tf.gather({input}, {index}, axis={dim})", "plain", same, also=("torch.index_select",),
       cases=(Case("x.index_select(1, i)", {"x": (2, 5), "i": ((3,), "int64")}),)),
    Op("torch.meshgrid", "*tensors, indexing=None", meshgrid_code, "plain", meshgrid_kind,
       cases=(Case("torch.meshgrid(x, y, indexing='ij')[0]", {"x": (3,), "y": (4,)}), Case("torch.meshgrid(x, y, indexing='xy')[1]", {"x": (3,), "y": (4,)}),
              Case("torch.meshgrid([x, y], indexing='ij')[1]", {"x": (3,), "y": (4,)}))),
)

__all__ = ["ROWS", "parenthesize"]
