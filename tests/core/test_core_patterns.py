"""Patterns find what libcst's matchers find."""

from __future__ import annotations

import libcst as cst
import libcst.matchers as theirs
import pytest

from transpiler import patterns as ours

CODES = ("f(1)", "f(1, 2)", "f()", "f(x, 2, device=d)", "f(*a)", "x.f(1)", "x.shape[2:]", "x[:, ...]", "super().f", "a @ b.f", "x")


def _in_both(make):
    return make(ours), make(theirs)


PATTERNS = [
    _in_both(lambda m: m.Call(func=m.Name("f"))),
    _in_both(lambda m: m.Call(func=m.Name(), args=[])),
    _in_both(lambda m: m.Call(args=[m.Arg(value=m.Integer("1"), keyword=None, star="")])),
    _in_both(lambda m: m.Call(args=[m.ZeroOrMore()])),
    _in_both(lambda m: m.Call(args=[m.Arg(m.Name("x")), m.ZeroOrMore()])),
    _in_both(lambda m: m.Call(args=[m.ZeroOrMore(), m.Arg(keyword=m.Name("device"))])),
    _in_both(lambda m: m.Call(args=[m.AtLeastN(m.Arg(m.Integer()), n=1)])),
    _in_both(lambda m: m.Call(args=[m.AtLeastN(m.Arg(m.Integer()), n=2)])),
    _in_both(lambda m: m.Attribute(m.Call(func=m.Name("super")), m.Name("f")) | m.Name("x")),
    _in_both(lambda m: m.Subscript(slice=[m.SubscriptElement(m.Slice(upper=None, step=None))])),
    _in_both(lambda m: m.Subscript(slice=[m.DoNotCare(), m.SubscriptElement(m.Index(value=m.Ellipsis()))])),
    _in_both(lambda m: m.BinaryOperation(operator=m.MatrixMultiply(), right=m.Attribute())),
]


@pytest.mark.parametrize("code", CODES)
def test_a_pattern_matches_what_the_matcher_of_libcst_matches(code):
    node = cst.parse_expression(code)
    for mine, other in PATTERNS:
        assert ours.matches(node, mine) == theirs.matches(node, other), other


def test_each_pattern_matches_some_code_and_not_all():
    for mine, _ in PATTERNS:
        assert {ours.matches(cst.parse_expression(code), mine) for code in CODES} == {True, False}


def test_parts_with_names_are_given():
    call = cst.ensure_type(cst.parse_expression("image.flatten(2)"), cst.Call)
    receiver = ours.SaveMatchedNode(ours.DoNotCare(), "receiver")
    found = ours.extract(call, ours.Call(func=ours.Attribute(value=receiver)))
    assert found is not None and found["receiver"] is call.func.value
    assert ours.extract(call, ours.Call(func=ours.Name())) is None


@pytest.mark.parametrize("wrong", [lambda: ours.Nothing(), lambda: ours.Name(vale="x")])
def test_a_misspelt_pattern_is_an_error(wrong):
    with pytest.raises((AttributeError, TypeError)):
        wrong()
