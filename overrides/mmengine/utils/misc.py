"""Decorators of mmengine.utils.misc that only warn."""

import functools
import inspect


def deprecated_api_warning(name_dict, cls_name=None):
    """A decorator for functions with renamed arguments.

    Stands for mmengine.utils.misc.deprecated_api_warning; hand-written because the original looks a function's
    parameters up at each call. Here old names are translated, without a warning.
    """

    def decorated(function):
        @functools.wraps(function)
        def renamed(*args, **kwargs):
            return function(*args, **{name_dict.get(name, name): value for name, value in kwargs.items()})

        renamed.__signature__ = inspect.signature(function)  # Keras asks a constructor for it, without unwrapping
        return renamed

    return decorated
