"""Methods written by hand in classes that the rules write."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

_WRITTEN = {"forward": "call"}


def find_method(tree: cst.Module, name: str) -> cst.FunctionDef | None:
    """The method `Class.method` of a module."""
    owner, _, method = name.partition(".")
    for statement in tree.body:
        if isinstance(statement, cst.ClassDef) and statement.name.value == owner:
            return next((each for each in _methods(statement) if each.name.value == method), None)
    return None


def written_method(tree: cst.Module, name: str) -> cst.FunctionDef:
    """What an override file has for upstream's method `Class.method`.

    Raises:
        LookupError: it has none.
    """
    written = _written_name(name)
    found = find_method(tree, written)
    if found is None:
        raise LookupError(f"the override file has no {written}")
    return found


def with_methods(statement: cst.ClassDef, methods: Collection[cst.FunctionDef]) -> cst.ClassDef:
    """A rewritten class with methods of its own names replaced; the lines before them stay."""
    by_name = {method.name.value: method for method in methods}
    body = [
        by_name[each.name.value].with_changes(leading_lines=each.leading_lines)
        if isinstance(each, cst.FunctionDef) and each.name.value in by_name
        else each
        for each in statement.body.body
    ]
    return statement.with_changes(body=statement.body.with_changes(body=body))


def _written_name(name: str) -> str:
    owner, _, method = name.partition(".")
    return f"{owner}.{_WRITTEN.get(method, method)}"


def _methods(statement: cst.ClassDef) -> list[cst.FunctionDef]:
    return [each for each in statement.body.body if isinstance(each, cst.FunctionDef)]
