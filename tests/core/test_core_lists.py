"""Lists of tensors across functions and modules: what they hold is stored as the other side takes it, or refused."""

from __future__ import annotations

import pytest

FUSION = """\
class Fusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList()
        for _ in range(2):
            self.convs.append(nn.Conv2d(2, 2, 1))

    def forward(self, inputs):
        outs = []
        for i in range(len(inputs)):
            conv = self.convs[i]
            outs.append(conv(inputs[i]))
        return torch.cat(outs, dim=1), inputs[0].shape[2:]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 2, 1)
        self.fusion = Fusion()

    def forward(self, x: torch.Tensor, tokens: torch.Tensor):
        b, n, c = tokens.shape
        maps = []
        for _ in range(2):
            maps.append({made})
        return self.fusion({given})
"""
PLAIN = "tokens.permute(0, 2, 1).reshape(b, c, n, 1)"


def fusion(transpile, made: str, given: str):
    return transpile(FUSION.replace("{made}", made).replace("{given}", given))


def test_a_list_of_images_is_handed_over_as_it_is(transpile):
    run = fusion(transpile, "self.stem(x)", "maps[::-1]")
    assert "return self.fusion(maps[::-1])" in run.text()
    assert (
        "outs.append(conv(inputs[i]))\n        return tf.concat(outs, axis=-1), ops.shape(inputs[0])[1:-1]"
        in run.text()
    )


def test_each_tensor_of_a_list_is_transposed_where_the_other_side_takes_images(transpile):
    run = fusion(transpile, PLAIN, "maps[::-1]")
    assert "return self.fusion([tf.transpose(item, (0, 2, 3, 1)) for item in maps[::-1]])" in run.text()
    assert len(run.transposes()) == 1


def test_a_list_that_is_written_out_is_transposed_in_its_places(transpile):
    run = fusion(transpile, PLAIN, "[self.stem(x), maps[0]]")
    assert "return self.fusion([self.stem(x), tf.transpose(maps[0], (0, 2, 3, 1))])" in run.text()


def test_a_list_of_both_is_refused(transpile):
    code = "        both = [self.stem(x), maps[0]]\n        return self.fusion(both)\n"
    run = transpile(FUSION.replace("{made}", PLAIN).replace("        return self.fusion({given})\n", code))
    assert run.codes == ["L202"], run.report


TWO_ARGUMENTS = """\
class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(2, 2, 1)
        self.right = nn.Conv2d(2, 2, 1)

    def forward(self, left, right=None):
        return self.left(left) if right is None else self.left(left) + self.right(right)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = Gate()

    def forward(self, x: torch.Tensor, tokens: torch.Tensor):
        b, n, c = tokens.shape
        {setup}
        return self.gate(x, {argument})
"""
MAP = "tokens.transpose(1, 2).reshape(b, c, n, 1)"


@pytest.mark.parametrize(
    ("setup", "argument", "expected"),
    [
        (f"y = {MAP}", "y", "self.gate(x, tf.transpose(y, (0, 2, 3, 1)))"),
        (f"y = {MAP}", "right=y", "self.gate(x, right=tf.transpose(y, (0, 2, 3, 1)))"),
        (
            f"if n > 2:\n            y = {MAP}\n        else:\n            y = None",
            "y",
            "self.gate(x, None if y is None else tf.transpose(y, (0, 2, 3, 1)))",
        ),
    ],
)
def test_every_argument_of_a_module_is_stored_as_it_takes_it(transpile, setup, argument, expected):
    run = transpile(TWO_ARGUMENTS.replace("{setup}", setup).replace("{argument}", argument))
    assert f"return {expected}" in run.text()


def test_what_is_added_to_a_container_is_what_it_holds(transpile):
    code = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList()
        self.layers.append(nn.Conv2d(2, 2, 1))

    def forward(self, x):
        found = [x]
        for layer in self.layers:
            found.append(layer(x))
        return torch.cat(found, dim=1)
"""
    assert "return tf.concat(found, axis=-1)" in transpile(code).text()


def test_what_a_hint_says_of_a_parameter_binds_its_callers(transpile, own_overrides):
    hint = '[[hint]]\nfunction = "net.summed"\nparameters = { x = "PLAIN:4" }\nreason = "said here"\n'
    (own_overrides / "index.toml").write_text(hint, encoding="utf-8")
    code = """\
def summed(x):
    return x.sum(dim=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        return summed(self.conv(x))
"""
    run = transpile(code)
    assert "return tf.reduce_sum(x, axis=1)" in run.text()
    assert "return summed(tf.transpose(self.conv(x), (0, 3, 1, 2)))" in run.text()


def test_halves_of_an_axis_of_unknown_size_are_two(transpile):
    run = transpile(
        "def f(x: torch.Tensor):\n    return torch.split(x, x.shape[0] // 2, dim=0), x.split(x.size(1) // 2, 1)\n"
    )
    assert "return tf.split(x, 2, axis=0), tf.split(x, 2, axis=1)" in run.text()


def test_arguments_in_a_dict_are_handed_on_where_names_are_torchs(transpile):
    code = "def f(self, x: torch.Tensor, **rest):\n    x = F.max_pool2d(x, 2)\n    return F.interpolate(x, size=(4, 4), **rest)\n"
    assert "return F.interpolate(x, size=(4, 4), **rest)" in transpile(code).text()
    assert transpile("def f(x: torch.Tensor, **rest):\n    return torch.sum(x, **rest)\n").codes == ["T102"]


def test_what_is_not_trained_is_said_to_keras(transpile):
    code = "def f(part):\n    for name, p in part.named_parameters():\n        p.requires_grad = False\n"
    assert "p.trainable = False" in transpile(code).text()


PLACES = """\
from typing import List


def zigzag(n: int) -> List[int]:
    places = []
    for row in [[] for _ in range(n)]:
        places.extend(row)
    return places


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.places = zigzag(4)

    def forward(self, tokens: torch.Tensor):
        b, n, c = tokens.shape
        return tokens[{index}]
"""


def test_a_list_of_integers_gathers(transpile):
    run = transpile(PLACES.replace("{index}", ":, self.places, :"))
    assert "return tf.gather(tokens, self.places, axis=1)" in run.text()


def test_a_list_beside_other_indices_is_refused(transpile):
    assert transpile(PLACES.replace("{index}", ":, self.places, 0")).codes == ["T104"]


FEATURES = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor, tokens: torch.Tensor):
        b, n, c = tokens.shape
        features = [tokens.transpose(1, 2)]
        features.append(self.conv(x).flatten(2))
        return torch.cat([each.mean(-1) for each in features], dim=1)
"""


def test_a_flattened_image_goes_into_a_list_in_torchs_order(transpile):
    run = transpile(FEATURES)
    assert "features.append(tf.transpose(F.flatten(self.conv(x), 1, -2), (0, 2, 1)))" in run.text()
    assert "tf.reduce_mean(each, axis=-1) for each in features" in run.text()
