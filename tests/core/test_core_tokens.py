"""Tokens become images without a transpose; tuples of a map and tokens are handed over as the other side takes them."""

from __future__ import annotations

import pytest

TOKENS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor):
        B, C, H, W = x.shape
        y = self.conv(x).flatten(2).transpose(1, 2)
        return self.conv({made})
"""


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ("y.transpose(1, 2).reshape(B, C, H, W)", "F.image_of_tokens(y, (B, C, H, W))"),
        ("y.permute(0, 2, 1).contiguous().view(B, -1, H, W)", "F.image_of_tokens(y, (B, -1, H, W))"),
        (
            "(2 * y.transpose(-1, -2)).reshape(B, C, H, W)",
            "F.image_of_tokens(F.swap_axes(2 * tf.linalg.matrix_transpose(y), -2, -1), (B, C, H, W))",
        ),
    ],
)
def test_tokens_whose_channels_come_first_become_an_image(transpile, made, code):
    run = transpile(TOKENS.replace("{made}", made))
    assert f"return self.conv({code})" in run.text()
    assert not run.transposes()


def test_heads_that_are_split_are_no_image(transpile):
    run = transpile(TOKENS.replace("{made}", "y.transpose(1, 2).reshape(B, 2, C // 2, H * W).mean(1, keepdim=True)"))
    assert "image_of_tokens" not in run.text()


PAIR = """
from typing import Tuple

class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)

    def forward(self, x: Tuple[torch.Tensor, torch.Tensor]) -> Tuple[torch.Tensor, torch.Tensor]:
        x, tokens = x
        x = self.conv(x)
        tokens = torch.cat((tokens, x.flatten(2).transpose(1, 2)), dim=1)
        return x, tokens

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage = Stage()

    def forward(self, x: torch.Tensor, tokens: torch.Tensor):
        b, n, c = tokens.shape
        {made}
        return self.stage({given})
"""
PLAIN = "x = tokens.permute(0, 2, 1).reshape(b, c, n, 1)"


def test_the_tensors_of_a_tuple_are_stored_as_they_are_used(transpile):
    run = transpile(PAIR.replace("{made}", PLAIN).replace("{given}", "(x, tokens)"))
    assert "tokens = tf.concat((tokens, F.flatten(x, 1, -2)), axis=1)" in run.text()
    assert "return self.stage((tf.transpose(x, (0, 2, 3, 1)), tokens))" in run.text()
    assert len(run.transposes()) == 1


def test_a_tuple_that_is_not_written_out_is_refused_where_it_would_need_a_transpose(transpile):
    run = transpile(PAIR.replace("{made}", f"{PLAIN}; pair = (x, tokens)").replace("{given}", "pair"))
    assert [diagnostic.code for diagnostic in run.result.diagnostics] == ["L208"]
