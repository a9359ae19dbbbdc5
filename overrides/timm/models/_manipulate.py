"""Gradient checkpointing of timm.models._manipulate, through tf.recompute_grad."""

from collections.abc import Callable, Sequence
from itertools import chain

from transpiler.runtime import functional as F
from transpiler.runtime import nn


def checkpoint(function: Callable, *args, use_reentrant: bool | None = None, **kwargs):
    """Call a function and recompute its intermediate values in the backward pass.

    Stands for timm.models._manipulate.checkpoint; hand-written because torch's two autograd schemes, between which the
    original chooses, do not exist here.

    Args:
        function: A module or function of tensors.
        *args: Its arguments.
        use_reentrant: Accepted for timm's signature, not read.
        **kwargs: Its keyword arguments.

    Returns:
        What function returns.
    """
    return F.checkpoint(function, *args, **kwargs)


def checkpoint_seq(
    functions,
    x,
    every: int = 1,
    flatten: bool = False,
    skip_last: bool = False,
    use_reentrant: bool | None = None,
):
    """Run functions one after the other, recomputing each segment of them in the backward pass.

    Stands for timm.models._manipulate.checkpoint_seq; hand-written for the same reason as checkpoint.

    Args:
        functions: nn.Sequential, or an iterable of modules or functions of one tensor.
        x: Input of the first.
        every: How many functions make a segment.
        flatten: The functions are iterables of functions; chain them.
        skip_last: Run the last function without recomputation.
        use_reentrant: Accepted for timm's signature, not read.

    Returns:
        Output of the last function.
    """
    if isinstance(functions, nn.Sequential):
        functions = functions.children()
    steps = tuple(chain.from_iterable(functions) if flatten else functions)
    last = len(steps) - 1 if skip_last else len(steps)
    for start in range(0, last, every):
        x = F.checkpoint(_chain_calls(steps[start : min(start + every, last)]), x)
    return _chain_calls(steps[last:])(x)


def _chain_calls(steps: Sequence[Callable]) -> Callable:
    """One function that calls the steps one after the other."""

    def run(x):
        for step in steps:
            x = step(x)
        return x

    return run
