"""Models built without their first random weights: constants and buffers stay, and everything is as before after."""

from types import ModuleType

import pytest

from transpiler.verify.frameworks import keras, timm, torch  # isort: skip
from transpiler.verify.uninitialised import uninitialised


@pytest.fixture
def package() -> ModuleType:
    return ModuleType("stand_in")


def test_nothing_is_drawn_for_torchs_parameters(package: ModuleType) -> None:
    state = torch.get_rng_state()
    with uninitialised(package):
        layer = torch.nn.Linear(3, 4)
        timm.layers.trunc_normal_(layer.weight, std=0.02)
        norm = torch.nn.LayerNorm(4)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(norm.weight, torch.ones(4))


def test_other_tensors_are_drawn_as_ever(package: ModuleType) -> None:
    with uninitialised(package):
        assert torch.empty(100).normal_().std() > 0
        assert torch.nn.init.normal_(torch.zeros(100)).std() > 0


def test_keras_weights_are_zeros_within_and_random_after(package: ModuleType) -> None:
    with uninitialised(package):
        assert not keras.initializers.VarianceScaling()((3, 4)).numpy().any()
    assert keras.initializers.VarianceScaling()((3, 4)).numpy().any()


def test_the_runtimes_fills_are_passed_over(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    runtime = ModuleType("stand_in.runtime.init")
    runtime.normal_ = runtime.zeros_ = lambda tensor, std=1.0: "filled"  # type: ignore[attr-defined]
    for name, module in (("stand_in", package), ("stand_in.runtime", ModuleType("r")), (runtime.__name__, runtime)):
        monkeypatch.setitem(sys.modules, name, module)
    with uninitialised(package):
        assert runtime.normal_("as it was", std=2.0) == "as it was"
        assert runtime.zeros_("as it was") == "filled"
    assert runtime.normal_("as it was") == "filled"
