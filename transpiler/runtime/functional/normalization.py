"""Normalisations; statistics in float32 at least, results in the input's dtype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from . import written_gradients
from .fused_layer_norm import fused_layer_norm, is_layer_norm_fused, is_traced_for_xla
from .written_gradients import is_training_step


def _wide(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32) if x.dtype.size < 4 else x


def _scale_and_shift(y: tf.Tensor, weight: Any, bias: Any) -> tf.Tensor:
    if weight is not None:
        y = y * tf.cast(weight, y.dtype)
    if bias is not None:
        y = y + tf.cast(bias, y.dtype)
    return y


def layer_norm(
    x: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> tf.Tensor:
    """`torch.nn.functional.layer_norm` over the last axes, as many as `normalized_shape` has."""
    x = tf.convert_to_tensor(x)
    axes = list(range(-len(tuple(normalized_shape)), 0))
    wide = _wide(x)
    if len(axes) == 1 and weight is not None and bias is not None and is_layer_norm_fused(wide):
        return tf.cast(fused_layer_norm(wide, weight, bias, eps), x.dtype)
    if len(axes) == 1 and weight is not None and bias is not None and is_training_step(wide):
        weight, bias = tf.cast(weight, wide.dtype), tf.cast(bias, wide.dtype)
        return tf.cast(written_gradients.layer_norm(wide, weight, bias, eps), x.dtype)
    centred = wide - tf.reduce_mean(wide, axis=axes, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=axes, keepdims=True)
    return tf.cast(_scale_and_shift(centred * tf.math.rsqrt(variance + eps), weight, bias), x.dtype)


def rms_norm(x: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None) -> tf.Tensor:
    """`torch.nn.functional.rms_norm`; without `eps`, the machine epsilon of the input's dtype."""
    x = tf.convert_to_tensor(x)
    eps = float(_epsilon_of(x.dtype)) if eps is None else eps
    axes = list(range(-len(tuple(normalized_shape)), 0))
    wide = _wide(x)
    mean_square = tf.reduce_mean(tf.square(wide), axis=axes, keepdims=True)
    return tf.cast(_scale_and_shift(wide * tf.math.rsqrt(mean_square + eps), weight, None), x.dtype)


def _epsilon_of(dtype: tf.DType) -> float:
    return {2: 2.0**-7 if dtype == tf.bfloat16 else 2.0**-10, 4: 2.0**-23, 8: 2.0**-52}[dtype.size]


