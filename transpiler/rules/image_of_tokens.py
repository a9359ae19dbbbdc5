"""`tokens.transpose(1, 2).reshape(B, C, H, W)`: tokens, stored channels last, become an image, stored channels last."""

from __future__ import annotations

import ast

from .table import Argument, BoundCall

LAST_TWO = (-2, -1)
_SIDES = frozenset({("H", "W"), ("h", "w"), ("height", "width")})
_SWAPS = {
    "tf.linalg.matrix_transpose": ("",),
    "tf.transpose": ("(0, 2, 1)",),
    "F.swap_axes": ("1, 2", "2, 1", "-2, -1", "-1, -2"),
}


def swapped_axes(first: int, second: int, rank: int | None) -> tuple[int, int] | None:
    """Two axes that are swapped, if they may be those of tokens and their channels: the last two, or 1 and 2."""
    if rank is not None:
        return LAST_TWO if rank in (3, 4) and {first % rank, second % rank} == {rank - 2, rank - 1} else None
    return LAST_TWO if {first, second} == {-2, -1} else (1, 2) if {first, second} == {1, 2} else None


def is_image_of_tokens(call: BoundCall) -> bool:
    """Whether tokens whose channels come first just now are given the sides of an image."""
    given = call.arguments.get("shape", call.arguments.get("size"))
    if call.tensor.swapped is None or not isinstance(given, tuple) or len(given) != 4:
        return False
    return (_name(given[2]), _name(given[3])) in _SIDES


def _name(size: Argument) -> str:
    return size.code().strip()


def image_of_tokens_code(swapped: str, axes: tuple[int, int] | None, sizes: str) -> str:
    """The code of the image; `swapped` is that of the tokens with two axes swapped, which is undone."""
    tokens = _unswapped(swapped) or f"F.swap_axes({swapped}, {', '.join(map(str, axes or LAST_TWO))})"
    which = "" if axes in (None, LAST_TWO) else f", swapped={axes}"
    return f"F.image_of_tokens({tokens}, {sizes}{which})"


def _unswapped(code: str) -> str | None:
    """The x of `tf.linalg.matrix_transpose(x)`."""
    text = f"({code})"
    call = ast.parse(text, mode="eval").body
    if not isinstance(call, ast.Call) or call.keywords or not call.args:
        return None
    rest = ", ".join(ast.unparse(arg) for arg in call.args[1:])
    return ast.get_source_segment(text, call.args[0]) if rest in _SWAPS.get(ast.unparse(call.func), ()) else None
