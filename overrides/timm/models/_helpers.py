"""Checkpoint reading of timm.models._helpers, through the runtime's reader in place of torch.load."""

import logging
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from timm.models._helpers import clean_state_dict

from transpiler.runtime import nn
from transpiler.runtime.checkpoints import as_array, read_checkpoint

_logger = logging.getLogger(__name__)


def load_state_dict(
    checkpoint_path: str,
    use_ema: bool = True,
    device: str = "cpu",
    weights_only: bool = True,
) -> dict[str, Any]:
    """Read the weights of a checkpoint file.

    Stands for timm.models._helpers.load_state_dict; hand-written because the original reads with torch. Reads
    .safetensors without torch, and torch's pickles (.pth, .bin, .pt) where torch is installed.

    Args:
        checkpoint_path: The file.
        use_ema: Prefer averaged weights where a training checkpoint holds them.
        device: Accepted for timm's signature, not read: TensorFlow places variables itself.
        weights_only: Must be True: arbitrary pickles are not run.

    Returns:
        Torch names to tensors in torch's layout, wrapper prefixes removed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If weights_only is False.
    """
    if not checkpoint_path or not os.path.isfile(checkpoint_path):
        raise FileNotFoundError(f"no checkpoint at {str(checkpoint_path)!r}")
    if not weights_only:
        raise ValueError(
            "weights_only=False would run code from the pickle, which is refused here; "
            "convert the checkpoint to safetensors in torch first"
        )
    checkpoint = read_checkpoint(checkpoint_path)
    key = _state_dict_key(checkpoint, use_ema)
    _logger.info("Loaded %s from checkpoint %r", key or "weights", str(checkpoint_path))
    weights = clean_state_dict(dict(checkpoint[key] if key else checkpoint))
    return {name: _as_tensor(value) for name, value in weights.items()}


def _state_dict_key(checkpoint: Any, use_ema: bool) -> str:
    """The entry of a training checkpoint that holds the weights; empty if the checkpoint is the weights."""
    if use_ema:
        for key in ("state_dict_ema", "model_ema"):
            if key in checkpoint and checkpoint[key] is not None:
                return key
    return next((key for key in ("state_dict", "model") if key in checkpoint), "")


def _as_tensor(value: Any) -> Any:
    """A tensor or array of any framework as a TensorFlow tensor; anything else as it is."""
    value = as_array(value)
    return tf.convert_to_tensor(value) if isinstance(value, np.ndarray) else value


def load_checkpoint(
    model: nn.Module,
    checkpoint_path: str,
    use_ema: bool = True,
    device: str = "cpu",
    strict: bool = True,
    remap: bool = False,
    filter_fn: Callable | None = None,
    weights_only: bool = True,
) -> Any:
    """Load a checkpoint file into a model.

    Stands for timm.models._helpers.load_checkpoint; hand-written because of its torch devices and reader.

    Args:
        model: The model to fill.
        checkpoint_path: .safetensors, a torch pickle, or the .npz or .npy of a model that has `load_pretrained`.
        use_ema: Prefer averaged weights where a training checkpoint holds them.
        device: Accepted for timm's signature, not read.
        strict: Refuse missing and unexpected keys.
        remap: Pair the weights with the model's by their order, ignoring names.
        filter_fn: filter_fn(state_dict, model) -> state_dict; not used with remap.
        weights_only: Must be True, see load_state_dict.

    Returns:
        The missing and unexpected keys; None for NumPy files.
    """
    if os.path.splitext(checkpoint_path)[-1].lower() in (".npz", ".npy"):
        if not hasattr(model, "load_pretrained"):
            raise NotImplementedError(
                f"{type(model).__name__} has no load_pretrained() to read a NumPy checkpoint with"
            )
        model.load_pretrained(checkpoint_path)
        return None
    state_dict = load_state_dict(checkpoint_path, use_ema, device=device, weights_only=weights_only)
    if remap:
        state_dict = remap_state_dict(state_dict, model)
    elif filter_fn:
        state_dict = filter_fn(state_dict, model)
    return model.load_state_dict(state_dict, strict=strict)


def remap_state_dict(state_dict: dict[str, Any], model: nn.Module, allow_reshape: bool = True) -> dict[str, Any]:
    """Give weights the names of a model's, pairing both by their order.

    Stands for timm.models._helpers.remap_state_dict; hand-written because a model's state dict holds NumPy arrays here.

    Args:
        state_dict: Weights in torch's layout, in the order in which their model registered them.
        model: The model whose names and shapes are wanted.
        allow_reshape: Reshape a weight that has the right number of elements.

    Returns:
        The weights under the model's names.

    Raises:
        AssertionError: If a pair differs in size, or in shape where reshaping is not allowed.
    """
    renamed = {}
    for (name, wanted), (source, weight) in zip(model.state_dict().items(), state_dict.items(), strict=False):
        shapes = f"{name}: {tuple(wanted.shape)} vs {source}: {tuple(weight.shape)}. Remap failed."
        assert wanted.size == np.prod(weight.shape, dtype=int), f"Tensor size mismatch {shapes}"
        if tuple(wanted.shape) != tuple(weight.shape):
            assert allow_reshape, f"Tensor shape mismatch {shapes}"
            weight = tf.reshape(weight, wanted.shape)
        renamed[name] = weight
    return renamed


def resume_checkpoint(
    model: nn.Module,
    checkpoint_path: str,
    optimizer: Any | None = None,
    loss_scaler: Any | None = None,
    log_info: bool = True,
    weights_only: bool = True,
) -> int | None:
    """Stands for timm.models._helpers.resume_checkpoint; hand-written because a torch optimizer's state can't go on here.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(
        "a torch training state can't be resumed in Keras; load its weights with load_checkpoint(model, path), "
        "and save and resume training here with keras.callbacks.BackupAndRestore or model.save"
    )
