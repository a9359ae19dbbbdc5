"""Building models without drawing their first weights, which verification overwrites at once."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

from torch import nn
from torch.overrides import TorchFunctionMode

from .frameworks import keras

# What fills a tensor with random numbers, by torch's names; erfinv_ is how normal numbers are truncated.
RANDOM_FILLS = frozenset(
    {
        "erfinv_",
        "kaiming_normal_",
        "kaiming_uniform_",
        "normal_",
        "orthogonal_",
        "trunc_normal_",
        "uniform_",
        "xavier_normal_",
        "xavier_uniform_",
    }
)
KERAS_INITIALIZERS = ("VarianceScaling", "RandomUniform", "RandomNormal", "TruncatedNormal")


@contextmanager
def uninitialised(package: ModuleType) -> Iterator[None]:
    """Random parameters of both frameworks' models stay unset within; constants, and every buffer, are set as ever."""
    with ExitStack() as stack:
        stack.enter_context(ParametersStayUnset())
        for name in KERAS_INITIALIZERS:
            stack.enter_context(patch.object(getattr(keras.initializers, name), "__call__", _zeros))
        functions = _runtime_init(package)
        for name in RANDOM_FILLS & set(dir(functions)):
            stack.enter_context(patch.object(functions, name, _unchanged))
        yield


class ParametersStayUnset(TorchFunctionMode):
    """Within, torch's random fills pass over parameters."""

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        target = args[0] if args else kwargs.get("tensor")  # as nn.init hands it on
        if getattr(func, "__name__", "") in RANDOM_FILLS and isinstance(target, nn.Parameter):
            return target
        return func(*args, **kwargs)


def _zeros(self: Any, shape: Any, dtype: Any = None) -> Any:
    return keras.ops.zeros(shape, dtype=dtype)


def _unchanged(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    return tensor


def _runtime_init(package: ModuleType) -> ModuleType | None:
    try:
        return importlib.import_module(f"{package.__name__}.runtime.init")
    except ModuleNotFoundError:
        return None  # a stand-in for a generated package
