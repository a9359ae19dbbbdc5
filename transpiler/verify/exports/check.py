"""One export: written, loaded again, run on batches of several sizes, and compared with timm's model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..compare import Array, relative_error
from ..errors import ParityFailure, one_line
from ..frameworks import torch
from ..pair import as_torch, build_pair, from_torch
from ..randomise import seed_of
from . import formats
from .models import Export
from .record import ExportResult

TOLERANCE = 1e-4
BATCHES = (1, 3)
_SUFFIX = {"saved_model": "", "litert": ".tflite", "onnx": ".onnx"}
_LONGEST_REASON = 200


def check_export(package: ModuleType, export: Export, fingerprint: str, versions: dict[str, str]) -> ExportResult:
    """Try one export with random weights."""
    model, format = export.model, export.format
    pair = build_pair(package, model.arch, seed_of(model.arch), _images(BATCHES[-1], model.size), **export.arguments)
    known: dict[str, Any] = {"fingerprint": fingerprint, "versions": versions}
    known |= {"arch": model.arch, "format": format, "takes_any_size": export.takes_any_size}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"model{_SUFFIX[format]}")
        try:
            formats.write(pair.generated, format, path, (None, None) if export.takes_any_size else model.size)
            run = formats.load(format, path)
            errors = [
                relative_error(_expected(pair, images), run(images))
                for images in (_images(batch, size) for size in export.sizes for batch in BATCHES)
            ]
        except ParityFailure as failure:
            return ExportResult(**known, status="fail", reason=str(failure))
        except Exception as error:  # noqa: BLE001 - whatever the converters raise is the result
            return ExportResult(**known, status="refused", reason=one_line(error, _LONGEST_REASON))
        status = "pass" if max(errors) < TOLERANCE else "fail"
        reason = "" if status == "pass" else f"error {max(errors):.1e}"
        return ExportResult(**known, status=status, error=max(errors), bytes=formats.bytes_of(path), reason=reason)


def _images(batch: int, size: tuple[int, int]) -> Array:
    return np.random.default_rng(batch).standard_normal((batch, *size, 3), dtype=np.float32)


def _expected(pair: Any, images: Array) -> Array:
    with torch.no_grad():
        (output,) = from_torch(pair.upstream(as_torch(images)), pair.layout).values()
    return output
