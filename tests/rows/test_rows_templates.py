"""Templates: optional parts, axes, sizes and parentheses; and binding of arguments."""

from __future__ import annotations

import pytest

from transpiler.kinds import PYTHON, Kind, Layout, Shape, image, plain
from transpiler.rules.table import NOT_LITERAL, Argument, BoundCall, Op, Refusal
from transpiler.rules.template import bind, fill, parameters, parenthesize, sizes_code


def argument(code: str, kind: Kind = PYTHON, literal: object = NOT_LITERAL) -> Argument:
    return Argument(kind, literal, lambda: code)


def call(layout: Layout = Layout.PLAIN, **arguments: Argument | tuple[Argument, ...]) -> BoundCall:
    return BoundCall("torch.example", arguments, layout)


def test_optional_part_stays_only_if_its_argument_is_given():
    template = "tf.reduce_sum({x}<, axis={dim}><, keepdims={keepdim}>)"
    assert fill(template, call(x=argument("x"))) == "tf.reduce_sum(x)"
    assert fill(template, call(x=argument("x"), dim=argument("1", literal=1))) == "tf.reduce_sum(x, axis=1)"
    none = argument("None", literal=None)
    only_keepdim = call(x=argument("x"), dim=none, keepdim=argument("True"))
    assert fill(template, only_keepdim) == "tf.reduce_sum(x, keepdims=True)"


def test_an_argument_that_the_template_needs_and_nobody_gave_is_refused():
    with pytest.raises(Refusal, match="needs the argument dim"):
        fill("tf.concat({x}, axis={dim})", call(x=argument("x")))


@pytest.mark.parametrize(
    ("template", "code", "expected"),
    [
        ("{x}.shape", "a + b", "(a + b).shape"),
        ("{x}.shape", "a.b", "a.b.shape"),
        ("{x}.shape", "f(a)[0]", "f(a)[0].shape"),
        ("{x}.shape", "-a", "(-a).shape"),
        ("{x}.shape", "f(a) + g(b)", "(f(a) + g(b)).shape"),
        ("{x}.dtype", "a if b else c", "(a if b else c).dtype"),
        ("{x} * 2", "a + b", "(a + b) * 2"),
        ("2 ** {x}", "a * b", "2 ** (a * b)"),
        ("tf.exp({x})", "a + b", "tf.exp(a + b)"),
        ("tf.f(1, axis={x})", "a + b", "tf.f(1, axis=a + b)"),
        ("{x}.shape", "f(')') + a", "(f(')') + a).shape"),
        ("{x}.shape", "f('(', a)", "f('(', a).shape"),
    ],
)
def test_operators_are_put_in_parentheses_where_they_must_be(template, code, expected):
    assert fill(template, call(x=argument(code))) == expected


@pytest.mark.parametrize("code", ["a", "a.b", "f(x)", "f(x).g(y)[0]", "(a + b)", "[1, 2]", "x[i + 1]", "f('a - b')"])
def test_what_is_one_thing_stays_bare(code):
    assert parenthesize(code) == code


@pytest.mark.parametrize(
    ("rank", "axis", "expected"),
    [
        (4, 0, "0"), (4, 1, "-1"), (4, 2, "1"), (4, 3, "2"),
        (4, -1, "2"), (4, -2, "1"), (4, -3, "-1"), (4, -4, "0"),
        (3, 1, "-1"), (3, 2, "1"), (3, -1, "1"), (5, 4, "3"),
        (4, (2, 3), "(1, 2)"), (4, [1, -1], "(-1, 2)"),
    ],
)  # fmt: skip
def test_axes_of_an_image_are_renumbered(rank, axis, expected):
    bound = call(Layout.IMAGE, x=argument("x", image(rank)), dim=argument(str(axis), literal=axis))
    assert fill("tf.f({x}, axis={dim:axis})", bound) == f"tf.f(x, axis={expected})"


def test_axes_in_torch_order_are_left_as_written():
    bound = call(x=argument("x", plain(4)), dim=argument("self.dim"))
    assert fill("tf.f({x}, axis={dim:axis})", bound) == "tf.f(x, axis=self.dim)"


def test_a_computed_axis_of_an_image_is_refused():
    bound = call(Layout.IMAGE, x=argument("x", image()), dim=argument("self.dim"))
    with pytest.raises(Refusal, match="not a constant") as refusal:
        fill("tf.f({x}, axis={dim:axis})", bound)
    assert refusal.value.hint


def test_sizes_become_one_tuple():
    assert sizes_code((argument("2"), argument("-1"))) == "(2, -1)"
    assert sizes_code((argument("n"),)) == "(n,)"
    assert sizes_code((argument("(2, 3)", literal=(2, 3)),)) == "(2, 3)"
    assert sizes_code((argument("ops.shape(x)", Shape(plain(4))),)) == "ops.shape(x)"


def test_the_shape_of_an_image_is_put_in_torch_order():
    shape = argument("ops.shape(x)", Shape(image()))
    assert sizes_code((shape,)) == "(ops.shape(x)[0], ops.shape(x)[-1], *ops.shape(x)[1:-1])"
    with pytest.raises(Refusal, match="torch's order"):
        sizes_code((shape, argument("2")))


# Binding -------------------------------------------------------------------------------------------------------------

ROW = Op("torch.example", "input, size, mode='a', *, scale=None", "tf.example({input})")


def test_parameters_are_read_from_their_text():
    found = [(p.name, p.variadic, p.keyword_only, p.default) for p in parameters(ROW)]
    assert found == [
        ("input", False, False, ""),
        ("size", False, False, ""),
        ("mode", False, False, "'a'"),
        ("scale", False, True, "None"),
    ]
    variadic = parameters(Op("torch.example", "input, *size, dtype=None", ""))
    found_variadic = [(p.name, p.variadic, p.keyword_only) for p in variadic[1:]]
    assert found_variadic == [("size", True, False), ("dtype", False, True)]


def test_arguments_are_bound_by_place_and_by_name():
    x, size, scale = argument("x"), argument("2"), argument("0.5")
    bound = bind(ROW, "torch.example", [x], {"scale": scale, "size": size})
    assert bound.arguments == {"input": x, "size": size, "scale": scale}
    assert not bound.given("mode")


@pytest.mark.parametrize(
    ("positional", "keywords", "message"),
    [
        (1, {}, "without size"),
        (4, {}, "more positional arguments"),
        (2, {"size": argument("3")}, "two values for size"),
        (2, {"out": argument("y")}, "doesn't cover the argument out"),
    ],
)
def test_what_a_row_does_not_cover_is_refused(positional, keywords, message):
    with pytest.raises(Refusal, match=message):
        bind(ROW, "torch.example", [argument("x")] * positional, dict(keywords))
