"""Hand-written for timm.models._features: what depends on torch's devices."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any


class FeatureHooks:
    """Collects the outputs of modules by hooks.

    Stands for timm.models._features.FeatureHooks; hand-written because the original keeps outputs by torch device.

    Args:
        hooks: Module names, or dicts with `module` and, where it is no forward hook, `hook_type`.
        named_modules: (name, module) pairs to find them in.
        out_map: Names for the outputs, in the order of `hooks`; module names when not given.
        default_hook_type: `forward` (a module's output) or `forward_pre` (its input).
    """

    def __init__(
        self,
        hooks: Sequence[str | dict],
        named_modules: Iterable[tuple[str, Any]],
        out_map: Sequence[int | str] | None = None,
        default_hook_type: str = "forward",
    ):
        modules = dict(named_modules)
        self._outputs: dict[int | str, Any] = {}
        self._handles = []
        self._hook_ids: list[int | str] = []
        for index, hook in enumerate(hooks):
            spec = {"module": hook} if isinstance(hook, str) else hook
            hook_id = out_map[index] if out_map else spec["module"]
            self._hook_ids.append(hook_id)
            self._handles.append(self._register(modules[spec["module"]], spec.get("hook_type", default_hook_type), hook_id))

    def _register(self, module: Any, hook_type: str, hook_id: int | str) -> Any:
        collect = partial(self._collect, hook_id)
        if hook_type == "forward":
            return module.register_forward_hook(collect)
        if hook_type == "forward_pre":
            return module.register_forward_pre_hook(collect)
        raise AssertionError(f"Unsupported hook type {hook_type!r}")

    def _collect(self, hook_id: int | str, *args: Any) -> None:
        value = args[-1]
        self._outputs[hook_id] = value[0] if isinstance(value, tuple) else value

    def get_output(self) -> OrderedDict:
        """The collected outputs in the order of the hooks; they are forgotten here."""
        outputs, self._outputs = self._outputs, {}
        return OrderedDict((hook_id, outputs[hook_id]) for hook_id in self._hook_ids if hook_id in outputs)
