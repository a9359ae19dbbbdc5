"""The example calls with tensors that the generated code holds as channels-last images."""

from __future__ import annotations

import pytest
from row_cases import Example, arrays, as_image, image_examples, op_rows
from row_running import check_gradient, check_graph, check_values
from row_snippets import Transpiled, transpile

EXAMPLES = list(image_examples())
every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@pytest.fixture(scope="module")
def one_image(tmp_path_factory) -> dict[str, Transpiled]:
    """The examples with their first tensor as an image, and torch's order for the others."""
    done = transpile([as_image(example.case) for example in EXAMPLES], tmp_path_factory.mktemp("one_image"))
    return dict(zip([example.name for example in EXAMPLES], done, strict=True))


@pytest.fixture(scope="module")
def all_images(tmp_path_factory) -> dict[str, Transpiled]:
    """The examples of rows that work on any layout with every tensor of rank 4 as an image."""
    chosen = [example for example in EXAMPLES if example.row.layout in ("any", "axis")]
    done = transpile([as_image(e.case, all_of_them=True) for e in chosen], tmp_path_factory.mktemp("all_images"))
    return dict(zip([example.name for example in chosen], done, strict=True))


@every_example
def test_is_right_or_refused(example: Example, one_image):
    """What has no image form is computed in torch's order, or refused with a place and a way out."""
    done = one_image[example.name]
    if example.case.image:
        assert done.diagnostics == ()
    if done.diagnostics:
        assert all(found.where and found.hint for found in done.diagnostics)
        return
    check_values(done, arrays(example.case))
    if example.case.image and example.case.gradient:
        check_gradient(done, arrays(example.case))


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.case.image], ids=lambda example: example.name)
def test_with_unknown_batch_in_a_graph(example: Example, one_image):
    check_graph(one_image[example.name], arrays(example.case))


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.case.image and e.row.layout in ("axis", "image")], ids=lambda e: e.name
)
def test_needs_no_transpose(example: Example, one_image, all_images):
    done = (one_image if example.row.layout == "image" else all_images)[example.name]
    assert done.transposes == 0


def test_an_image_expands_to_the_shape_of_another(all_images):
    (example,) = (e for e in EXAMPLES if e.case.code == "x.expand(y.shape)")
    done = all_images[example.name]
    assert (done.diagnostics, done.transposes) == ((), 0)
    check_values(done, arrays(example.case))


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.row.layout == "any"], ids=lambda e: e.name)
def test_layout_free_rows_take_images_as_they_are(example: Example, all_images):
    done = all_images[example.name]
    assert done.diagnostics == ()
    assert done.transposes == 0
    check_values(done, arrays(example.case))


def test_every_row_that_works_on_images_has_an_image_case():
    rows = {example.row.torch for example in EXAMPLES if example.case.image}
    assert [row.torch for row in op_rows() if row.layout in ("image", "axis") and row.torch not in rows] == []
