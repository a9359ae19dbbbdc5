"""What a row doesn't cover is a diagnostic with a place and a way out, and nothing is guessed."""

from __future__ import annotations

import pytest
from row_snippets import HEADER, MODULE, Snippet, Transpiled, transpile

IMAGE = {"x": "IMAGE:4"}
REFUSED = {
    "an argument that is not covered": (Snippet("torch.argsort(x, stable=True)"), "T102", "stable"),
    "too many arguments": (Snippet("x.exp(1)"), "T102", "more positional arguments"),
    "a needed argument is missing": (Snippet("x.softmax()"), "T102", "without dim"),
    "arguments that can't be seen": (Snippet("x.sum(**{'dim': 1})"), "T102", "**"),
    "a computed axis of an image": (Snippet("x.mean(len(x.shape) - 1)", kinds=IMAGE), "T102", "not a constant"),
    "computed axes of an image": (Snippet("x.permute(0, len(x.shape) - 1, 1, 2)", kinds=IMAGE), "T102", "constants"),
    "an axis of a transpose": (Snippet("x.transpose(len(x.shape) - 1, 1)"), "T102", "constant"),
    "sizes from an image": (Snippet("torch.zeros(*x.shape, 2)", kinds=IMAGE), "T102", "torch's order"),
    "a norm that TensorFlow lacks": (Snippet("x.norm(p=1, dim=(1, 2))"), "T102", "several axes"),
    "clamp without limits": (Snippet("x.clamp()"), "T102", "without min and max"),
    "tensors of two layouts in a list": (
        Snippet("torch.cat([x, y], dim=1)", ("x", "y"), {"x": "IMAGE:4", "y": "PLAIN"}), "L202", "different layouts",
    ),
    "a torch name without a row": (Snippet("torch.bucketize(x, x)"), "T101", "torch.bucketize"),
    "a method without a row": (Snippet("x.index_add_(0, x, x)"), "T101", "index_add_"),
    "a name that is declared missing": (Snippet("torch.save(x, 'file')"), "T103", "torch.save"),
}  # fmt: skip


@pytest.fixture(scope="module")
def refused(tmp_path_factory) -> dict[str, Transpiled]:
    done = transpile([snippet for snippet, _, _ in REFUSED.values()], tmp_path_factory.mktemp("refused"), execute=False)
    return dict(zip(REFUSED, done, strict=True))


@pytest.mark.parametrize("title", REFUSED)
def test_refusal_says_where_what_and_what_next(title, refused):
    snippet, code, words = REFUSED[title]
    (found,) = refused[title].diagnostics
    assert found.code == code
    assert words in found.message
    assert found.hint
    assert found.severity == "error"
    assert found.source_line == f"    return {snippet.code}"
    first_line = HEADER.count("\n") + 1
    number = list(REFUSED).index(title)
    assert found.where.path == f"{MODULE.replace('.', '/')}.py"
    assert (found.where.line, found.where.column) == (first_line + 4 * number + 1, len("    return ") + 1)
    place, source, caret, hint = found.render().splitlines()
    assert place.startswith(f"{found.where.path}:{found.where.line}:{found.where.column}: error {code}: ")
    assert source[caret.index("^")] == snippet.code[0]
    assert hint.strip().startswith("hint: ")
