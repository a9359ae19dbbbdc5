"""Runs the analysis over every function that will be generated, round after round, until nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from .closure import ModulePlan
from .inference import Analysis, Typing
from .kinds import NONE, OPAQUE_TENSOR, UNKNOWN, Kind, Layout, Tensor, hinted_kind
from .program import Program

MAX_ROUNDS = 8


def planned_functions(program: Program, plan: ModulePlan) -> Iterator[tuple[str, cst.FunctionDef, str | None]]:
    """(qualified name, def, owning class) of every function and method that is generated from a module."""
    for index in sorted(plan.statements):
        statement = program.resolver.statement(plan.name, index)
        if isinstance(statement, cst.FunctionDef) and statement.name.value not in plan.overridden:
            yield f"{plan.name}.{statement.name.value}", statement, None
        elif isinstance(statement, cst.ClassDef) and statement.name.value not in plan.overridden:
            owner = f"{plan.name}.{statement.name.value}"
            for member in statement.body.body:
                if isinstance(member, cst.FunctionDef):
                    yield f"{owner}.{member.name.value}", member, owner


def infer(program: Program, plans: dict[str, ModulePlan]) -> dict[str, Typing]:
    """Type all planned modules; the result holds, for each, the kinds of the last round."""
    _rounds(program, plans)
    program.settling = True
    return _rounds(program, plans)


def _rounds(program: Program, plans: dict[str, ModulePlan]) -> dict[str, Typing]:
    """Rounds until nothing changes. Weak evidence counts only once strong evidence has said all it can."""
    typings: dict[str, Typing] = {}
    for _ in range(MAX_ROUNDS):
        program.begin_round()
        typings = {name: Typing() for name in plans}
        for plan in plans.values():
            _infer_module(program, plan, typings[plan.name])
        if program.settled():
            break
    return typings


def _infer_module(program: Program, plan: ModulePlan, typing: Typing) -> None:
    top = Analysis(program, plan.name, typing)
    for index in sorted(plan.statements):
        statement = program.resolver.statement(plan.name, index)
        if isinstance(statement, cst.ClassDef):
            _class_level(program, plan, statement, typing)
        elif not isinstance(statement, cst.FunctionDef):
            with typing.noting(statement):
                top.statement(statement)
    for name, node, owner in planned_functions(program, plan):
        with typing.noting(node):
            _infer_function(program, plan.name, name, node, owner, typing)


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
                program.set_attribute(owner, part.target.value, kind)
            elif isinstance(part, cst.Assign):
                analysis.small(part)


def _infer_function(
    program: Program, module: str, name: str, node: cst.FunctionDef, owner: str | None, typing: Typing
) -> None:
    summary = program.summary(name)
    analysis = Analysis(program, module, typing, owner, name)
    analysis.run(node, summary.arguments)
    hint = program.hints.get(name)
    returns = (
        hinted_kind(hint.returns)
        if hint and hint.returns
        else _declared_return(program, module, node, analysis.returns)
    )
    if summary.result is not None and isinstance(returns, Tensor) and returns.rank == 4:
        returns = replace(returns, layout=summary.result)
    layouts = _with_earlier(summary.layouts, analysis.decided())
    if returns != summary.returns or layouts != summary.layouts:
        program.changed = True
    summary.returns = returns
    summary.layouts = layouts


def _with_earlier(earlier: dict[str, Layout], now: dict[str, Layout]) -> dict[str, Layout]:
    """Once typed, a parameter no longer asks: what was decided stays."""
    return {**now, **earlier}


def _declared_return(program: Program, module: str, node: cst.FunctionDef, found: Kind | None) -> Kind:
    from .annotations import annotation_kind

    kind = found if found is not None else NONE
    if kind in (UNKNOWN, NONE) and node.returns is not None:
        declared = annotation_kind(program, module, node.returns.annotation)
        return declared if declared != OPAQUE_TENSOR or kind == UNKNOWN else kind
    return kind
