"""The generated package under another name, on a machine without torch, timm and the transpiler."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
for name in ("torch", "torchvision", "timm", "libcst", "jinja2", "transpiler", "safetensors", "huggingface_hub"):
    sys.modules[name] = None
import numpy as np
import other_name
from other_name.timm.models.swin_transformer import swin_tiny_patch4_window7_224
models = [
    other_name.create_model("vit_tiny_patch16_224", depth=1, img_size=32, num_classes=5),
    swin_tiny_patch4_window7_224(depths=(1, 1, 1, 1), img_size=32, num_classes=5),
]
for model in models:
    print(model(np.ones((2, 32, 32, 3), np.float32)).shape)
    print(model.load_state_dict(model.state_dict()))
print(len(other_name.list_models("swin_*")), other_name.is_model("vit_tiny_patch16_224"))
"""


def test_runs_under_another_name_with_tensorflow_alone(generated_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(generated_folder, tmp_path / "other_name", ignore=shutil.ignore_patterns("__pycache__"))
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[:4] == ["(2, 5)", "IncompatibleKeys(missing_keys=[], unexpected_keys=[])"] * 2
    assert int(lines[4].split()[0]) > 5 and lines[4].endswith("True")
