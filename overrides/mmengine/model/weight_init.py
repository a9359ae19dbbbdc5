"""Initialisation functions of mmengine.model.weight_init that edit torch tensors in place."""

from transpiler.runtime import nn


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    """Fill a parameter from a normal distribution cut off at a and b.

    Stands for mmengine.model.weight_init.trunc_normal_; hand-written because the original samples by in-place tensor methods.
    """
    return nn.init.trunc_normal_(tensor, mean=mean, std=std, a=a, b=b)
