"""Names for the kinds of normalization of mmcv.cnn.bricks.norm."""

from transpiler.runtime import nn


def infer_abbr(class_type):
    """The name that a normalization layer has in its parent: `bn`, `gn`, `ln`, `in` or `norm_layer`.

    Stands for mmcv.cnn.bricks.norm.infer_abbr; hand-written because the original compares torch's private base classes.
    """
    if hasattr(class_type, "_abbr_"):
        return class_type._abbr_
    for base, abbreviation in ((nn.BatchNorm2d, "bn"), (nn.BatchNorm1d, "bn"), (nn.GroupNorm, "gn"), (nn.LayerNorm, "ln")):
        if issubclass(class_type, base):
            return abbreviation
    name = class_type.__name__.lower()
    for word, abbreviation in (("batch", "bn"), ("group", "gn"), ("layer", "ln"), ("instance", "in")):
        if word in name:
            return abbreviation
    return "norm_layer"
