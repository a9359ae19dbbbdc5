"""The table as a whole: every row is used, has an example, and names things that exist."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest
import torch
from row_cases import op_rows
from row_census import mentioned
from row_signatures import constructor, lookup

import keras  # isort: skip
import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip

import transpiler.rules
from transpiler import rules
from transpiler.rules.template import parameters
from transpiler.runtime import functional as F
from transpiler.runtime import nn

# Arguments that say how torch manages memory or gradients: a row may leave them out of its expression.
WITHOUT_EFFECT = {"inplace", "memory_format", "copy", "use_reentrant"}
FACTORY = {"device", "dtype"}
# Rows for what timm doesn't write and other torch sources do; what has no effect costs nothing to erase.
BEYOND_TIMM = {
    "torch.Tensor.cuda",
    "torch.jit.export",
    "torch.compiler.disable",
    "torch.Tensor.reciprocal",
    "torch.nn.functional.binary_cross_entropy",  # RSBuilding's losses
    "torch.Tensor.tensor_split",  # timm up to 1.0.25
    "torch.cuda.amp.autocast",  # timm up to 1.0.9
    "torch.nn.Tanh",
    "torch.nn.Softplus",
    "torch.nn.PixelShuffle",
    "torch.nn.PixelUnshuffle",
    "torch.nn.BatchNorm3d",
    "torch.nn.ReflectionPad2d",
    "torch.nn.ReplicationPad2d",
    "torch.nn.Hardtanh",
    "torch.nn.parameter.Parameter",
    "torch.half",
    "torch.double",
    "torch.int",
    "torch.int16",
    "torch.int8",
}
# Classes that hand any arguments on to a base class, which tells them.
CONSTRUCTOR_OF = {"torch.nn.LSTM": "torch.nn.RNNBase"}
# Constructor arguments that a layer doesn't have: giving one is an error of Keras', never ignored.
NOT_COVERED = {
    "torch.nn.LSTM": {"mode"},
    "torch.nn.Embedding": {"max_norm", "norm_type", "scale_grad_by_freq", "sparse", "_weight", "_freeze"},
    "torch.nn.BatchNorm1d": {"bias"},
    "torch.nn.BatchNorm2d": {"bias"},
    "torch.nn.BatchNorm3d": {"bias"},
    "torch.nn.Hardtanh": {"min_value", "max_value"},  # old names of min_val and max_val
    "torch.nn.GroupNorm": {"bias"},
    "torch.nn.SyncBatchNorm": {"process_group", "bias"},
    "torch.nn.AdaptiveMaxPool2d": {"return_indices"},
}
LAYERS = [row for row in rules.ROWS if isinstance(row, rules.Layer)]
VALUES = [row for row in rules.ROWS if isinstance(row, rules.Value)]


def names(row: rules.Row) -> tuple[str, ...]:
    return (row.torch, *getattr(row, "also", ()))


def test_no_name_has_two_rows():
    everything = [name for row in rules.ROWS for name in names(row)]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize("row", op_rows(), ids=lambda row: row.torch)
def test_every_op_has_an_example(row):
    assert row.cases


@pytest.mark.parametrize("row", rules.ROWS, ids=lambda row: row.torch)
def test_every_row_is_used(row):
    """A row goes when no module of timm mentions any of its names, unless it is listed above with a reason."""
    used = any(name in mentioned() or any(word.startswith(f"{name}.") for word in mentioned()) for name in names(row))
    assert used != (row.torch in BEYOND_TIMM)


@pytest.mark.parametrize("row", [r for r in rules.ROWS if not isinstance(r, rules.Op)], ids=lambda row: row.torch)
def test_names_exist(row):
    lookup(row.torch)


@pytest.mark.parametrize("row", [row for row in op_rows() if isinstance(row.tf, str)], ids=lambda row: row.torch)
def test_expression_uses_every_argument(row):
    """An argument that a row takes and its expression drops would be lost without a word."""
    placeholders = set(re.findall(r"\{(\w+)", row.tf))
    assert placeholders == {parameter.name for parameter in parameters(row)} - WITHOUT_EFFECT


def test_expressions_name_what_the_runtime_has():
    """Every `F.x`, `nn.x` and `tf.x` written in a row, in templates and in the functions that write expressions."""
    spaces = {"F": F, "nn": nn, "tf": tf, "ops": keras.ops}
    missing = []
    for path in sorted(Path(transpiler.rules.__file__).parent.glob("*.py")):
        for text in _strings(path):
            for space, dotted in re.findall(r"(?<![\w.])(F|nn|tf|ops)\.((?:\w+\.)*\w*[a-zA-Z0-9])(?=[({\s,)]|$)", text):
                if _attribute(spaces[space], dotted) is None:
                    missing.append(f"{path.name}: {space}.{dotted}")
    assert missing == []


def _strings(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _attribute(owner: object, dotted: str) -> object:
    for part in dotted.split("."):
        owner = getattr(owner, part, None)
    return owner


# Values and layers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", VALUES, ids=lambda row: row.torch)
def test_value_evaluates(row):
    value = eval(row.tf, {"tf": tf, "List": list, "nn": nn, "F": F, "math": math, "np": np, "keras": keras})
    ours = lookup(row.torch)
    if isinstance(ours, torch.dtype):
        assert str(ours) == f"torch.{value.name}"
    elif isinstance(ours, float):
        assert value == ours


@pytest.mark.parametrize("row", LAYERS, ids=lambda row: row.torch)
def test_layer_takes_torchs_constructor_arguments(row):
    """The same parameters in the same order with the same defaults, but for torch's factory arguments."""
    left_out = FACTORY | NOT_COVERED.get(row.torch, set())
    theirs = [p for p in constructor(lookup(CONSTRUCTOR_OF.get(row.torch, row.torch))) if p.name not in left_out]
    ours = constructor(_attribute(nn, row.runtime.removeprefix("nn.")))
    for place, parameter in enumerate(theirs):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            assert any(p.kind is parameter.kind for p in ours), f"no {parameter}"
            continue
        assert place < len(ours), f"no {parameter.name}"
        assert ours[place].name == parameter.name
        assert parameter.default in (ours[place].default, parameter.empty)
        assert parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or ours[place].kind is parameter.kind
    assert any(p.kind is p.VAR_KEYWORD for p in ours), "a layer takes Keras' own arguments too"
    assert not {p.name for p in ours} & left_out - {"dtype"}, "what is covered is listed as not covered"
