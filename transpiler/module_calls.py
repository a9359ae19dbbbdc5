"""The kind of what a module gives: a torch layer, a class of the source, or a Sequential of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from . import rules
from .kinds import UNKNOWN, Instance, Kind, Layout, Tensor, Tuple, join, join_all
from .layout import needs_transpose
from .program import SEQUENTIAL

if TYPE_CHECKING:
    from .calls import Calls
    from .inference import Analysis

FLATTEN = "torch.nn.Flatten"


class ModuleCalls:
    """Evaluates calls of modules to kinds."""

    def __init__(self, analysis: Analysis, calls: Calls) -> None:
        self.analysis = analysis
        self.program = analysis.program
        self.calls = calls

    def call(self, module: Instance, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        first = next((kind for arg, kind in arguments if isinstance(kind, Tensor)), None)
        results: dict[str, Kind] = {}
        wanted = self.program.input_layouts(module)
        wants = len(wanted) == 1
        if wants and first is not None and len(module.classes) > 1:
            first = self._as_wanted(first, next(iter(wanted)))
        for cls in sorted(module.classes):
            layer = self.program.layer(cls)
            if layer is not None and layer.torch == SEQUENTIAL and first is not None:
                results[cls] = self._sequential(module, cls, arguments[0][0], first)
                continue
            if layer is not None:
                results[cls] = self.layer(layer, first, wants=wants)
                continue
            found = self.program.method(cls, "forward")
            if found is not None:
                name = f"{found[0].name}.forward"
                results[name] = self.calls.function(name, found[1], arguments, bound=True, wants=wants)
        if wanted == {Layout.IMAGE}:
            self._alike(results)
        if results:
            return join_all(list(results.values()))
        if first is None:
            return UNKNOWN
        return replace(first, variable=False, per_channel=False)

    def _sequential(self, module: Instance, cls: str, arg: cst.Arg, first: Tensor) -> Kind:
        """What a Sequential gives: what all the ways give that it may be made in."""
        runs = self.program.runs(module, cls)
        if runs:
            return join_all([self._through(run, arg, first) for run in runs])
        held = self.program.element(replace(module, classes=frozenset({cls})))
        if len(held.classes) == 1:
            return join(*(self._through((held,) * times, arg, first) for times in (1, 2)))
        return replace(first, variable=False, per_channel=False)

    def _alike(self, results: dict[str, Kind]) -> None:
        """Where one of several modules is called on an image, and some give images, the others must give images too."""
        tensors = {name: kind for name, kind in results.items() if isinstance(kind, Tensor) and kind.rank == 4}
        if any(kind.layout is Layout.IMAGE for kind in tensors.values()):
            for name, kind in tensors.items():
                if kind.layout is Layout.PLAIN:
                    self.program.hand_out(name, Layout.IMAGE)

    def _as_wanted(self, tensor: Tensor, layout: Layout) -> Tensor:
        """What a tensor is as the argument of a module that takes one layout."""
        self.analysis.want(tensor, layout, strong=True)
        return replace(tensor, layout=layout) if needs_transpose(tensor, layout) else tensor

    def _through(self, items: tuple[Kind, ...], arg: cst.Arg, first: Tensor) -> Kind:
        """What a Sequential gives: its modules applied one after the other."""
        kind: Kind = first
        for item in items:
            kind = self.calls.call_value(item, [(arg, kind)])
        return kind

    def layer(self, layer: rules.Layer, first: Kind | None, *, wants: bool = True) -> Kind:
        if not isinstance(first, Tensor):
            return Tensor(Layout.IMAGE if layer.result == "image" else Layout.OPAQUE)
        if layer.layout != "any" and wants:
            self.analysis.want(
                first, Layout.IMAGE if layer.layout == "image" else Layout.PLAIN, strong=layer.layout == "image"
            )
        if layer.layout == "image" and not wants:
            # Where it runs, it is given an image, and gives one.
            return replace(first, variable=False, per_channel=False)
        if layer.result == "image":
            return Tensor(Layout.IMAGE, layer.rank or first.rank, first.dtype)
        if layer.result == "sequence and states":
            sequence = Tensor(Layout.PLAIN, layer.rank, first.dtype)
            return Tuple((sequence, Tuple((sequence, sequence))))
        if layer.result == "plain":
            return Tensor(Layout.PLAIN, layer.rank, first.dtype, is_flat=layer.torch == FLATTEN)
        if layer.layout == "plain" and wants and first.layout is Layout.IMAGE:
            return Tensor(Layout.PLAIN, first.rank, first.dtype)
        return replace(first, variable=False)
