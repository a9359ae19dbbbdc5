"""The whole verifier over a stand-in package that is torch underneath: it must pass, and each defect must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from transpiler.verify.frameworks import tf, timm, torch  # isort: skip
from transpiler.verify import sweep as sweep_module
from transpiler.verify.architecture import verify_architecture
from transpiler.verify.record import Row, Settings
from transpiler.verify.store import read_rows
from transpiler.verify.sweep import Sweep, describe_row

QUICK = Settings(quick=True)


class _StandIn:
    """A generated model's interface over timm's model; `distort` changes every output."""

    def __init__(self, model: torch.nn.Module, distort: Callable[[np.ndarray], np.ndarray]) -> None:
        self._model, self._distort = model.eval(), distort

    def load_state_dict(self, state: dict[str, np.ndarray], strict: bool = True) -> None:
        self._model.load_state_dict({name: torch.tensor(value) for name, value in state.items()}, strict=strict)

    def state_dict(self) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in self._model.state_dict().items()}

    def __call__(self, images: tf.Tensor) -> Any:
        if tf.executing_eagerly():
            return self._run(self._model, images)
        result = tf.numpy_function(lambda x: self._run(self._model, x), [images], tf.float32)
        return tf.ensure_shape(result, (None, 1000))

    def forward_features(self, images: tf.Tensor) -> Any:
        return self._run(self._model.forward_features, images)

    def forward_head(self, features: np.ndarray, pre_logits: bool = False) -> Any:
        with torch.no_grad():
            return self._model.forward_head(torch.tensor(features), pre_logits=pre_logits).numpy()

    def forward_intermediates(self, images: tf.Tensor, **kwargs: Any) -> Any:
        return self._run(lambda x: self._model.forward_intermediates(x, **kwargs), images)

    def _run(self, function: Callable[[torch.Tensor], Any], images: Any) -> Any:
        with torch.no_grad():
            return self._convert(function(torch.tensor(np.asarray(images)).permute(0, 3, 1, 2)))

    def _convert(self, output: Any) -> Any:
        if isinstance(output, list | tuple):
            return [self._convert(item) for item in output]
        array = output.numpy()
        return self._distort(np.moveaxis(array, 1, -1) if array.ndim == 4 else array)


def _package(distort: Callable[[np.ndarray], np.ndarray] = lambda array: array) -> Any:
    def create_model(name: str, **kwargs: Any) -> _StandIn:
        return _StandIn(timm.create_model(name, **kwargs), distort)

    return SimpleNamespace(__name__="stand_in", create_model=create_model, list_models=lambda: ["test_vit"])


def test_equal_models_pass_and_every_check_is_made() -> None:
    row = verify_architecture(_package(), "test_vit", QUICK)
    assert (row.status, row.reason) == ("pass", "")
    assert {check.status for check in row.checks.values()} == {"pass"}
    names = set(row.checks)
    assert {"state_dict", "logits", "logits tf.function", "features", "pre-logits", "intermediates"} <= names
    assert {"176×112", "176×112 tf.function", "173×117", "features_only"} <= names
    assert (row.img_size, row.reduced) == ((160, 160), {"depth": 3})
    assert "reduced to depth=3" in describe_row(row)


def test_arguments_reach_both_models() -> None:
    row = verify_architecture(_package(), "test_vit", QUICK, {"img_size": (96, 128), "in_chans": 1})
    assert (row.status, row.reason, row.img_size) == ("pass", "", (96, 128))
    assert row.name == "test_vit img_size=[96,128] in_chans=1"


@pytest.mark.parametrize(
    ("distort", "status"),
    [
        (lambda array: array * 1.001, "fail"),
        (lambda array: array + np.nan, "fail"),
        (lambda array: array[..., :-1], "fail"),
    ],
)
def test_defects_do_not_pass(distort: Callable[[np.ndarray], np.ndarray], status: str) -> None:
    row = verify_architecture(_package(distort), "test_vit", QUICK)
    assert row.checks["logits"].status == row.checks["features"].status == status
    assert row.checks["features_only"].status == status
    assert row.status != "pass" and "logits" in row.reason


def test_a_model_that_cannot_be_built_is_an_error_with_its_reason() -> None:
    package = _package()
    package.create_model = lambda name, **kwargs: 1 / 0
    row = verify_architecture(package, "test_vit", QUICK)
    assert row.status == "error"
    assert "load_state_dict: ZeroDivisionError" in row.reason


def test_an_architecture_outside_the_package_is_refused_by_name() -> None:
    row = verify_architecture(_package(), "test_vit2", QUICK)
    assert (row.status, row.module) == ("refused", "timm.models.vision_transformer")
    assert "stand_in" in row.reason


def test_resuming_keeps_rows_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def verify(package: ModuleType, arch: str, settings: Settings, arguments: dict[str, Any], debug: bool) -> Row:
        ran.append(arch)
        return Row(arch, "timm.models.vision_transformer", "pass", arguments=arguments, settings=settings)

    monkeypatch.setattr(sweep_module, "verify_architecture", verify)
    results, said = tmp_path / "new" / "rows.json", list[str]()

    def run(archs: list[str], **kwargs: Any) -> list[Row]:
        sweep = Sweep(ModuleType("p"), tmp_path, QUICK, {"timm": "1"}, results, **kwargs)
        return sweep.run(archs, said.append)

    run(["test_vit"])
    rows = run(["test_vit", "test_vit2"])
    assert ran == ["test_vit", "test_vit2"]
    assert [row.arch for row in rows] == ["test_vit", "test_vit2"] == list(read_rows(results))
    assert any(line.startswith("test_vit: kept from") for line in said)
    run(["test_vit"], fresh=True)
    assert ran == ["test_vit", "test_vit2", "test_vit"]
    assert list(read_rows(results)) == ["test_vit", "test_vit2"]
    run(["test_vit"], arguments={"img_size": (96, 128)})
    run(["test_vit"], arguments={"img_size": (96, 128)})
    assert ran[3:] == ["test_vit"]
    assert list(read_rows(results)) == ["test_vit", "test_vit img_size=[96,128]", "test_vit2"]
