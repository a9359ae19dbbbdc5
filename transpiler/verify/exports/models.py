"""What is exported: whole models, for images of their own size and, where an architecture allows it, of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FORMATS = ("saved_model", "litert", "onnx")


@dataclass(frozen=True)
class Exported:
    """An architecture.

    Args:
        size: height and width of its images.
        other_size: another one, for models of any size; None where the architecture has none.
        any_size: arguments that a model of any size needs.
    """

    arch: str
    size: tuple[int, int]
    other_size: tuple[int, int] | None
    any_size: dict[str, Any] = field(default_factory=dict)


MODELS = (
    Exported("vit_tiny_patch16_224", (224, 224), (160, 192), {"dynamic_img_size": True}),
    Exported("swin_tiny_patch4_window7_224", (224, 224), (160, 192), {"strict_img_size": False}),
    Exported("swinv2_tiny_window8_256", (256, 256), (160, 192), {"strict_img_size": False}),
    # The tables of its relative positions are cut to the size of the image while the graph is traced.
    Exported("samvit_base_patch16_224", (224, 224), None),
    Exported("sam2_hiera_tiny", (896, 896), (224, 320)),
    Exported("resnet18", (224, 224), (160, 192)),
    Exported("convnext_atto", (224, 224), (160, 192)),
)


@dataclass(frozen=True)
class Export:
    """One file: a model in a format, for its own size or for any."""

    model: Exported
    format: str
    takes_any_size: bool

    @property
    def key(self) -> tuple[str, str, bool]:
        return self.model.arch, self.format, self.takes_any_size

    @property
    def arguments(self) -> dict[str, Any]:
        return self.model.any_size if self.takes_any_size else {}

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Sizes of the images that it is tried with."""
        other = self.model.other_size
        return (self.model.size, other) if self.takes_any_size and other else (self.model.size,)


def all_exports() -> Iterator[Export]:
    for model in MODELS:
        for takes_any_size in (False, True)[: 1 if model.other_size is None else 2]:
            for format in FORMATS:
                yield Export(model, format, takes_any_size)
