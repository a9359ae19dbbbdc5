"""Training on two devices and by two workers, each in processes of their own, against one device."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("distributed_fit.py")
Result = dict[str, Any]


def start(package: Path, out: Path, model: str, devices: str, *options: str, **environment: str) -> subprocess.Popen:
    command = [sys.executable, str(SCRIPT), str(package), str(out), model, devices, *options]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", **environment}
    return subprocess.Popen(command, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen, *outs: Path) -> list[Result]:
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 0, told
    return [dict(np.load(out)) for out in outs]


@pytest.fixture(scope="module")
def train(generated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    found: dict[tuple[str, ...], Result] = {}

    def run(*arguments: str) -> Result:
        if arguments not in found:
            out = tmp_path_factory.mktemp("trained") / "state.npz"
            (found[arguments],) = finish(start(generated_folder, out, *arguments), out)
        return found[arguments]

    return run


def assert_same(ours: Result, single: Result, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(ours["losses"], single["losses"], rtol=tolerance)
    for name, value in single.items():
        if name.startswith("before:"):
            np.testing.assert_array_equal(ours[name], value, err_msg=name)
        elif name.startswith("after:"):
            np.testing.assert_allclose(ours[name], value, atol=tolerance, rtol=tolerance, err_msg=name)


def test_two_devices(train: Callable[..., Result]) -> None:
    mirrored = train("vit", "mirrored")
    assert mirrored["replicas"] == 2
    assert_same(mirrored, train("vit", "one"))


def test_synchronized_batch_norm_takes_the_statistics_of_the_whole_batch(train: Callable[..., Result]) -> None:
    single = train("resnet", "one")
    assert_same(train("resnet", "mirrored", "--synchronized"), single, 1e-4)


def test_batch_norm_takes_the_mean_of_the_replicas_statistics(train: Callable[..., Result]) -> None:
    single, mirrored = train("resnet", "one"), train("resnet", "mirrored")
    assert mirrored["after:bn1.num_batches_tracked"] == 3
    # Of each half of the batch, as torch's DataParallel has them: the first layer's mean is that of the whole batch.
    assert mirrored["replica_difference"] == 0.0
    first = "after:bn1.running_mean"
    np.testing.assert_allclose(mirrored[first], single[first], atol=0.02)
    assert np.abs(mirrored["after:bn1.running_var"] - single["after:bn1.running_var"]).max() > 1e-5


def test_loss_scale(train: Callable[..., Result]) -> None:
    # On the CPU, TensorFlow has no float16 gradient of a convolution with the options that ViT doesn't need.
    mirrored, single = (train("vit", devices, "--policy", "mixed_float16") for devices in ("mirrored", "one"))
    assert mirrored["loss_scale"] == single["loss_scale"] > 1
    assert_same(mirrored, single, 5e-3)


def test_two_workers(train: Callable[..., Result], generated_folder: Path, tmp_path: Path) -> None:
    sockets = [socket.socket() for _ in range(2)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    workers = []
    for index in range(2):
        place = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
        out, functional = tmp_path / f"{index}.npz", tmp_path / f"{index}_functional.npz"
        command = ("vit", "worker", "--functional", str(functional))
        workers.append((start(generated_folder, out, *command, TF_CONFIG=place), out, functional))
    try:
        results = [result for worker in workers for result in finish(*worker)]
    finally:
        for process, *_ in workers:
            process.kill()
    for result in results:
        assert result["replicas"] == 2
        assert_same(result, train("vit", "one"))
