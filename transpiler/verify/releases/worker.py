"""Small models of one release against the generated ones; run with that release's wheel first on the path."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..checklist import Checklist
from ..checks import Comparison, state_dict_error
from ..errors import VerifyError
from ..frameworks import keras, timm
from ..package import import_package
from ..pair import build_pair, random_images
from ..randomise import seed_of
from ..record import Settings, summarise
from .small_models import SMALL_MODELS, SmallModel


def compare(package_folder: Path, model: SmallModel, version: str) -> dict[str, Any]:
    """Status, worst error and reason, as JSON values.

    Raises:
        VerifyError: another timm than that release is imported, or the package can't be.
    """
    if timm.__version__ != version:
        raise VerifyError(f"this is timm {timm.__version__}, not {version}")
    if not timm.is_model(model.arch):
        return {"status": "absent"}
    package = import_package(package_folder)
    checklist = Checklist(Settings().tolerance)
    seed = seed_of(model.arch)
    images = random_images(seed, 3, *model.size)
    pair = checklist.attempt("build", lambda: build_pair(package, model.arch, seed, images, **model.arguments))
    if pair is not None:
        comparison = Comparison(pair, images)
        checklist.measure("state_dict", lambda: state_dict_error(pair), tolerance=0.0)
        checklist.measure("logits", comparison.eager)
        checklist.measure("tf.function", comparison.graph)
        checklist.measure("features", comparison.features)
        checklist.measure("pre-logits", comparison.pre_logits)
        if hasattr(pair.upstream, "forward_intermediates"):
            checklist.measure("intermediates", comparison.intermediates)
    status, reason = summarise(checklist.results)
    figures = [check.error for check in checklist.results.values() if check.error is not None]
    return {"status": status, "error": max(figures, default=None), "reason": reason}


def answers(request: dict[str, Any]) -> Iterator[str]:
    """A line of JSON for each architecture that is asked for."""
    models = {model.arch: model for model in SMALL_MODELS}
    for arch in request["archs"]:
        yield json.dumps(compare(Path(request["package"]), models[arch], request["version"]))
        gc.collect()
        keras.backend.clear_session()


if __name__ == "__main__":
    for line in answers(json.loads(sys.argv[1])):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
