"""Runs the analysis over every function that will be generated, round after round, until nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import libcst as cst

from .closure import ModulePlan
from .diagnostics import Diagnostic
from .inference import Analysis, Typing
from .internal_errors import reported
from .kinds import NONE, OPAQUE_TENSOR, PYTHON, UNKNOWN, ClassValue, Kind, Layout, Sequence, Tensor, Tuple, hinted_kind
from .program import Program
from .replay import Replay

MAX_ROUNDS = 8


def planned_functions(program: Program, plan: ModulePlan) -> Iterator[tuple[int, str, cst.FunctionDef, str | None]]:
    """(statement, qualified name, def, owning class) of every function and method that is generated from a module."""
    for index in sorted(plan.statements):
        statement = program.resolver.statement(plan.name, index)
        if isinstance(statement, cst.FunctionDef) and statement.name.value not in plan.overridden:
            yield index, f"{plan.name}.{statement.name.value}", statement, None
        elif isinstance(statement, cst.ClassDef) and statement.name.value not in plan.overridden:
            owner = f"{plan.name}.{statement.name.value}"
            for member in statement.body.body:
                if isinstance(member, cst.FunctionDef):
                    yield index, f"{owner}.{member.name.value}", member, owner


def infer(program: Program, plans: Mapping[str, ModulePlan]) -> dict[str, Typing]:
    """Type all planned modules; the result holds, for each, the kinds of the last round."""
    rounds = _Rounds(program, plans)
    rounds.run()
    program.settle()
    rounds.run()
    return rounds.typings()


class _Rounds:
    """Rounds until nothing changes. Weak evidence counts only once strong evidence has said all it can."""

    def __init__(self, program: Program, plans: Mapping[str, ModulePlan]) -> None:
        self._program = program
        self._plans = plans
        # By module and part of it: a function, or nothing for its top level.
        self._done: dict[str, dict[cst.FunctionDef | None, tuple[Replay, Typing]]] = {name: {} for name in plans}

    def run(self) -> None:
        for _ in range(MAX_ROUNDS):
            self._program.begin_round()
            for plan in self._plans.values():
                self._module(plan)
            if self._program.settled():
                break

    def _module(self, plan: ModulePlan) -> None:
        program = self._program
        self._again(plan, None, partial(_top_level, program, plan))
        for index, name, node, owner in planned_functions(program, plan):
            self._again(plan, node, partial(_function, program, plan.name, index, name, node, owner))

    def _again(self, plan: ModulePlan, part: cst.FunctionDef | None, work: Callable[[Typing], None]) -> None:
        """Types a part of a module, unless all that it asks of the others is answered as it was the last time."""
        done = self._done[plan.name]
        if part in done and done[part][0].holds():
            done[part][0].run()
            return
        typing = Typing()
        with self._program.record() as replay:
            work(typing)
        done[part] = replay, typing

    def typings(self) -> dict[str, Typing]:
        """What was found out in the end, by module."""
        found = {name: Typing() for name in self._plans}
        for module, parts in self._done.items():
            for _, typing in parts.values():
                found[module].update(typing)
        return found


def _top_level(program: Program, plan: ModulePlan, typing: Typing) -> None:
    top = Analysis(program, plan.name, typing)
    for index in sorted(plan.statements):
        statement = program.resolver.statement(plan.name, index)
        if isinstance(statement, cst.FunctionDef):
            continue
        with _faults_noted(program, plan.name, index, statement, typing):
            if isinstance(statement, cst.ClassDef):
                _class_level(program, plan, statement, typing)
            else:
                with typing.noting(statement):
                    top.statement(statement)


def _function(
    program: Program, module: str, index: int, name: str, node: cst.FunctionDef, owner: str | None, typing: Typing
) -> None:
    with _faults_noted(program, module, index, node, typing):
        _infer_function(program, module, name, node, owner, typing)


@contextmanager
def _faults_noted(program: Program, module: str, index: int, node: cst.CSTNode, typing: Typing) -> Iterator[None]:
    found: list[Diagnostic] = []
    with reported(program.resolver.source(module), node, found):
        yield
    if found:
        typing.diagnostics.setdefault(index, []).extend(found)


def _class_level(program: Program, plan: ModulePlan, node: cst.ClassDef, typing: Typing) -> None:
    """Class-level annotations say what attributes are; assignments are evaluated."""
    from .annotations import annotation_kind

    owner = f"{plan.name}.{node.name.value}"
    analysis = Analysis(program, plan.name, typing, owner, owner)
    for statement in node.body.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for part in statement.body:
            if isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name):
                kind = annotation_kind(program, plan.name, part.annotation.annotation)
                if kind == ClassValue() and part.value is not None and program.fields(owner):
                    default = analysis.expressions.kind(part.value)
                    kind = default if isinstance(default, ClassValue) else UNKNOWN  # as it is made with
                program.set_attribute(owner, part.target.value, kind)
            elif isinstance(part, cst.Assign):
                analysis.small(part)


def _infer_function(
    program: Program, module: str, name: str, node: cst.FunctionDef, owner: str | None, typing: Typing
) -> None:
    summary = program.summary(name)
    analysis = Analysis(program, module, typing, owner, name)
    with typing.noting(node):
        analysis.run(node, summary.arguments)
    if owner is not None and name.endswith(".__init__"):
        _under_flags(program, module, name, node, owner)
    hint = program.hints.get(name)
    returns = (
        hinted_kind(hint.returns)
        if hint and hint.returns
        else _declared_return(program, module, node, analysis.returns)
    )
    if summary.result is not None and isinstance(returns, Tensor) and returns.rank == 4:
        returns = replace(returns, layout=summary.result)
    layouts = _with_earlier(summary.layouts, analysis.decided())
    ranks = analysis.tokens(summary.ranks)
    if (returns, layouts, ranks) != (summary.returns, summary.layouts, summary.ranks):
        program.changed = True
    program.note_result(name, returns, layouts, ranks)


def _under_flags(program: Program, module: str, name: str, node: cst.FunctionDef, owner: str) -> None:
    """What a constructor makes of its parts where a flag is set, and where it isn't."""
    for flag, parameter in program.flags(owner).items():
        for holds in (True, False):
            analysis = Analysis(program, module, Typing(), owner, name)
            analysis.flag = flag, holds
            analysis.assumed = {parameter: holds, f"self.{flag}": holds}
            analysis.run(node, program.summary(name).arguments)


