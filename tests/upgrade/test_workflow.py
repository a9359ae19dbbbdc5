"""The scheduled workflow uses options that are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml

from transpiler.cli import _parser

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "follow-timm.yml"


def _scripts() -> list[str]:
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_its_command_is_understood():
    (line,) = [line for script in _scripts() for line in script.splitlines() if "-m transpiler" in line]
    command = shlex.split(line.partition(" > ")[0])[3:]
    options = _parser().parse_args(command)
    assert options.upgrade_report and options.markdown and not options.modules


def test_what_it_installs_is_all_that_the_transpiler_imports():
    """Torch and TensorFlow are not installed there."""
    (line,) = [script for script in _scripts() if script.startswith("pip install")]
    installed = set(line.split()[2:])
    needed = set()
    for path in (WORKFLOW.parents[2] / "transpiler").rglob("*.py"):
        parts = path.relative_to(WORKFLOW.parents[2]).parts
        if parts[1] not in ("runtime", "verify", "bench", "scout", "_placeholder", "_data"):
            needed |= set(re.findall(r"^(?:from|import) (black|jinja2|libcst|packaging|tqdm|numpy)\b", path.read_text(), re.M))
    assert needed <= installed
