"""Verifying one architecture from beginning to end."""

from __future__ import annotations

import gc
import time
from functools import partial
from types import ModuleType
from typing import Any

from .checklist import Checklist
from .checks import Comparison, state_dict_error
from .errors import VerifyError
from .frameworks import keras
from .gradients import TOLERANCES as GRADIENT_TOLERANCES
from .gradients import gradient_error
from .pair import Pair, build_pair, random_images
from .plan import OtherSizes, Plan, first_line, make_plan
from .randomise import seed_of
from .record import CheckResult, Row, Settings, summarise
from .selection import module_of


def verify_architecture(
    package: ModuleType, arch: str, settings: Settings, arguments: dict[str, Any] | None = None, debug: bool = False
) -> Row:
    """One row, whatever happens; only KeyboardInterrupt and the like come through."""
    started = time.perf_counter()
    arguments = arguments or {}
    row = partial(Row, arch, module_of(arch), arguments=arguments, seed=seed_of(arch), settings=settings)
    if arch not in package.list_models():
        return row(status="refused", reason=f"not in {package.__name__}: its module was not transpiled or was refused")
    try:
        plan = make_plan(arch, settings, arguments)
    except VerifyError as refusal:
        return row(status="refused", reason=str(refusal))
    except Exception as error:  # noqa: BLE001 (timm itself fails on this architecture)
        return row(status="error", reason=f"timm cannot run it: {type(error).__name__}: {first_line(error)}")
    checks = run_checks(package, plan, settings, debug)
    status, reason = summarise(checks)
    return row(
        status=status,
        reason=reason,
        parameters=plan.parameters,
        img_size=plan.input_size[1:],
        reduced=plan.reduced,
        checks=checks,
        seconds=round(time.perf_counter() - started, 1),
    )


def run_checks(package: ModuleType, plan: Plan, settings: Settings, debug: bool = False) -> dict[str, CheckResult]:
    """All checks of a plan. The models of one form are freed before the next are built."""
    checklist = Checklist(settings.tolerance, debug)
    with plan.depth(package):
        for group in (_check_usual_form, _check_form_of_other_sizes, _check_features_only):
            group(package, plan, settings, checklist)
            gc.collect()
    keras.backend.clear_session()
    return checklist.results


def _check_usual_form(package: ModuleType, plan: Plan, settings: Settings, checklist: Checklist) -> None:
    pair = _build(package, plan, settings, checklist, "load_state_dict")
    if pair is None:
        return
    checklist.measure("state_dict", lambda: state_dict_error(pair), tolerance=0.0)
    _check_default_size(pair, plan, settings, checklist)
    if plan.other and not plan.other.kwargs:
        _check_other_sizes(pair, plan, plan.other, settings, checklist)
    if settings.gradients:
        tolerance = GRADIENT_TOLERANCES[settings.dtype]
        checklist.measure("gradients", lambda: gradient_error(pair, _images(plan, settings)), tolerance)


def _check_default_size(pair: Pair, plan: Plan, settings: Settings, checklist: Checklist) -> None:
    comparison = Comparison(pair, _images(plan, settings))
    checklist.measure("logits", comparison.eager)
    checklist.measure("logits tf.function", comparison.graph)
    if not settings.quick:
        checklist.measure("logits XLA", comparison.xla)
    checklist.measure("features", comparison.features)
    checklist.measure("pre-logits", comparison.pre_logits)
    checklist.measure("intermediates", comparison.intermediates)
    if not settings.quick:
        checklist.measure("intermediates norm", lambda: comparison.intermediates(norm=True))
        checklist.measure("intermediates NLC", lambda: comparison.intermediates(output_fmt="NLC"))


def _check_form_of_other_sizes(package: ModuleType, plan: Plan, settings: Settings, checklist: Checklist) -> None:
    if plan.other is None:
        checklist.results["other size"] = CheckResult("not applicable", note=plan.no_other_size)
    elif plan.other.kwargs:
        pair = _build(package, plan, settings, checklist, "other size", **plan.other.kwargs)
        if pair is not None:
            _check_other_sizes(pair, plan, plan.other, settings, checklist)


def _check_other_sizes(pair: Pair, plan: Plan, other: OtherSizes, settings: Settings, checklist: Checklist) -> None:
    for height, width in other.sizes:
        comparison = Comparison(pair, _images(plan, settings, (height, width)), is_other_size=True)
        checklist.measure(f"{height}×{width}", comparison.eager)
        checklist.measure(f"{height}×{width} tf.function", comparison.graph)
        if not settings.quick:
            checklist.measure(f"{height}×{width} intermediates", comparison.intermediates)


def _check_features_only(package: ModuleType, plan: Plan, settings: Settings, checklist: Checklist) -> None:
    if plan.no_features_only:
        checklist.results["features_only"] = CheckResult("not applicable", note=plan.no_features_only)
        return
    pair = _build(package, plan, settings, checklist, "features_only", features_only=True)
    if pair is None:
        return
    comparison = Comparison(pair, _images(plan, settings))
    checklist.measure("features_only", comparison.eager)
    if not settings.quick:
        checklist.measure("features_only tf.function", comparison.graph)


def _build(
    package: ModuleType, plan: Plan, settings: Settings, checklist: Checklist, name: str, **kwargs: Any
) -> Pair | None:
    size = plan.other.sizes[0] if plan.other and kwargs and kwargs == plan.other.kwargs else None
    images = _images(plan, settings, size)
    given = plan.given | kwargs
    return checklist.attempt(
        name, lambda: build_pair(package, plan.arch, seed_of(plan.arch), images, settings.dtype, **given)
    )


def _images(plan: Plan, settings: Settings, size: tuple[int, int] | None = None) -> Any:
    channels, height, width = plan.input_size
    height, width = size or (height, width)
    return random_images(seed_of(plan.arch), channels, height, width, settings.dtype)
