"""Normalisation layers with torch's defaults over the stock Keras layers."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .functional.normalization import batch_norm, group_norm, layer_norm, rms_norm
from .init import ones_, zeros_
from .module import Module


class _Normalization(Module):
    """Torch's `eps` is Keras' `epsilon`; weight and bias are Keras' gamma and beta, kept in float32."""

    keras_state = frozenset({"gamma", "beta", "moving_mean", "moving_variance"})

    @property
    def eps(self) -> float:
        return self.epsilon

    @eps.setter
    def eps(self, eps: float) -> None:
        self.epsilon = eps

    def _add_affine(self, shape: tuple[int, ...], weight: bool, bias: bool) -> None:
        # Keras' own cast at the end of their `call`; here the input is cast, as for any other layer.
        self.autocast = True
        self.gamma = self._add_norm_weight("gamma", shape, "ones") if weight else None
        self.beta = self._add_norm_weight("beta", shape, "zeros") if bias else None
        self.register_parameter("weight", None)
        self.register_parameter("bias", None)
        self._registry.parameters.update(weight=self.gamma, bias=self.beta)

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        if self.gamma is not None:
            ones_(self.gamma)
        if self.beta is not None:
            zeros_(self.beta)

    def _add_norm_weight(self, name: str, shape: tuple[int, ...], initializer: str, trainable: bool = True) -> Any:
        # Not autocast: statistics and scale are applied in float32 under mixed precision, as torch does.
        # The mean of the replicas: each would go on with statistics of its own otherwise.
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=trainable, autocast=False, aggregation="mean"
        )


class LayerNorm(_Normalization, keras.layers.LayerNormalization):
    """`torch.nn.LayerNorm` over the last axes."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        **kwargs: Any,
    ):
        shape = (int(normalized_shape),) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        super().__init__(axis=list(range(-len(shape), 0)), epsilon=eps, **kwargs)
        self.normalized_shape = shape
        self.elementwise_affine = elementwise_affine
        self._add_affine(shape, elementwise_affine, elementwise_affine and bias)

    def call(self, x: Any) -> tf.Tensor:
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.epsilon)


class RMSNorm(_Normalization, keras.layers.RMSNormalization):
    """`torch.nn.RMSNorm` over the last axes; without `eps`, the machine epsilon of the input."""

    def __init__(self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, **kwargs: Any):
        shape = (int(normalized_shape),) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        super().__init__(axis=list(range(-len(shape), 0)), **kwargs)
        self.epsilon: Any = eps
        self.normalized_shape = shape
        self.elementwise_affine = elementwise_affine
        self._add_affine(shape, elementwise_affine, False)
        self._registry.parameters.pop("bias")

    def call(self, x: Any) -> tf.Tensor:
        return rms_norm(x, self.normalized_shape, self.weight, self.epsilon)


class GroupNorm(_Normalization, keras.layers.GroupNormalization):
    """`torch.nn.GroupNorm` of channels-last inputs (B, …, C)."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, **kwargs: Any):
        if num_channels % num_groups:
            raise ValueError(f"num_channels={num_channels} must be divisible by num_groups={num_groups}")
        super().__init__(groups=num_groups, axis=-1, epsilon=eps, **kwargs)
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.affine = affine
        self._add_affine((num_channels,), affine, affine)

    def call(self, x: Any) -> tf.Tensor:
        return group_norm(x, self.num_groups, self.weight, self.bias, self.epsilon)


class BatchNorm(_Normalization, keras.layers.BatchNormalization):
    """Batch normalisation of channels-last inputs with torch's momentum and unbiased running variance.

    The batch's statistics are used, and the running ones moved, in training only and not while
    `trainable` is False, as Keras does. On many devices each takes those of its own share of the batch, and the running
    ones get the mean; with `synchronized` set, as on Keras' layer, all take those of the whole batch.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        **kwargs: Any,
    ):
        super().__init__(axis=-1, epsilon=eps, **kwargs)
        self.num_features = num_features
        # Torch's: the share of the new value, not of the old one. None averages over all batches.
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._add_affine((num_features,), affine, affine)
        self._add_running_statistics()

    def _add_running_statistics(self) -> None:
        if not self.track_running_stats:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
            return
        shape = (self.num_features,)
        self.moving_mean = self._add_norm_weight("moving_mean", shape, "zeros", trainable=False)
        self.moving_variance = self._add_norm_weight("moving_variance", shape, "ones", trainable=False)
        self._registry.buffers.update(running_mean=self.moving_mean, running_var=self.moving_variance)
        self.register_buffer("num_batches_tracked", tf.constant(0, tf.int64))

    def reset_running_stats(self) -> None:
        """Forget all batches seen."""
        if self.track_running_stats:
            zeros_(self.moving_mean)
            ones_(self.moving_variance)
            zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0, and forget all batches seen."""
        self.reset_running_stats()
        super().reset_parameters()

    def call(self, x: Any) -> tf.Tensor:
        uses_batch = (self.training and self.trainable) or not self.track_running_stats
        if not uses_batch:
            return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.epsilon)
        momentum: Any = self.momentum
        if self.track_running_stats:
            self.num_batches_tracked.assign_add(1)
            if momentum is None:
                momentum = 1.0 / tf.cast(self.num_batches_tracked, self.moving_mean.dtype)
        statistics = self.running_mean, self.running_var
        return batch_norm(x, *statistics, self.weight, self.bias, True, momentum, self.epsilon, self.synchronized)


class BatchNorm1d(BatchNorm):
    """`torch.nn.BatchNorm1d` of (B, C), or of (B, C, L) in torch's order."""

    def call(self, x: Any) -> tf.Tensor:
        if x.shape.rank != 3:
            return super().call(x)
        return tf.transpose(super().call(tf.transpose(x, (0, 2, 1))), (0, 2, 1))


class BatchNorm2d(BatchNorm):
    """`torch.nn.BatchNorm2d` of images (B, H, W, C)."""


class BatchNorm3d(BatchNorm):
    """`torch.nn.BatchNorm3d` of videos (B, T, H, W, C)."""


class SyncBatchNorm(BatchNorm):
    """`torch.nn.SyncBatchNorm`: statistics are those of all replicas' batches."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        **kwargs: Any,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, **kwargs)
        self.synchronized = True


class FrozenBatchNorm2d(Module):
    """`torchvision.ops.FrozenBatchNorm2d`: everything is a buffer, nothing is trained or moved."""

    def __init__(self, num_features: int, eps: float = 1e-5, **kwargs: Any):
        super().__init__(**kwargs)
        self.eps = eps
        self.num_features = num_features
        self.register_buffer("weight", tf.ones(num_features))
        self.register_buffer("bias", tf.zeros(num_features))
        self.register_buffer("running_mean", tf.zeros(num_features))
        self.register_buffer("running_var", tf.ones(num_features))

    def call(self, x: Any) -> tf.Tensor:
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
