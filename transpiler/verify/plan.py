"""How an architecture is verified on this machine: whole or reduced, and at which sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from .cost import Cost, build_on_meta, constructor_arguments, measure_cost, run_on_meta
from .errors import VerifyError
from .record import Settings

BLOCKS_KEPT = 3  # ViT's default out_indices are its last three blocks
BLOCKS_KEPT_PER_STAGE = 2  # Swin shifts its windows in every second block


@dataclass(frozen=True)
class OtherSizes:
    """Sizes (height, width) beside the default one, and the arguments with which a model takes them."""

    kwargs: dict[str, Any]
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Plan:
    """`input_size` is (channels, height, width). `no_other_size` is the reason where `other` is None.

    `given` are the keyword arguments that were asked for, `reduced` those that make the model smaller.
    """

    arch: str
    input_size: tuple[int, int, int]
    parameters: int
    given: dict[str, Any] = field(default_factory=dict)
    reduced: dict[str, Any] = field(default_factory=dict)
    other: OtherSizes | None = None
    no_other_size: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        return self.given | self.reduced


def make_plan(arch: str, settings: Settings, given: dict[str, Any] | None = None) -> Plan:
    """Plan from shapes alone, for an architecture with the keyword arguments `given`.

    Too much arithmetic only leads to reduced depth: a slow check is still a check. Raises VerifyError when the
    architecture fits the machine's memory in no form.
    """
    given = given or {}
    model = build_on_meta(arch, **given)
    input_size = _default_size(model, given)
    cost = measure_cost(model, input_size)
    arguments = constructor_arguments(arch, type(model), given)
    reduced: dict[str, Any] = {}
    if settings.quick or not _fits(cost, settings):
        smaller = _build_reduced(arch, given, reduced_depth(arguments))
        if smaller is not None:
            reduced, model = smaller
            cost = measure_cost(model, input_size)
    if cost.memory_gib > settings.memory_gib:
        raise VerifyError(
            f"needs about {cost.memory_gib:.0f} GiB, the limit is {settings.memory_gib:g} GiB"
            f"{' (at reduced depth)' if reduced else ' (its constructor has no depth to reduce)'}"
        )
    other, reason = _find_other_sizes(arch, model, arguments, given | reduced, input_size)
    return Plan(arch, input_size, cost.parameters, given, reduced, other, reason)


def _build_reduced(
    arch: str, given: dict[str, Any], reduced: dict[str, Any]
) -> tuple[dict[str, Any], nn.Module] | None:
    """The reducing arguments and the model; None without any, or where timm's function says them itself."""
    if not reduced:
        return None
    try:
        return reduced, build_on_meta(arch, **given | reduced)
    except TypeError:
        return None


def reduced_depth(arguments: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments that keep a few blocks of each kind, or nothing where the model is that small already."""
    reduced: dict[str, Any] = {}
    depth, depths = arguments.get("depth"), arguments.get("depths")
    if isinstance(depth, int) and depth > BLOCKS_KEPT:
        reduced["depth"] = BLOCKS_KEPT
    if isinstance(depths, tuple | list) and all(isinstance(stage, int) for stage in depths):
        kept = tuple(min(stage, BLOCKS_KEPT_PER_STAGE) for stage in depths)
        if kept != tuple(depths):
            reduced["depths"] = kept
    return reduced


def size_candidates(
    arguments: dict[str, Any], patch: tuple[int, int] | None, size: tuple[int, int]
) -> Iterator[OtherSizes]:
    """Other sizes a model might take, the most telling first: not square, odd in patches, then no whole patches."""
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
    arch: str, model: nn.Module, arguments: dict[str, Any], kwargs: dict[str, Any], input_size: tuple[int, int, int]
) -> tuple[OtherSizes | None, str]:
    channels, *size = input_size
    reason = ""
    for candidate in size_candidates(arguments, _patch_size(model), (size[0], size[1])):
        try:
            resized = build_on_meta(arch, **kwargs | candidate.kwargs)
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
