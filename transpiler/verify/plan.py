"""How an architecture is verified on this machine: whole or reduced, and at which sizes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from torch import nn

from .cost import Cost, build_on_meta, measure_cost, run_on_meta
from .depth import DepthLimit, counterparts, cut_constructors, parameter_names
from .errors import VerifyError
from .record import Settings

# A few blocks of each kind: ViT's default out_indices are its last three, Swin shifts its windows in every second.
# Where timm cannot build or run so small a model (RegNet's stages follow from its depth), the next is tried.
DEPTH_LIMITS = (DepthLimit(3, 2), DepthLimit(6, 2), DepthLimit(12, 3), DepthLimit(18, 3))


@dataclass(frozen=True)
class OtherSizes:
    """Sizes (height, width) beside the default one, and the arguments with which a model takes them."""

    kwargs: dict[str, Any]
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Plan:
    """`input_size` is (channels, height, width). `no_...` is the reason where there is none.

    `given` are the keyword arguments that were asked for. `limit` is what the depth of the models of `classes` is cut
    to, and `reduced` the arguments that it cut.
    """

    arch: str
    input_size: tuple[int, int, int]
    parameters: int
    given: dict[str, Any] = field(default_factory=dict)
    classes: tuple[type, ...] = ()
    limit: DepthLimit | None = None
    reduced: dict[str, Any] = field(default_factory=dict)
    other: OtherSizes | None = None
    no_other_size: str = ""
    no_features_only: str = ""

    @contextmanager
    def depth(self, package: ModuleType) -> Iterator[None]:
        """Within, both frameworks build models of the planned depth."""
        if self.limit is None:
            yield
            return
        with cut_constructors([*self.classes, *counterparts(self.classes, package)], self.limit):
            yield


def make_plan(arch: str, settings: Settings, given: dict[str, Any] | None = None) -> Plan:
    """Plan from shapes alone, for an architecture with the keyword arguments `given`.

    Too much arithmetic only leads to reduced depth: a slow check is still a check. Raises VerifyError when the
    architecture fits the machine's memory in no form.
    """
    given = given or {}
    model = build_on_meta(arch, **given)
    input_size = _default_size(model, given)
    classes, no_features_only = _root_classes(arch, model, given)
    cost = None if settings.quick else measure_cost(model, input_size)
    limit, reduced = None, dict[str, Any]()
    if cost is None or not _fits(cost, settings):
        limit, reduced = _find_depth(arch, classes, given, input_size, bool(no_features_only))
    with cut_constructors(classes, limit) if limit else nullcontext():
        if limit or cost is None:
            model = build_on_meta(arch, **given)
            cost = measure_cost(model, input_size)
        other, reason = _find_other_sizes(arch, model, given, input_size)
    if cost.memory_gib > settings.memory_gib:
        raise VerifyError(
            f"needs about {cost.memory_gib:.0f} GiB, the limit is {settings.memory_gib:g} GiB"
            f"{' (at reduced depth)' if reduced else ' (its constructor has no depth to reduce)'}"
        )
    return Plan(arch, input_size, cost.parameters, given, classes, limit, reduced, other, reason, no_features_only)


def _root_classes(arch: str, model: nn.Module, given: dict[str, Any]) -> tuple[tuple[type, ...], str]:
    """The classes timm makes the model and its features_only form of, and why there is no such form."""
    try:
        features = build_on_meta(arch, **given, features_only=True)
    except Exception as error:  # noqa: BLE001 (timm's own word that it has no such form)
        return (type(model),), f"timm: {first_line(error)}"
    return tuple({type(model): None, type(features): None}), ""


def _find_depth(
    arch: str, classes: tuple[type, ...], given: dict[str, Any], size: tuple[int, int, int], no_features_only: bool
) -> tuple[DepthLimit | None, dict[str, Any]]:
    """The smallest limit at which timm builds and runs the model in both forms, and what it cut; or no limit."""
    for limit in DEPTH_LIMITS:
        with cut_constructors(classes, limit) as cut:
            try:
                run_on_meta(build_on_meta(arch, **given), size)
                if not no_features_only:
                    run_on_meta(build_on_meta(arch, **given, features_only=True), size)
            except Exception:  # noqa: BLE001 (whatever timm raises, this depth is not for it)
                continue
        return (limit, dict(cut)) if cut else (None, {})
    return None, {}


def size_candidates(
    arguments: Collection[str], patch: tuple[int, int] | None, size: tuple[int, int]
) -> Iterator[OtherSizes]:
    """Other sizes a model with these constructor arguments might take.

    The most telling first: not square, odd in patches, then no whole patches.
    """
    if patch is None:
        yield OtherSizes({}, ((size[0] + 9, size[1] - 23),))
        patch = (32, 32)
    grid = (size[0] // patch[0] + 1, max(size[1] // patch[1] - 3, 2))  # one side grows, the other shrinks
    whole = (grid[0] * patch[0], grid[1] * patch[1])
    if "dynamic_img_size" in arguments:
        if "dynamic_img_pad" in arguments:
            broken = (whole[0] - 3, whole[1] + 5)
            yield OtherSizes({"dynamic_img_size": True, "dynamic_img_pad": True}, (whole, broken))
        yield OtherSizes({"dynamic_img_size": True}, (whole,))
    if "strict_img_size" in arguments:
        yield OtherSizes({"strict_img_size": False}, (whole,))
    if "img_size" in arguments:
        yield OtherSizes({"img_size": whole}, (whole,))
    yield OtherSizes({}, (whole,))


def _find_other_sizes(
    arch: str, model: nn.Module, given: dict[str, Any], input_size: tuple[int, int, int]
) -> tuple[OtherSizes | None, str]:
    channels, *size = input_size
    reason = ""
    for candidate in size_candidates(parameter_names(type(model)), _patch_size(model), (size[0], size[1])):
        try:
            resized = build_on_meta(arch, **given | candidate.kwargs) if candidate.kwargs else model
            for other in candidate.sizes:
                run_on_meta(resized, (channels, *other))
        except Exception as error:  # noqa: BLE001 (whatever timm raises, it does not take this size)
            reason = f"timm takes no other size: {first_line(error)}"
        else:
            return candidate, ""
    return None, reason


def _default_size(model: Any, given: dict[str, Any]) -> tuple[int, int, int]:
    channels, *size = model.pretrained_cfg["input_size"]
    given_size = given.get("img_size", size)
    height, width = (given_size, given_size) if isinstance(given_size, int) else given_size
    return given.get("in_chans", channels), height, width


def _fits(cost: Cost, settings: Settings) -> bool:
    return cost.memory_gib <= settings.memory_gib and cost.tflop <= settings.tflop


def _patch_size(model: nn.Module) -> tuple[int, int] | None:
    patch = getattr(getattr(model, "patch_embed", None), "patch_size", None)
    return (patch, patch) if isinstance(patch, int) else patch


def first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0][:300] if text else type(error).__name__
