"""TensorFlow stand-ins for the samplers of timm.layers.weight_init, which fill tensors in place."""

import math

from transpiler.runtime import init


def is_meta_device(device=None) -> bool:
    """Stands for timm.layers.weight_init.is_meta_device; hand-written because TensorFlow has no meta device.

    Args:
        device: Accepted for timm's signature, not read.

    Returns:
        False: every variable holds values from the moment it is made.
    """
    return False


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    """Fill a variable from N(mean, std²), truncated at the absolute bounds a and b.

    Stands for timm.layers.weight_init.trunc_normal_; hand-written because the original samples by in-place tensor
    methods. As in timm, a and b are values and not multiples of std: with std=.02 and the default bounds it is
    a plain normal.

    Args:
        tensor: A variable, or a view of one, shaped as torch shapes it; filled and returned.
        mean: Mean of the normal distribution before truncation.
        std: Its standard deviation.
        a: Lowest value.
        b: Highest value.
    """
    return init.trunc_normal_(tensor, mean=mean, std=std, a=a, b=b)


def trunc_normal_tf_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    """Fill a variable from a standard normal truncated at a and b, then scaled by std and shifted by mean.

    Stands for timm.layers.weight_init.trunc_normal_tf_; hand-written because the original samples by in-place tensor
    methods. Here a and b count in standard deviations, as in TensorFlow and JAX, so the spread of the result is
    less than std (0.88 std with the default bounds).

    Args:
        tensor: A variable, or a view of one, shaped as torch shapes it; filled and returned.
        mean: Shift of the samples.
        std: Scale of the samples.
        a: Lowest value, in standard deviations from the mean.
        b: Highest value, in standard deviations from the mean.
    """
    return init.trunc_normal_(tensor, mean=mean, std=std, a=mean + a * std, b=mean + b * std)


def variance_scaling_(tensor, scale=1.0, mode="fan_in", distribution="normal"):
    """Fill a variable with samples of variance scale / fan.

    Stands for timm.layers.weight_init.variance_scaling_; hand-written because the original samples by in-place tensor
    methods.

    Args:
        tensor: A variable, or a view of one, shaped as torch shapes it: (out, in, ...).
        scale: Factor of the variance.
        mode: The fan that divides it: 'fan_in', 'fan_out' or 'fan_avg' (their mean).
        distribution: 'truncated_normal' (at two standard deviations, widened to keep the variance), 'normal' or
            'uniform'.

    Raises:
        ValueError: If mode or distribution is none of these.
    """
    fan_in, fan_out = init._calculate_fan_in_and_fan_out(tensor)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    if mode not in fans:
        raise ValueError(f"invalid mode {mode}")
    std = math.sqrt(scale / fans[mode])
    if distribution == "truncated_normal":
        # a standard normal cut at +-2 has this standard deviation
        trunc_normal_tf_(tensor, std=std / 0.87962566103423978)
    elif distribution == "normal":
        init.normal_(tensor, std=std)
    elif distribution == "uniform":
        bound = math.sqrt(3) * std
        init.uniform_(tensor, -bound, bound)
    else:
        raise ValueError(f"invalid distribution {distribution}")
