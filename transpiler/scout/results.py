"""timm's result files: how fast the architectures are, and how accurate. Columns are found by name."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import ScoutError

_THROUGHPUT = ("infer_samples_per_sec", "train_samples_per_sec")
_SIZE = ("infer_img_size", "train_img_size")


@dataclass(frozen=True)
class Speed:
    """A row of a benchmark: images a second at one image size, and millions of parameters."""

    arch: str
    img_size: int
    throughput: float
    parameters: float


def read_speeds(path: Path) -> list[Speed]:
    """The rows of a benchmark file; of several tags of an architecture at one size, the fastest.

    Raises:
        ScoutError: the file can't be read, or has not these columns.
    """
    fastest: dict[tuple[str, int], Speed] = {}
    for line, row in _rows(path):
        throughput, size = _column(path, row, _THROUGHPUT), _column(path, row, _SIZE)
        if not row[throughput]:
            continue  # timm writes an empty figure where a model did not run
        speed = Speed(
            architecture_of(row["model"]),
            int(_number(path, line, row[size])),
            _number(path, line, row[throughput]),
            _number(path, line, row.get("param_count") or "0"),
        )
        key = (speed.arch, speed.img_size)
        if key not in fastest or fastest[key].throughput < speed.throughput:
            fastest[key] = speed
    return list(fastest.values())


def read_accuracies(path: Path) -> dict[tuple[str, int], float]:
    """Top-1 in per cent by architecture and image size; of several weights, the best.

    Raises:
        ScoutError: as read_speeds.
    """
    best: dict[tuple[str, int], float] = {}
    for line, row in _rows(path):
        size = _column(path, row, ("img_size", *_SIZE))
        key = (architecture_of(row["model"]), int(_number(path, line, row[size])))
        top1 = _number(path, line, row[_column(path, row, ("top1",))])
        best[key] = max(top1, best.get(key, top1))
    return best


def architecture_of(model: str) -> str:
    """`vit_base_patch16_224.augreg_in1k` is the architecture before the dot, with weights of that tag."""
    return model.partition(".")[0]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "model" not in (reader.fieldnames or ()):
                raise ScoutError(f"{path} is no result file of timm: it has no column 'model'")
            yield from enumerate(reader, start=2)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoutError(f"cannot read {path}: {error}") from error


def _column(path: Path, row: dict[str, str], names: tuple[str, ...]) -> str:
    found = next((name for name in names if name in row), None)
    if found is None:
        raise ScoutError(f"{path} has no column {' or '.join(names)}")
    return found


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise ScoutError(f"{path}:{line}: {text!r} is not a number") from None