def group_norm(x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> tf.Tensor:
    """`torch.nn.functional.group_norm` of a channels-last input (B, …, C)."""
    x = tf.convert_to_tensor(x)
    channels = x.shape[-1]
    sizes = ops.shape(x)
    by_group = (num_groups, channels // num_groups)
    grouped = tf.reshape(_wide(x), (*_one_unknown(sizes[:-1], x.shape[:-1]), *by_group))
    centred = grouped - _mean_of_groups(grouped)
    scale = tf.math.rsqrt(_mean_of_groups(tf.square(centred)) + eps)
    if weight is not None:
        scale = scale * tf.cast(tf.reshape(weight, by_group), scale.dtype)
    normal = tf.reshape(centred * scale, (*_one_unknown(sizes[:-1], x.shape[:-1]), channels))
    return tf.cast(_scale_and_shift(normal, None, bias), x.dtype)


def _mean_of_groups(grouped: tf.Tensor) -> tf.Tensor:
    """Means of (B, …, groups, channels) over all but the batch and the groups, in two steps.

    In one, TensorFlow adds all places of one image one after the other: fifty times the rounding, and slower.
    """
    places = [*range(2, grouped.shape.rank - 2), grouped.shape.rank - 1]
    first = tf.reduce_mean(grouped, axis=1, keepdims=True) if grouped.shape.rank > 3 else grouped
    return tf.reduce_mean(first, axis=places, keepdims=True)


def _one_unknown(sizes: Sequence[Any], static: Any) -> list[Any]:
    """Sizes for a reshape: -1 for the one that is unknown, which keeps the graph static."""
    known = list(static)
    return [-1 if size is None else size for size in known] if known.count(None) == 1 else list(sizes)


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    synchronized: bool = False,
    axis: int = -1,
) -> tf.Tensor:
    """`torch.nn.functional.batch_norm` of an input with its channels on `axis`: the last one, as in (B, …, C).

    In training the batch's statistics are used, and running statistics that can be assigned are moved
    by `momentum` towards them, the variance unbiased. `synchronized` takes them over the batches of all replicas.
    """
    x = tf.convert_to_tensor(x)
    axis = axis % x.shape.rank
    if not training and running_mean is not None:
        if x.shape.rank == 4 and axis == 3 and x.dtype == tf.float32:
            folded = _folded(x, running_mean, running_var, weight, bias, eps)
            return _fused(x, running_mean, running_var, weight, bias, eps)[0] if folded is None else folded
        return _normalise(x, _as_wide(running_mean), _as_wide(running_var), weight, bias, eps, axis)
    wide = _wide(x)
    if x.shape.rank == 4 and axis == 3 and wide.dtype == tf.float32 and not (synchronized or is_traced_for_xla()):
        y, mean, unbiased = _fused_training(wide, weight, bias, eps)
    else:
        mean, variance, count = _batch_moments(wide, synchronized, axis)
        unbiased = _unbiased(variance, count)
        y = _normalise(wide, mean, variance, weight, bias, eps, axis)
    if hasattr(running_mean, "assign"):
        _move(running_mean, mean, momentum)
        _move(running_var, unbiased, momentum)
    return tf.cast(y, x.dtype)


def _fused(
    x: tf.Tensor, mean: Any, variance: Any, weight: Any, bias: Any, eps: float, is_training: bool = False
) -> Sequence[tf.Tensor]:
    """Normalised images, mean and unbiased variance, by the one operation that TensorFlow has for them.

    In inference it joins it with the convolution before it and the ReLU after it.
    """
    channels = x.shape[-1]
    return tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=tf.ones(channels) if weight is None else tf.cast(weight, x.dtype),
        offset=tf.zeros(channels) if bias is None else tf.cast(bias, x.dtype),
        mean=tf.cast(mean, x.dtype),
        variance=tf.cast(variance, x.dtype),
        epsilon=eps,
        is_training=is_training,
    )[:3]


