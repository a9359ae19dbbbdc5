"""Building from configurations, of mmengine.registry.build_functions, for classes and functions."""

from transpiler.runtime import nn


def build_from_cfg(cfg, registry, default_args=None):
    """Build what a dict describes: `type`, a registered name or a class, and its arguments.

    Stands for mmengine.registry.build_functions.build_from_cfg; hand-written because the original logs through
    mmengine's runner and reads its Config. A Config is a dict; its `to_dict()` gives a plain one.

    Raises:
        TypeError: the configuration is no dict.
        KeyError: it has no `type`, or one that is not registered.
    """
    if not isinstance(cfg, dict):
        raise TypeError(f"cfg should be a dict, but got {type(cfg)}")
    args = {**(default_args or {}), **cfg}
    if "type" not in args:
        raise KeyError(f'`cfg` or `default_args` must contain the key "type", but got {cfg}\n{default_args}')
    with registry.switch_scope_and_registry(args.pop("_scope_", None)) as found_in:
        wanted = args.pop("type")
        return (found_in.get(wanted) if isinstance(wanted, str) else wanted)(**args)


def build_model_from_cfg(cfg, registry, default_args=None):
    """Build a module, or a Sequential of several.

    Stands for mmengine.registry.build_functions.build_model_from_cfg; hand-written because the original logs
    through mmengine's runner.
    """
    if isinstance(cfg, list):
        return nn.Sequential(*(build_from_cfg(one, registry, default_args) for one in cfg))
    return build_from_cfg(cfg, registry, default_args)
