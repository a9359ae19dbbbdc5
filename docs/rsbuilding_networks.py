"""Compares RSBuilding's whole networks with what is generated of them, and writes docs/rsbuilding.json.

    RSBUILDING_ROOT=RSBuilding python docs/rsbuilding_networks.py --package generated

The networks are those of `configs_pretrain/_base_/models`, at 512 x 512 (`--size`), every parameter and buffer random.
Each runs in a process of its own; those that the file holds already are left out unless they are named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
NETWORKS = ("ViT_B", "ViT_L", "Swin_T", "Swin_B")
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "parity")]


def compare(name: str, package: Path, size: int) -> dict[str, Any]:
    """One pair of images through both networks."""
    import rsbuilding_network
    import torch

    from transpiler.bench.rsbuilding import configuration
    from transpiler.verify.checks import Comparison, state_dict_error
    from transpiler.verify.package import import_package
    from transpiler.verify.pair import random_images

    network = configuration(Path(os.environ["RSBUILDING_ROOT"]), name)
    pair = rsbuilding_network.pair(import_package(package), network)
    comparison = Comparison(pair, random_images(1, 6, size, size))
    started = time.perf_counter()
    logits = comparison.expected[""]
    found = {
        "network": name,
        "parameters": sum(parameter.numel() for parameter in pair.upstream.parameters()),
        "images": [*comparison.images.shape],
        "logits": [*logits.shape],
        "positive": round(float((logits > 0).mean()), 4),
        "torch_seconds": round(time.perf_counter() - started, 1),
        "state_dict": state_dict_error(pair),
        "eager": comparison.eager(),
        "tf.function": comparison.graph(),
    }
    differing = ((pair.generated(comparison.images).numpy() > 0) != (logits > 0)).sum()
    return {
        **found,
        "mask_pixels": int(logits.size),
        "differing_pixels": int(differing),
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; all that are missing"
    )
    parser.add_argument("--package", type=Path, default=Path("generated"))
    parser.add_argument("--size", type=int, default=512, help="height and width of the images: %(default)s")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("rsbuilding.json"))
    parser.add_argument("--one", choices=NETWORKS, help="compare one, in this process, and print it")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(compare(arguments.one, arguments.package, arguments.size)))
        return
    rows = (
        {row["network"]: row for row in json.loads(arguments.json.read_text())["rows"]}
        if arguments.json.exists()
        else {}
    )
    for name in arguments.networks or [name for name in NETWORKS if name not in rows]:
        command = [
            sys.executable,
            __file__,
            "--one",
            name,
            "--package",
            arguments.package,
            "--size",
            str(arguments.size),
        ]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows[name] = json.loads(run.stdout.splitlines()[-1])
        print(rows[name], flush=True)
        found = {
            "made by": "RSBUILDING_ROOT=RSBuilding python docs/rsbuilding_networks.py --package generated",
            "system": platform.platform(),
            "versions": {
                name: version(name) for name in ("torch", "tensorflow", "keras", "mmengine", "mmsegmentation")
            },
            "rows": [rows[name] for name in NETWORKS if name in rows],
        }
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