def _with_earlier(earlier: dict[str, Layout], now: dict[str, Layout]) -> dict[str, Layout]:
    """Once typed, a parameter no longer asks: what was decided stays."""
    return {**now, **earlier}


def _declared_return(program: Program, module: str, node: cst.FunctionDef, found: Kind | None) -> Kind:
    from .annotations import annotation_kind

    kind = found if found is not None else NONE
    if kind in (UNKNOWN, NONE) and node.returns is not None:
        declared = annotation_kind(program, module, node.returns.annotation)
        return declared if declared != OPAQUE_TENSOR or kind == UNKNOWN else kind
    if kind == Sequence(UNKNOWN) and node.returns is not None:
        declared = annotation_kind(program, module, node.returns.annotation)
        return declared if declared == Sequence(PYTHON) else kind
    if isinstance(kind, Tuple) and UNKNOWN in kind.items and node.returns is not None:
        return _completed(kind, annotation_kind(program, module, node.returns.annotation))
    return kind


def _completed(found: Tuple, declared: Kind) -> Tuple:
    """A tuple with what its declaration says of the items that nothing else says anything of."""
    if not isinstance(declared, Tuple) or len(declared.items) != len(found.items):
        return found
    pairs = zip(found.items, declared.items, strict=True)
    return Tuple(tuple(said if item == UNKNOWN else item for item, said in pairs))
