"""The runtime is copied into generated packages: it must import under any name, with torch absent."""

import shutil
import subprocess
import sys
from pathlib import Path

RUNTIME = Path(__file__).parents[2] / "transpiler" / "runtime"

PROGRAM = """
import sys
for name in ("torch", "timm", "torchvision", "libcst", "safetensors", "huggingface_hub", "transpiler"):
    sys.modules[name] = None
from relocated.runtime import checkpoints, functional, hub, init, nn
import numpy as np
print(nn.Linear(2, 3)(np.ones((1, 2), np.float32)).shape)
try:
    hub.download_from_hub("a/b")
except ImportError as error:
    print(error)
"""


def test_runtime_runs_elsewhere_without_torch(tmp_path):
    package = tmp_path / "relocated"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copytree(RUNTIME, package / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    result = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "(1, 3)" in result.stdout and "huggingface_hub" in result.stdout
