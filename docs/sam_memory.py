"""Measures the peak memory of SAM at 1024 x 1024, batch 1, and writes docs/sam_memory.json.

    python docs/sam_memory.py --package generated

Each way of running has a process of its own: the peak is that of the process (ru_maxrss), TensorFlow included.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
from pathlib import Path

ARCH, SIZE = "samvit_base_patch16", 1024
WAYS = ("eager", "tf.function", "XLA")


def measure(package: Path, way: str) -> dict[str, object]:
    """Run the model twice in this process; peaks in MiB."""
    sys.path.insert(0, str(package.resolve().parent))
    import numpy as np
    import tensorflow as tf

    model = __import__(package.name).create_model(ARCH)
    built = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call = model if way == "eager" else tf.function(lambda x: model(x), jit_compile=way == "XLA")
    images = tf.constant(np.random.default_rng(0).normal(size=(1, SIZE, SIZE, 3)), tf.float32)
    shapes = [tuple(call(images).shape) for _ in range(2)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"way": way, "output": shapes[-1], "built_mib": built // 1024, "peak_mib": peak // 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, default=Path("generated"))
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("sam_memory.json"))
    parser.add_argument("--way", choices=WAYS, help="measure one, in this process")
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.package, arguments.way)))
        return
    rows = []
    for way in WAYS:
        command = [sys.executable, __file__, "--package", str(arguments.package), "--way", way]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(run.stdout.splitlines()[-1]))
    from importlib.metadata import version

    found = {
        "made by": "python docs/sam_memory.py --package generated",
        "arch": ARCH,
        "input": [1, SIZE, SIZE, 3],
        "system": platform.platform(),
        **{name: version(name) for name in ("tensorflow", "keras", "timm")},
        "rows": rows,
    }
    arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
