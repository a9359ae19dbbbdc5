"""Names of methods that say what an object is that nothing else tells."""

from __future__ import annotations

from . import rules

_TEXT_METHODS = frozenset(name for owner in (str, list, dict, set, tuple, bytes) for name in dir(owner))
_ARRAY_METHODS = frozenset(
    {
        "all",
        "any",
        "argmax",
        "argsort",
        "clip",
        "cumsum",
        "dot",
        "flatten",
        "item",
        "max",
        "mean",
        "min",
        "prod",
        "ravel",
        "repeat",
        "reshape",
        "round",
        "size",
        "sort",
        "squeeze",
        "std",
        "sum",
        "take",
        "tolist",
        "transpose",
        "var",
        "view",
        "T",
        "t",
        "to",
        "norm",
        "dim",
        "numpy",
        "int",
        "float",
        "bool",
        "long",
        "half",
        "double",
        "type",
    }
)
ONLY_TENSORS_HAVE = (rules.tensor_methods() | {"copy_", "requires_grad_"}) - _TEXT_METHODS - _ARRAY_METHODS
