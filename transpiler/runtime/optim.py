"""Weight decay and learning rate by the place of a variable in the model, as timm's parameter groups have them.

After timm.optim._param_groups and timm.models._manipulate. Keras' optimizers know no groups: here the optimizer holds
what differs, by the variables' paths, and keeps it in a model file.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras

from .arguments import registered_package

__all__ = ["SGD", "AdamW", "parameter_groups"]

# In a group matcher: belongs to the group before it.
_PREVIOUS_GROUP = 99999


def parameter_groups(
    model: Any,
    layer_decay: float | None = None,
    no_weight_decay: Collection[str] | None = None,
    min_scale: float = 0.0,
) -> dict[str, Any]:
    """What timm's `param_groups_weight_decay` and `param_groups_layer_decay` tell an optimizer, by variable path.

    Vectors are not decayed, nor are the parameters that the model names; without `layer_decay`, nor is any `.bias`.

    Args:
        model: a model of this package.
        layer_decay: learning rate of a layer over that of the next one; the layers are those of the
            model's `group_matcher`.
        no_weight_decay: torch's names of parameters that are not decayed, or patterns of them; those of the model's
            `no_weight_decay()` if None.
        min_scale: lowest factor of the learning rate.

    Returns:
        Arguments of this module's optimizers: `learning_rate_scales` and `no_weight_decay`.

    Raises:
        ValueError: `layer_decay` is given for a model without `group_matcher`.
    """
    if no_weight_decay is None:
        no_weight_decay = model.no_weight_decay() if hasattr(model, "no_weight_decay") else ()
    parameters = {name: each for name, each in model.named_parameters() if each.trainable}
    undecayed = [
        each.path
        for name, each in parameters.items()
        if len(each.shape) <= 1
        or (layer_decay is None and name.endswith(".bias"))
        or any(fnmatch.fnmatch(name, pattern) for pattern in no_weight_decay)
    ]
    scales: dict[str, float] = {}
    if layer_decay is not None:
        if not hasattr(model, "group_matcher"):
            raise ValueError(f"{type(model).__name__} has no group_matcher(): its layers have no order")
        layers = _layers([name for name, _ in model.named_parameters()], model.group_matcher(coarse=False))
        last = max(layers.values())
        scales = {each.path: max(min_scale, layer_decay ** (last - layers[name])) for name, each in parameters.items()}
    return {"learning_rate_scales": scales, "no_weight_decay": undecayed}


def _layers(names: Collection[str], matcher: Any) -> dict[str, int]:
    """Number of the layer that each parameter belongs to; the head, which nothing matches, is in the last one."""
    place_of = matcher if callable(matcher) else _place_in(matcher)
    places = {name: tuple(_as_tuple(place_of(name))) for name in names}
    number, numbers = -1, {}
    for place in sorted(set(places.values())):
        if number < 0 or place[-1] != _PREVIOUS_GROUP:
            number += 1
        numbers[place] = number
    return {name: numbers[place] for name, place in places.items()}


def _as_tuple(place: Any) -> Any:
    return place if isinstance(place, (tuple, list)) else (place,)


def _place_in(matcher: Mapping[str, Any]) -> Callable[[str], tuple[float, ...]]:
    """A name's place in the order: the group, the numbers in the name, and what the group adds."""
    patterns = [
        (re.compile(pattern), group, suffix or ())
        for group, specification in enumerate(matcher.values())
        if specification is not None
        for pattern, suffix in (specification if isinstance(specification, (tuple, list)) else [(specification, None)])
    ]

    def place_of(name: str) -> tuple[float, ...]:
        for pattern, group, suffix in patterns:
            found = pattern.match(name)
            if found:
                return (float(group), *(float(part) for part in (*found.groups(), *suffix) if part is not None))
        return (float("inf"),)

    return place_of


class _ByPlace:
    """An optimizer whose learning rate and weight decay depend on the variable; decay follows the scaled rate."""

    def __init__(
        self,
        *args: Any,
        learning_rate_scales: Mapping[str, float] | None = None,
        no_weight_decay: Collection[str] = (),
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.learning_rate_scales = dict(learning_rate_scales or {})
        self.no_weight_decay = sorted(no_weight_decay)
        self._path_of: dict[Any, str] = {}

    def build(self: Any, variables: Any) -> None:
        """Make the optimizer's state.

        Raises:
            ValueError: a path is none of the variables'.
        """
        unknown = {*self.learning_rate_scales, *self.no_weight_decay} - {variable.path for variable in variables}
        if unknown:
            raise ValueError(f"{type(self).__name__} knows of paths that no variable has: {', '.join(sorted(unknown))}")
        self._path_of = {self._var_key(variable): variable.path for variable in variables}
        super().build(variables)  # type: ignore[misc]

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        path = self._path_of[self._var_key(variable)]
        rate = keras.ops.cast(learning_rate, variable.dtype) * self.learning_rate_scales.get(path, 1.0)
        if self.weight_decay and path not in self.no_weight_decay:
            self.assign_sub(variable, variable * rate * self.weight_decay)
        super().update_step(gradient, variable, rate)  # type: ignore[misc]

    def _apply_weight_decay(self, variables: Any) -> None:
        """Done in `update_step`, by the rate of each variable."""

    def get_config(self) -> dict[str, Any]:
        places = {"learning_rate_scales": self.learning_rate_scales, "no_weight_decay": self.no_weight_decay}
        return {**super().get_config(), **places}  # type: ignore[misc]


class AdamW(_ByPlace, keras.optimizers.AdamW):
    """`keras.optimizers.AdamW` with what `parameter_groups` gives.

    Args:
        learning_rate_scales: factors of the learning rate by variable path; 1 where there is none.
        no_weight_decay: paths of variables that are not decayed.
    """


class SGD(_ByPlace, keras.optimizers.SGD):
    """`keras.optimizers.SGD` with what `parameter_groups` gives; its weight decay is not part of the gradient.

    Args:
        learning_rate_scales: factors of the learning rate by variable path; 1 where there is none.
        no_weight_decay: paths of variables that are not decayed.
    """


for _optimizer in (AdamW, SGD):
    _package = registered_package(_optimizer)
    if _package is not None:
        keras.saving.register_keras_serializable(_package)(_optimizer)
