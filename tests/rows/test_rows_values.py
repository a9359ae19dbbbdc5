"""Every example call of the rule table, transpiled and executed in both frameworks."""

from __future__ import annotations

import pytest
from row_cases import Example, arrays, examples, in_torch_order, without_hints
from row_running import check_gradient, check_graph, check_values, has_batch
from row_snippets import Transpiled, transpile

EXAMPLES = examples()
every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@pytest.fixture(scope="module")
def unknown(tmp_path_factory) -> dict[str, Transpiled]:
    """The examples where nothing but the annotation `torch.Tensor` is known."""
    done = transpile([without_hints(example.case) for example in EXAMPLES], tmp_path_factory.mktemp("unknown"))
    return dict(zip([example.name for example in EXAMPLES], done, strict=True))


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> dict[str, Transpiled]:
    """The examples where rank and dtype of the inputs are known, which are held in torch's order."""
    done = transpile([in_torch_order(example.case) for example in EXAMPLES], tmp_path_factory.mktemp("known"))
    return dict(zip([example.name for example in EXAMPLES], done, strict=True))


@every_example
def test_of_unknown_rank(example: Example, unknown):
    done = unknown[example.name]
    assert done.diagnostics == ()
    check_values(done, arrays(example.case))


@every_example
def test_in_torch_order(example: Example, known):
    done = known[example.name]
    assert done.diagnostics == ()
    check_values(done, arrays(example.case))
    if example.case.gradient:
        check_gradient(done, arrays(example.case))


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.case.graph and has_batch(arrays(e.case))], ids=lambda example: example.name
)
def test_with_unknown_batch_in_a_graph(example: Example, known):
    check_graph(known[example.name], arrays(example.case))
