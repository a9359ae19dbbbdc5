"""Where control goes: blocks that leave, conditions, and what names are where two paths meet."""

from __future__ import annotations

import libcst as cst
import libcst.matchers as m

from .expressions import literal_value
from .kinds import Kind, join


def leaves(body: cst.BaseSuite) -> bool:
    """Whether a block always ends by return, raise, continue or break."""
    if not isinstance(body, cst.IndentedBlock) or not body.body:
        return False
    last = body.body[-1]
    if isinstance(last, cst.SimpleStatementLine) and last.body:
        final = last.body[-1]
        if isinstance(final, cst.Assert):
            return literal_value(final.test) is False
        return isinstance(final, (cst.Return, cst.Raise, cst.Continue, cst.Break))
    return False


def are_lists(classes: cst.BaseExpression) -> bool:
    """`list`, `tuple`, or both."""
    names = [item.value for item in classes.elements] if isinstance(classes, cst.Tuple) else [classes]
    return all(m.matches(name, m.Name("list") | m.Name("tuple")) for name in names)


def joined_names(a: dict[str, Kind], b: dict[str, Kind]) -> dict[str, Kind]:
    merged = dict(a)
    for name, kind in b.items():
        merged[name] = kind if name not in a else join(a[name], kind)
    return merged