def _fused_training(x: tf.Tensor, weight: Any, bias: Any, eps: float) -> Sequence[tf.Tensor]:
    """As `_fused`, by the batch's own statistics.

    TensorFlow's kernel for CPUs adds all places of a batch one after the other: ten to twenty times the rounding of
    means in two steps. There only the normalisation and its gradient are left to it; what it hands on for the
    gradient are mean and variance, where other devices may hand on something else.
    """
    none = tf.constant([], x.dtype)
    if any(device.device_type != "CPU" for device in tf.config.list_logical_devices()):
        return _fused(x, none, none, weight, bias, eps, is_training=True)
    mean = _mean_of_places(tf.stop_gradient(x))
    variance = _mean_of_places(tf.math.squared_difference(tf.stop_gradient(x), mean))

    @tf.custom_gradient
    def normalised(x: tf.Tensor, weight: Any, bias: Any) -> Any:
        def gradient(dy: tf.Tensor) -> Any:
            return tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=dy,
                x=x,
                scale=weight,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=none,
                epsilon=eps,
                is_training=True,
            )[:3]

        return _fused(x, mean, variance, weight, bias, eps)[0], gradient

    channels = x.shape[-1]
    weight = tf.ones(channels) if weight is None else tf.convert_to_tensor(weight)
    bias = tf.zeros(channels) if bias is None else tf.convert_to_tensor(bias)
    count = tf.cast(tf.size(x) // channels, x.dtype)
    return normalised(x, weight, bias), mean, _unbiased(variance, count)


def _mean_of_places(x: tf.Tensor) -> tf.Tensor:
    """The mean of each channel of (B, H, W, C), in two steps; see `_mean_of_groups`."""
    return tf.reduce_mean(tf.reduce_mean(x, axis=2), axis=(0, 1))


def _folded(x: tf.Tensor, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> tf.Tensor | None:
    """The normalised images where a graph makes them by a depthwise convolution; None if it does not.

    TensorFlow joins with that no normalisation, but an addition and an activation, so its small kernel takes the scale.
    """
    convolution = getattr(x, "op", None)  # of a graph's tensors only
    if convolution is None or convolution.type != "DepthwiseConv2dNative":
        return None
    images, kernel = convolution.inputs
    scale, shift = _scale_and_offset(_as_wide(mean), _as_wide(variance), weight, bias, eps)
    attributes = ("strides", "padding", "explicit_paddings", "data_format", "dilations")
    y = tf.raw_ops.DepthwiseConv2dNative(
        input=images,
        filter=kernel * tf.reshape(scale, kernel.shape[2:]),
        **{name: convolution.get_attr(name) for name in attributes},
    )
    return tf.nn.bias_add(y, shift)


def _batch_moments(x: tf.Tensor, synchronized: bool, axis: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Mean and variance of each channel, and how many values they were taken over."""
    axes = [other for other in range(x.shape.rank) if other != axis]
    count = tf.cast(tf.size(x) // tf.shape(x)[axis], x.dtype)
    replica = tf.distribute.get_replica_context() if synchronized else None
    if replica is None or replica.num_replicas_in_sync == 1:
        mean, variance = tf.nn.moments(x, axes)
        return mean, variance, count
    total, count = replica.all_reduce("SUM", [tf.reduce_sum(x, axes), count])
    mean = total / count
    variance = replica.all_reduce("SUM", tf.reduce_sum(tf.square(x - _on_axis(mean, x, axis)), axes)) / count
    return mean, variance, count


def _unbiased(variance: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    return variance * (count / tf.maximum(count - 1.0, 1.0))


def _as_wide(statistic: Any) -> tf.Tensor:
    return _wide(tf.convert_to_tensor(statistic))


def _move(statistic: Any, towards: tf.Tensor, momentum: Any) -> None:
    current = tf.convert_to_tensor(statistic)
    towards = tf.cast(tf.stop_gradient(towards), current.dtype)
    if tf.is_tensor(momentum):  # a cast number would pass through float32
        momentum = tf.cast(momentum, current.dtype)
    statistic.assign(current + (towards - current) * momentum)


def _on_axis(value: tf.Tensor, x: tf.Tensor, axis: int) -> tf.Tensor:
    """One value a channel, in a shape that meets the channels of x."""
    after = x.shape.rank - 1 - axis
    return tf.reshape(value, (-1, *(1,) * after)) if after else value


def _scale_and_offset(
    mean: tf.Tensor, variance: tf.Tensor, weight: Any, bias: Any, eps: float
) -> tuple[tf.Tensor, tf.Tensor]:
    scale = tf.math.rsqrt(variance + eps)
    if weight is not None:
        scale = scale * tf.cast(weight, scale.dtype)
    shift = -mean * scale
    return scale, shift if bias is None else shift + tf.cast(bias, scale.dtype)


def _normalise(
    x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, weight: Any, bias: Any, eps: float, axis: int
) -> tf.Tensor:
    scale, shift = _scale_and_offset(mean, variance, weight, bias, eps)
    # Both are one value a channel: what remains is one multiplication and one addition.
    return tf.cast(_wide(x) * _on_axis(scale, x, axis) + _on_axis(shift, x, axis), x.dtype)


def var_mean(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> Any:
    """`torch.var_mean` over the stored axes `dim`: (variance, mean)."""
    x = tf.convert_to_tensor(x)
    mean, variance = tf.nn.moments(x, _axes(x, dim), keepdims=keepdim)
    correction = int(unbiased) if correction is None else correction
    if correction:
        count = tf.cast(tf.size(x) // tf.maximum(tf.size(mean), 1), variance.dtype)
        variance = variance * (count / (count - tf.cast(correction, count.dtype)))
    return variance, mean


def var(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> tf.Tensor:
    """`torch.var`: unbiased unless told otherwise."""
    return var_mean(x, dim, unbiased, keepdim, correction)[0]


def std(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> tf.Tensor:
    """`torch.std`: unbiased unless told otherwise."""
    return tf.sqrt(var(x, dim, unbiased, keepdim, correction))


def std_mean(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> Any:
    """`torch.std_mean` over the stored axes `dim`: (standard deviation, mean)."""
    variance, mean = var_mean(x, dim, unbiased, keepdim, correction)
    return tf.sqrt(variance), mean


def _axes(x: tf.Tensor, dim: Any) -> list[int]:
    if dim is None:
        return list(range(x.shape.rank))
    return [dim] if isinstance(dim, int) else list(dim)
