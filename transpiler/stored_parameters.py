"""Parameters of one value a channel, `(C, 1, 1)` in torch, that only ever meet images: they are stored channels-last.

Their transposes at each call go; a checkpoint sees them in torch's order through a face.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import libcst as cst

from .inference import Typing
from .kinds import Instance, Layout, Tensor
from .program import Program
from .walk import find

PARAMETERS = frozenset({"torch.nn.Parameter", "torch.nn.parameter.Parameter"})


@dataclass
class _Uses:
    """Where an attribute's value is read and where it is made, and whether all of it allows another order of axes."""

    reads: list[tuple[Typing, cst.Attribute]] = field(default_factory=list)
    made: list[tuple[Typing, cst.Call]] = field(default_factory=list)
    met_by_images: bool = True


def store_per_channel_parameters(program: Program, typings: dict[str, Typing]) -> None:
    """Note in the typings what is stored channels-last: the kinds of the reads, and the calls that make it."""
    uses: dict[tuple[str, str], _Uses] = {}
    for typing in typings.values():
        allowed = {id(node) for node in _where_order_is_free(typing)}
        for node, kind in list(typing.kinds.items()):
            if isinstance(node, cst.Attribute) and isinstance(kind, Tensor) and kind.per_channel and kind.variable:
                for use in _uses_of(program, typing, node, uses):
                    use.reads.append((typing, node))
                    use.met_by_images &= id(node) in allowed
        _note_making(program, typing, uses)
    for use in uses.values():
        if use.met_by_images and use.made and use.reads:
            for typing, node in use.reads:
                kind = typing.kinds[node]
                assert isinstance(kind, Tensor)
                typing.kinds[node] = replace(kind, layout=Layout.IMAGE)
            for typing, call in use.made:
                typing.channels_last.add(call)


def _uses_of(
    program: Program, typing: Typing, node: cst.Attribute, uses: dict[tuple[str, str], _Uses]
) -> Iterator[_Uses]:
    owner = typing.kinds.get(node.value)
    for cls in owner.classes if isinstance(owner, Instance) else ():
        for base in program.ancestry(cls):
            info = program.class_info(base)
            if info is not None and info.attribute(node.attr.value) is not None:
                yield uses.setdefault((base, node.attr.value), _Uses())


def _note_making(program: Program, typing: Typing, uses: dict[tuple[str, str], _Uses]) -> None:
    """`self.scale = nn.Parameter(torch.ones(dim, 1, 1))`"""
    for assign in typing.per_channel:
        for target in assign.targets:
            if not isinstance(target.target, cst.Attribute):
                continue
            for use in _uses_of(program, typing, target.target, uses):
                if typing.targets.get(assign.value) in PARAMETERS:
                    use.made.append((typing, cst.ensure_type(assign.value, cst.Call)))
                else:
                    use.met_by_images = False


def _where_order_is_free(typing: Typing) -> Iterator[cst.CSTNode]:
    """What is an operand of arithmetic with an image, or is drawn anew."""
    for node in list(typing.kinds):
        if isinstance(node, cst.BinaryOperation):
            for side, other in ((node.left, node.right), (node.right, node.left)):
                met = typing.kinds.get(other)
                if isinstance(met, Tensor) and met.layout is Layout.IMAGE and met.rank == 4:
                    yield side
        elif isinstance(node, cst.Call) and typing.targets.get(node, "").startswith("torch.nn.init."):
            yield from (arg.value for arg in node.args[:1])
        elif isinstance(node, cst.Comparison) and any(find(node, cst.Is, cst.IsNot)):
            yield node.left
