"""Flags of a class: what its constructor is told, keeps and makes its parts by, and `forward` asks for."""

from __future__ import annotations

import libcst as cst

from .code import code_of
from .scopes import parameter_list
from .walk import find


def flags_of(cls: cst.ClassDef) -> dict[str, str]:
    """The attributes of `self` that `forward` branches on, with the parameters of the constructor that they hold.

    Nothing else sets them, and the constructor branches on them too: one part may be of another class under each.
    """
    methods = {member.name.value: member for member in cls.body.body if isinstance(member, cst.FunctionDef)}
    if "forward" not in methods or "__init__" not in methods:
        return {}
    asked = {code_of(branch.test) for branch in find(methods["forward"].body, cst.If)}
    constructor = methods["__init__"].body
    tests: list[cst.If | cst.IfExp] = [*find(constructor, cst.If), *find(constructor, cst.IfExp)]
    chosen = {code_of(each.test) for each in tests}
    parameters = {parameter.name.value for parameter in parameter_list(methods["__init__"].params)}
    set_to = [(code_of(t.target), code_of(a.value)) for a in find(cls.body, cst.Assign) for t in a.targets]
    found = {}
    for target, value in set_to:
        is_kept = target in asked and value in parameters and {target, value} & chosen
        if is_kept and target == f"self.{target[5:]}" and [name for name, _ in set_to].count(target) == 1:
            found[target[5:]] = value
    return found


def under_flag(attribute: str, flag: str, holds: bool) -> str:
    """Where what an attribute is under a flag stands among the attributes of a class."""
    return f"{attribute}|{'' if holds else 'not '}{flag}"
