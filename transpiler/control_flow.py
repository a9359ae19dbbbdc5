"""What names are where control divides and meets again: branches, loops, handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from . import patterns as m
from .code import code_of
from .flow import are_lists, joined_names, leaves
from .kinds import PYTHON, UNKNOWN, ClassValue, Instance, Kind, Layout, Sequence, Tensor, Tuple
from .walk import walk

if TYPE_CHECKING:
    from .inference import Analysis

_ASKS_FOR_CLASS = m.Call(func=m.Name("isinstance"), args=[m.Arg(m.Name()), m.Arg()])


class ControlFlow:
    """Types statements that hold blocks of others."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.program = analysis.program
        self._by_flag: dict[str, dict[str, tuple[Kind, Kind, Kind]]] = {}

    def branches(self, node: cst.If) -> None:
        self.analysis.expressions.kind(node.test)
        assumed = self.analysis.assumed.get(code_of(node.test))
        if assumed is not None:
            self.analysis.block(node.body) if assumed else self._otherwise(node)
            return
        before = dict(self.analysis.env)
        flag = self._flag(node.test)
        self._recall(flag, holds=True)
        self._narrow(node.test)
        with self._under(node.test, holds=True):
            self.analysis.block(node.body)
        taken = None if leaves(node.body) else self.analysis.env
        self.analysis.env = dict(before)
        self._recall(flag, holds=False)
        with self._under(node.test, holds=False):
            self._otherwise(node)
        if node.orelse is not None and not isinstance(node.orelse, cst.If) and leaves(node.orelse.body):
            self.analysis.env = taken if taken is not None else self.analysis.env
        elif taken is not None:
            other = self.analysis.env
            self._keep_images(node, before, taken)
            self._meet(node, taken)
            self._remember(flag, taken, other)

    def _otherwise(self, node: cst.If) -> None:
        """What runs where a condition does not hold."""
        if isinstance(node.orelse, cst.If):
            self.branches(node.orelse)
        elif node.orelse is not None:
            self.analysis.block(node.orelse.body)

    @contextmanager
    def _under(self, test: cst.BaseExpression, *, holds: bool) -> Iterator[None]:
        """Types a branch under a flag of the class, where the test is one."""
        before = self.analysis.flag
        name = code_of(test).removeprefix("self.")
        if self.analysis.owner and name in self.program.flags(self.analysis.owner) and name != code_of(test):
            self.analysis.flag = name, holds
        yield
        self.analysis.flag = before

    def _keep_images(self, node: cst.If, before: dict[str, Kind], taken: dict[str, Kind]) -> None:
        """What is an image where it has four axes is stored as one after both branches, if it has four axes then."""
        other = self.analysis.env
        for name, kind in before.items():
            if not isinstance(kind, Tensor) or kind.of_four is not Layout.IMAGE:
                continue
            for blocks, env in (([node.body], taken), (list(_other_blocks(node)), other)):
                held = env.get(name)
                if isinstance(held, Tensor) and held.rank == 4 and held.layout is Layout.PLAIN and not held.is_last:
                    for block in blocks:
                        self._end(block, name, held, Layout.IMAGE)
                    env[name] = replace(held, layout=Layout.IMAGE)

    def _flag(self, test: cst.BaseExpression) -> str | None:
        """A condition on what an object is set to, which holds as often as it is asked while the object runs."""
        parts = (cst.Attribute, cst.Name, cst.Comparison, cst.BaseNumber, cst.SimpleString, cst.UnaryOperation)
        nodes = [node for node in walk(test) if isinstance(node, cst.BaseExpression)]
        names = {node.value for node in nodes if isinstance(node, cst.Name)}
        names -= {node.attr.value for node in nodes if isinstance(node, cst.Attribute)}
        if not self.analysis.name.endswith(".forward") or "self" not in names:
            return None
        is_flag = all(isinstance(part, parts) for part in nodes) and not names & (self.analysis.env.keys() - {"self"})
        return code_of(test) if is_flag else None

    def _remember(self, flag: str | None, taken: dict[str, Kind], other: dict[str, Kind]) -> None:
        """Note what a tensor is where a flag is set and where it isn't, if these differ in their axes."""
        for name in taken.keys() & other.keys():
            pair, now = (taken[name], other[name]), self.analysis.env[name]
            ranks = {kind.rank for kind in pair if isinstance(kind, Tensor)}
            if flag is not None and len(ranks) == 2 and isinstance(now, Tensor):
                self._by_flag.setdefault(flag, {})[name] = (now, *pair)

    def _recall(self, flag: str | None, *, holds: bool) -> None:
        """What a tensor was under a flag it is again, unless it has been assigned since."""
        for name, (joined, taken, other) in self._by_flag.get(flag or "", {}).items():
            if self.analysis.env.get(name) is joined:
                self.analysis.env[name] = taken if holds else other

    def _meet(self, node: cst.If, taken: dict[str, Kind]) -> None:
        """After both branches: a tensor that they store differently is stored as what comes after uses it."""
        other = self.analysis.env
        self.analysis.env = joined_names(taken, other)
        for name in taken.keys() & other.keys():
            pair = (taken[name], other[name])
            if any(isinstance(kind, Tensor) and kind.layout is Layout.IMAGE and kind.rank == 4 for kind in pair):
                for kind in pair:  # what is an image on the other path
                    if isinstance(kind, Tensor):
                        self.analysis.want(kind, Layout.IMAGE, strong=True)
            if not are_stored_differently(*pair):
                continue
            origin = f"{name}@{self.program.resolver.source(self.analysis.module).locate(node).line}"
            want = self.program.summary(self.analysis.name).layouts.get(origin, Layout.OPAQUE)
            joined = self.analysis.env[name]
            assert isinstance(joined, Tensor)
            self.analysis.met.add(origin)
            if want is Layout.OPAQUE:
                self.analysis.env[name] = replace(joined, origin=origin)
                continue
            self.analysis.env[name] = replace(joined, layout=want, origin=None)
            for blocks, kind in zip(([node.body], _other_blocks(node)), pair, strict=True):
                for block in blocks:
                    self._end(block, name, kind, want)

    def _end(self, block: cst.CSTNode, name: str, kind: Kind, want: Layout) -> None:
        """Note that a block must end by storing a tensor in another way, if it is not stored so already."""
        ends = self.analysis.typing.ends.setdefault(block, {})
        held = ends[name][0] if name in ends else kind
        if isinstance(held, Tensor) and held.layout is not want:
            ends[name] = (held, want)
        else:
            ends.pop(name, None)

    def _narrow(self, test: cst.BaseExpression) -> None:
        """Inside `if isinstance(m, nn.Linear)`, an m that could be anything is that; a tensor may be a list of them.

        Inside `if not isinstance(x, list)`, what may be a list of tensors is one.
        """
        is_denied = isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not)
        asked = cst.ensure_type(test, cst.UnaryOperation).expression if is_denied else test
        if not m.matches(asked, _ASKS_FOR_CLASS):
            return
        value, classes = (arg.value for arg in cst.ensure_type(asked, cst.Call).args)
        name = cst.ensure_type(value, cst.Name).value
        held = self.analysis.env.get(name, UNKNOWN)
        if is_denied:
            if isinstance(held, Sequence) and isinstance(held.element, Tensor) and are_lists(classes):
                self.analysis.env[name] = held.element
            return
        if isinstance(held, Tensor) and are_lists(classes):
            self.analysis.env[name] = Sequence(held)  # stored as the tensor that it is otherwise
            return
        kind = self.analysis.expressions.kind(classes)
        alternatives = kind.items if isinstance(kind, Tuple) else (kind,)
        found = {cls for item in alternatives if isinstance(item, ClassValue) for cls in item.classes}
        are_modules = len(found) >= len(alternatives) and all(self.program.is_module(cls) for cls in found)
        if are_modules and held in (UNKNOWN, Instance()):
            self.analysis.env[name] = Instance(frozenset(found))

    def loop(self, node: cst.For) -> None:
        kind = self.analysis.expressions.kind(node.iter)

        def once() -> None:
            self.analysis.assign(node.target, self.analysis.item_of(kind))
            self.analysis.block(node.body)

        self.twice(once, node.body)
        if node.orelse is not None:
            self.analysis.block(node.orelse.body)

    def twice(self, run: Callable[[], None], body: cst.BaseSuite) -> None:
        """Type the body of a loop as it is the first time, and as it is after that."""
        before = dict(self.analysis.env)
        for _ in range(2):
            run()
            after = self.analysis.env
            self.analysis.env = joined_names(before, after)
            for name in before.keys() & after.keys():
                first, last = before[name], after[name]
                if are_stored_differently(first, last) and not _is_left_early(body):
                    self._end(body, name, last, first.layout)  # type: ignore[attr-defined]
                    self.analysis.env[name] = first
            for name in self.analysis.sums:  # a number that tensors are added to in a loop is one after it
                if isinstance(after.get(name), Tensor):
                    self.analysis.env[name] = after[name]

    def attempt(self, node: cst.Try) -> None:
        before = dict(self.analysis.env)
        self.analysis.block(node.body)
        after = self.analysis.env
        for handler in node.handlers:
            self.analysis.env = dict(before)
            if handler.name is not None:
                self.analysis.assign(handler.name.name, PYTHON)  # type: ignore[arg-type]
            self.analysis.block(handler.body)
            if not leaves(handler.body):
                after = joined_names(after, self.analysis.env)
        self.analysis.env = after
        for part in (node.orelse, node.finalbody):
            if part is not None:
                self.analysis.block(part.body)


def _other_blocks(node: cst.If) -> Iterator[cst.CSTNode]:
    """The blocks that run where a condition does not hold; the `if` itself where nothing is written for that."""
    if isinstance(node.orelse, cst.If):
        if not leaves(node.orelse.body):
            yield node.orelse.body
        yield from _other_blocks(node.orelse)
    elif node.orelse is None:
        yield node
    elif not leaves(node.orelse.body):
        yield node.orelse.body


def are_stored_differently(*kinds: Kind) -> bool:
    """Whether one is an image, and another has four axes too and is stored with those of torch."""
    layouts = {kind.layout for kind in kinds if isinstance(kind, Tensor) and kind.rank == 4 and not kind.is_last}
    return layouts == {Layout.IMAGE, Layout.PLAIN}


def _is_left_early(body: cst.BaseSuite) -> bool:
    """Whether the end of a loop's body may not be reached."""
    return any(isinstance(node, (cst.Continue, cst.Break)) for node in walk(body))
