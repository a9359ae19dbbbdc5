"""Cutting depth: which arguments count blocks, and where they are replaced."""

import inspect
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from transpiler.verify.depth import DepthLimit, counterparts, cut_constructors, described, parameter_names

LIMIT = DepthLimit(blocks=3, blocks_of_stage=2)


@dataclass(frozen=True)
class _Config:
    depths: tuple[int, ...] = (2, 6)
    width: int = 8


class _Base:
    def __init__(self, depth: int = 12, width: int = 8, **kwargs: Any) -> None:
        self.depth, self.width, self.kwargs = depth, width, kwargs


class _Derived(_Base):
    def __init__(self, *args: Any, token: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class _Heir(_Base):
    pass


@pytest.mark.parametrize(
    ("arguments", "cut"),
    [
        ({"depth": 12, "width": 12}, {"depth": 3}),
        ({"depth": 3}, {}),
        ({"depths": (2, 2, 18, 2)}, {"depths": (2, 2, 2, 2)}),
        ({"depths": (1, 1, 3, 1)}, {"depths": (1, 1, 2, 1)}),
        ({"layers": [3, 4]}, {"layers": [2, 2]}),
        ({"depths": ((1, 2), 3)}, {"depths": ((1, 2), 2)}),
        ({"depths": None, "cfg": object()}, {}),
        ({"block_args": [["a"], ["b", "c", "d"]]}, {"block_args": [["a"], ["b", "c"]]}),
        ({"stages": (2, 8), "global_att_blocks": (5,)}, {}),
        ({"depth": 5, "kv_heads": (8, 8, 4, 8, 8)}, {"depth": 3, "kv_heads": (8, 4, 8)}),
        ({"depth": 3, "kv_heads": (8, 4, 8)}, {}),
        ({"cfg": _Config()}, {"cfg": _Config((2, 2))}),
        ({"cfg": _Config((1, 1))}, {}),
        ({"cfg": _Config}, {}),
    ],
)
def test_what_counts_blocks_is_cut(arguments: dict[str, Any], cut: dict[str, Any]) -> None:
    assert LIMIT.cut(arguments) == cut


def test_cut_arguments_are_described_as_numbers() -> None:
    assert described({"depth": 3, "block_args": [["a"], ["b", "c"]], "cfg": _Config((2, 2))}) == {
        "depth": 3,
        "block_args": (1, 2),
        "cfg.depths": (2, 2),
    }


def test_classes_build_cut_models_within_and_usual_ones_after() -> None:
    constructors = _Base.__init__, _Derived.__init__
    with cut_constructors([_Base, _Derived], LIMIT) as seen:
        assert (_Base(12, 5).depth, _Base(12, 5).width, _Base().depth) == (3, 5, 3)
        assert _Base(layers=(3, 1)).kwargs == {"layers": (2, 1)}
        assert _Derived(depth=9, token=True).depth == 3
        assert list(inspect.signature(_Base.__init__).parameters) == ["self", "depth", "width", "kwargs"]
    assert seen == {"depth": 3, "layers": (2, 1)}
    assert (_Base.__init__, _Derived.__init__) == constructors
    with cut_constructors([_Heir], LIMIT):
        assert _Heir().depth == 3
    assert "__init__" not in vars(_Heir)
    assert _Heir().depth == 12


def test_parameter_names_include_inherited_ones() -> None:
    assert {"depth", "width", "token"} <= parameter_names(_Derived)


def test_a_package_without_the_class_has_no_counterpart() -> None:
    assert counterparts([_Base], ModuleType("nowhere")) == []
