"""rearrange and repeat of einops.einops for TensorFlow, by one transposition between two reshapes."""

import re

import tensorflow as tf
from keras import ops


def _axes(side):
    """Each place of one side of a pattern, as the names of the axes in it: `b (h w)` is [["b"], ["h", "w"]]."""
    if not re.fullmatch(r"(\s*(\w+|\([\w\s]*\)))*\s*", side):
        raise NotImplementedError(f"the pattern {side!r} has more than names and parentheses")
    return [place.strip("()").split() for place in re.findall(r"\w+|\([\w\s]*\)", side)]


def _sizes(shape, places, given):
    """The size of each axis; in parentheses one axis may be left to be found out."""
    sizes = dict(given)
    for size, names in zip(shape, places, strict=True):
        unknown = [name for name in names if name not in sizes]
        if len(unknown) > 1:
            raise ValueError(f"of {' '.join(names)} only one size may be left out")
        known = 1
        for name in names:
            known = known * sizes.get(name, 1)
        for name in unknown:
            sizes[name] = size // known
    return sizes


def rearrange(tensor, pattern, **axes_lengths):
    """Reshape and transpose by a pattern such as `b c h w -> b (h w) c`.

    Stands for einops.einops.rearrange; hand-written because the original asks at run time which framework a tensor is of.
    """
    return repeat(tensor, pattern, **axes_lengths)


def repeat(tensor, pattern, **axes_lengths):
    """Like `rearrange`, with new axes on the right side, whose sizes are given.

    Stands for einops.einops.repeat; hand-written because the original asks at run time which framework a tensor is of.
    """
    left, right = (_axes(side) for side in pattern.split("->"))
    before, after = [name for place in left for name in place], [name for place in right for name in place]
    new = [name for name in after if name not in before]
    sizes = _sizes(ops.shape(tensor), left, axes_lengths)
    x = tf.reshape(tensor, [sizes[name] for name in before] + [1] * len(new))
    x = tf.transpose(x, [[*before, *new].index(name) for name in after])
    if new:
        x = tf.tile(x, [sizes[name] if name in new else 1 for name in after])
    return tf.reshape(x, [tf.reduce_prod([sizes[name] for name in place] or [1]) for place in right])
