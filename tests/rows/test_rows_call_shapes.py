"""Every example in every way that torch lets its call be written."""

from __future__ import annotations

import pytest
from row_call_shapes import call_shapes
from row_cases import Example, arrays, examples, in_torch_order, op_rows
from row_running import check_values
from row_snippets import Transpiled, transpile

from transpiler.rules.table import Op


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> dict[str, list[tuple[Example, Transpiled]]]:
    """By row: each example, and what came out for one way of writing it."""
    wanted = [(example, code) for example in examples() for code in call_shapes(example)[1:]]
    done = transpile([in_torch_order(e.case, code) for e, code in wanted], tmp_path_factory.mktemp("shapes"))
    found: dict[str, list[tuple[Example, Transpiled]]] = {}
    for (example, _), transpiled in zip(wanted, done, strict=True):
        found.setdefault(example.row.torch, []).append((example, transpiled))
    return found


@pytest.mark.parametrize("row", op_rows(), ids=lambda row: row.torch)
def test_every_way_to_write_the_call(row: Op, shapes):
    for example, done in shapes.get(row.torch, ()):
        assert done.diagnostics == (), done.snippet.code
        try:
            check_values(done, arrays(example.case))
        except Exception as error:
            raise AssertionError(f"{done.snippet.code} became {done.text}") from error


def test_ways_are_told_apart():
    example = next(e for e in examples() if e.name == "torch.roll-0")
    assert example.case.code == "torch.roll(x, 3)"
    shaped = next(e for e in examples() if e.row.torch == "torch.roll" and "dims" in e.case.code)
    assert "x.roll" in " ".join(call_shapes(shaped)).replace("(x)", "x")
    assert any("dims=" in code and code.index("dims=") < code.index("shifts=") for code in call_shapes(shaped))
