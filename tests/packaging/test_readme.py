"""What the README shows and says is so."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from transpiler.cli import ExitCode, _parser

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str, after: str = "") -> list[str]:
    start = README.index(after)
    return re.findall(rf"^```{language}\n(.*?)^```$", README[start:], re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's source, and what the README's command makes of it."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "source").mkdir()
    (folder / "source" / "gated_block.py").write_text(blocks("python", "<!-- example: before -->")[0])
    command = [sys.executable, "-m", "transpiler", "gated_block"]
    assert " ".join(["python", *command[1:], "--source", "source"]) in README
    paths = ["--source", str(folder / "source"), "--out", str(folder / "generated_example")]
    subprocess.run([*command, *paths], cwd=REPOSITORY, check=True, capture_output=True)
    return folder


def test_example_is_what_comes_out(example: Path) -> None:
    shown = blocks("python", "<!-- example: after -->")[0]
    assert (example / "generated_example" / "gated_block.py").read_text() == shown


def test_example_gives_torchs_numbers(example: Path) -> None:
    import torch

    from transpiler.verify.frameworks import tf
    from transpiler.verify.package import import_package
    from transpiler.verify.randomise import randomise

    upstream = _load(example / "source" / "gated_block.py").GatedBlock(6).eval()
    randomise(upstream, seed=1)
    import_package(example / "generated_example")
    generated = importlib.import_module("generated_example.gated_block").GatedBlock(6)
    generated.load_state_dict(upstream.state_dict())
    images = np.random.default_rng(0).standard_normal((2, 6, 9, 6), dtype=np.float32)
    with torch.no_grad():
        torch_images = torch.from_numpy(images).permute(0, 3, 1, 2)
        expected = upstream(torch_images).permute(0, 2, 3, 1).numpy(), upstream.tokens(torch_images).numpy()
    for ours, theirs in zip(
        (generated(tf.constant(images)), generated.tokens(tf.constant(images))), expected, strict=True
    ):
        np.testing.assert_allclose(np.asarray(ours), theirs, atol=1e-5)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_code_is_python() -> None:
    for code in blocks("python"):
        ast.parse(code)


def test_ci_runs_the_test_command() -> None:
    (command,) = [line for block in blocks("bash") for line in block.splitlines() if "pytest" in line]
    assert command in (REPOSITORY / ".ci" / "run").read_text()


def test_exit_codes() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README[README.index("| exit status |") :], re.MULTILINE)}
    assert {code.value for code in ExitCode} <= told


def test_options() -> None:
    options = {option for action in _parser()._actions for option in action.option_strings if option.startswith("--")}
    (page,) = [block for block in blocks("text") if "--accept-override SYMBOL" in block]
    assert set(re.findall(r"^ +(--[a-z-]+)", page, re.MULTILINE)) == options - {"--help"}


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []


def test_measured_figures_are_those_of_the_data() -> None:
    text = _load(REPOSITORY / "docs" / "fill_readme.py").filled(README)
    assert text == README, "run: python docs/fill_readme.py"
