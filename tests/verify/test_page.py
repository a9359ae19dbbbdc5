"""The page: every architecture in a table, every reason printed."""

import dataclasses

from transpiler.verify.page import column_of, render_page
from transpiler.verify.record import CheckResult, Row, Settings

PASSED = Row(
    "swin_x",
    "timm.models.swin",
    "pass",
    parameters=28_300_000,
    img_size=(224, 224),
    checks={
        "logits": CheckResult("pass", 1e-6),
        "logits XLA": CheckResult("pass", 3e-6),
        "228×212": CheckResult("pass", 2e-6),
        "228×212 tf.function": CheckResult("pass", 5e-6),
        "intermediates NLC": CheckResult("not applicable", note="timm: only NCHW"),
    },
    versions={"timm": "1.0.31"},
)
REDUCED = Row("vit_big", "timm.models.vit", "pass", reduced={"depth": 3}, checks={"logits": CheckResult("pass", 1e-6)})
REFUSED = Row("vit_y", "timm.models.vit", "refused", reason="needs about 90 GiB")


def test_page_shows_every_row_and_every_reason() -> None:
    page = render_page([REFUSED, PASSED, REDUCED])
    assert "| `timm.models.swin` | 1 | 1 | 0 | 0 | 0 | 0 | — | 5.0e-06 |" in page
    assert "| `timm.models.vit` | 2 | 1 | 0 | 0 | 1 | 1 | — | 1.0e-06 |" in page
    assert "| `swin_x` | pass | 28.3 | 224×224 |  | 1.0e-06 | — | 3.0e-06 | — | — | 5.0e-06 | — | — |" in page
    assert "- `vit_y`: refused: needs about 90 GiB" in page
    assert "depth=3" in page
    assert "- intermediates NLC: not applicable to 1: timm: only NCHW" in page
    assert "timm 1.0.31" in page


def test_result_says_when_it_is_not_of_float32() -> None:
    page = render_page([dataclasses.replace(PASSED, settings=Settings(dtype="float64", tolerance=1e-9))])
    assert "| `swin_x` | pass (float64) | 28.3 |" in page
    assert "up to 1e-09 passes" in page


def test_columns_of_checks() -> None:
    assert column_of("logits") == "logits"
    assert column_of("logits tf.function") == "tf.function"
    assert column_of("pre-logits") == "features"
    assert column_of("intermediates norm") == "intermediates"
    assert column_of("features_only tf.function") == "features_only"
    assert column_of("state_dict") is None


def test_nothing_verified_is_still_a_page() -> None:
    assert render_page([]).startswith("# Parity with timm")
