"""Axis arithmetic between the order torch uses and the order the generated code stores."""

from __future__ import annotations

from .kinds import Layout, Tensor


def stored_axis(axis: int, rank: int) -> int:
    """The stored axis of torch axis `axis` of an IMAGE tensor of `rank`: batch first, channels last.

    Negative axes count from the end, as in torch. The channel axis is given as -1, as people write it.
    """
    positive = axis + rank if axis < 0 else axis
    if positive == 1:
        return -1
    return positive if positive == 0 else positive - 1


def to_stored(rank: int) -> tuple[int, ...]:
    """The permutation that takes a tensor in torch's image order to the stored order."""
    return (0, *range(2, rank), 1)


def to_torch(rank: int) -> tuple[int, ...]:
    """The permutation that takes a stored image to torch's order."""
    return (0, rank - 1, *range(1, rank - 1))


def is_to_image(permutation: tuple[int, ...]) -> bool:
    """Whether a permute turns a channels-last tensor into what torch calls an image: it costs nothing here."""
    rank = len(permutation)
    return rank >= 4 and permutation == to_torch(rank)


def is_to_channels_last(permutation: tuple[int, ...]) -> bool:
    """Whether a permute turns a torch image into channels-last: it costs nothing here."""
    rank = len(permutation)
    return rank >= 4 and permutation == to_stored(rank)


def met_by_image(code: str, rank: int, image_rank: int) -> str:
    """The code of a tensor with torch's axes, given the axes of the stored image that it is broadcast against.

    `(C, 1, 1)` becomes `(1, 1, C)`; one that only has axes of space gets one for the channels.
    """
    if rank == 0:
        return code
    if rank == image_rank:
        return f"tf.transpose({code}, {to_stored(rank)})"
    if rank == image_rank - 1:
        return f"tf.transpose({code}, {(*range(1, rank), 0)})"
    return f"tf.expand_dims({code}, -1)"


def needs_transpose(have: Tensor, want: Layout) -> bool:
    """Whether a tensor held as `have` must be transposed to be used as `want`."""
    if want is Layout.OPAQUE or have.layout is Layout.OPAQUE or have.layout is want:
        return False
    return have.rank is None or have.rank >= 3
