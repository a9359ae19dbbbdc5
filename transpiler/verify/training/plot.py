"""Draws loss curves: a column for each model, a row for each optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import VerifyError


def plot(found: dict[str, Any], path: Path) -> None:
    """Write a picture of the curves.

    Args:
        found: what the command writes as json.
        path: the file; its suffix names the format.

    Raises:
        VerifyError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise VerifyError("drawing needs matplotlib: pip install matplotlib") from error
    optimizers = list(dict.fromkeys(row["optimizer"] for row in found["rows"]))
    archs = list(dict.fromkeys(row["arch"] for row in found["rows"]))
    figure = Figure(figsize=(2.4 * len(archs), 2.4 * len(optimizers)), layout="constrained")
    axes = figure.subplots(len(optimizers), len(archs), squeeze=False)
    for row in found["rows"]:
        each = axes[optimizers.index(row["optimizer"])][archs.index(row["arch"])]
        steps = range(1, len(row["torch"]) + 1)
        each.plot(steps, row["torch"], color="tab:orange", linewidth=3, label="torch")
        each.plot(steps, row["tensorflow"], color="tab:blue", marker=".", linewidth=1, label="TensorFlow")
        each.set_title(
            f"{row['arch'].split('_patch')[0]}, {row['optimizer']}\nwithin {row['loss_error']:.0e}", fontsize=8
        )
        each.tick_params(labelsize=7)
    axes[0][0].legend(fontsize=7)
    for each in axes[:, 0]:
        each.set_ylabel("loss", fontsize=8)
    for each in axes[-1]:
        each.set_xlabel("step", fontsize=8)
    figure.savefig(path, dpi=100)
