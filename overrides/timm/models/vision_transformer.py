"""Loading of Google's JAX/Flax ViT checkpoints into a generated VisionTransformer."""

from typing import Any

import numpy as np
import tensorflow as tf
from timm.layers import AttentionPoolLatent, resample_abs_pos_embed, resample_patch_embed
from timm.models._manipulate import adapt_input_conv

from transpiler.runtime import nn


def _load_weights(model: nn.Module, checkpoint_path: str, prefix: str = "", load_bfloat16: bool = False) -> None:
    """Load weights from one of Google's JAX/Flax `.npz` checkpoints, in the original or the Big Vision layout.

    Stands for timm.models.vision_transformer._load_weights; hand-written because the original copies into torch parameters
    in place. Position embedding, patch size and number of input channels are adapted to the model as there.

    Args:
        model: A VisionTransformer; its patch embedding may be a hybrid of a ResNetV2.
        checkpoint_path: The archive.
        prefix: Prefix of the names in it; found by itself for the known layouts.
        load_bfloat16: The archive holds bfloat16 as raw two-byte values.

    Raises:
        NotImplementedError: For a NaFlexVit.
        ValueError: If the archive can't be read or holds no known layout.
    """
    if hasattr(model, "embeds"):
        raise NotImplementedError(
            "NaFlexVit can't load JAX checkpoints here; load them in timm and pass on its state dict"
        )
    roots = (prefix,) if prefix else ("", "opt/target/", "params/", "params/img/")
    with _open_archive(checkpoint_path, roots, f"{type(model).__name__}.load_pretrained()") as archive:
        weights = _FlaxWeights(archive, prefix or _flax_prefix(archive), load_bfloat16)
        _load_flax_embeddings(model, weights)
        if hasattr(model.norm, "weight"):
            weights.copy_norm("Transformer/encoder_norm/", model.norm)
        if isinstance(model.head, nn.Linear) and weights.num_classes == model.head.bias.shape[0]:
            weights.copy_linear("head/", model.head)
        if isinstance(model.attn_pool, AttentionPoolLatent):
            _load_flax_attention_pool(model.attn_pool, weights)
        for i, block in enumerate(model.blocks.children()):
            _load_flax_block(block, weights, i)


def _open_archive(path: str, roots: tuple[str, ...], context: str) -> Any:
    """A JAX/Flax archive that holds a patch embedding under one of the roots."""
    try:
        archive = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise
    except (EOFError, OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"{context} expected a JAX/Flax NumPy .npz checkpoint, but could not read {path!r}; "
            "load safetensors with load_weights"
        ) from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError(f"{context} expected a keyed JAX/Flax NumPy .npz checkpoint, but {path!r} is not an archive")
    if not any(f"{root}embedding/kernel" in archive for root in roots):
        archive.close()
        raise ValueError(f"{context} did not find a supported layout in {path!r}: no embedding/kernel")
    return archive


def _flax_prefix(archive) -> str:
    """What stands before the names of an archive; of several that fit, the first in this order, as in timm."""
    roots = ("opt/target/", "params/", "params/img/")
    return next((root for root in roots if f"{root}embedding/kernel" in archive), "")


class _FlaxWeights:
    """Flax arrays by name, and their copying into modules whose parameters have torch's shapes."""

    def __init__(self, archive, prefix: str, bfloat16: bool):
        self.archive = archive
        self.prefix = prefix
        self.bfloat16 = bfloat16
        self.stacked_blocks = self.has("Transformer/encoderblock/LayerNorm_0/scale")
        self.big_vision = prefix.startswith("params/") or self.has("pos_embedding") or self.stacked_blocks

    def has(self, name: str) -> bool:
        return self.prefix + name in self.archive

    @property
    def num_classes(self) -> int | None:
        return self.array("head/bias").shape[-1] if self.has("head/bias") else None

    def array(self, name: str, index: int | None = None) -> np.ndarray:
        """An array as it is stored; index picks one block of an array that holds all of them."""
        array = self.archive[self.prefix + name]
        array = array if index is None else array[index]
        return array.view(tf.bfloat16.as_numpy_dtype).astype(np.float32) if self.bfloat16 else array

    def torch_array(self, name: str, index: int | None = None) -> np.ndarray:
        """An array with its axes in torch's order: (in, out) to (out, in), HWIO to OIHW."""
        array = self.array(name, index)
        if array.ndim == 4 and array.shape[:3] == (1, 1, 1):
            return array.flatten()
        axes = {4: (3, 2, 0, 1), 3: (2, 0, 1), 2: (1, 0)}.get(array.ndim)
        return array.transpose(axes) if axes else array

    def copy_norm(self, name: str, norm: nn.Module, index: int | None = None) -> None:
        norm.weight.assign(self.torch_array(f"{name}scale", index))
        norm.bias.assign(self.torch_array(f"{name}bias", index))

    def copy_linear(self, name: str, linear: nn.Module, index: int | None = None) -> None:
        linear.weight.assign(self.torch_array(f"{name}kernel", index))
        linear.bias.assign(self.torch_array(f"{name}bias", index))

    def copy_projections(self, name: str, parts: tuple[str, ...], linear: nn.Module, index: int | None = None) -> None:
        """Per-head projections, (in, heads, head_dim) each, into one fused Linear."""
        kernels = [self.array(f"{name}{part}/kernel", index) for part in parts]
        biases = [self.array(f"{name}{part}/bias", index) for part in parts]
        linear.weight.assign(np.concatenate([kernel.reshape(len(kernel), -1).T for kernel in kernels]))
        linear.bias.assign(np.concatenate([bias.reshape(-1) for bias in biases]))

    def copy_output_projection(self, name: str, linear: nn.Module, index: int | None = None) -> None:
        """The projection of all heads, (heads, head_dim, out), into a Linear."""
        kernel = self.array(f"{name}kernel", index)
        linear.weight.assign(kernel.reshape(-1, kernel.shape[-1]).T)
        linear.bias.assign(self.array(f"{name}bias", index))


def _load_flax_embeddings(model: nn.Module, weights: _FlaxWeights) -> None:
    """Patch, class and position embeddings, resampled where the model's sizes differ."""
    kernel = tf.convert_to_tensor(weights.torch_array("embedding/kernel"))
    proj = model.patch_embed.proj
    if hasattr(model.patch_embed, "backbone"):
        _load_flax_backbone(model.patch_embed.backbone, weights)
    else:
        kernel = adapt_input_conv(proj.weight.shape[1], kernel)
    if tuple(kernel.shape[-2:]) != tuple(proj.weight.shape[-2:]):
        kernel = resample_patch_embed(
            kernel, proj.weight.shape[-2:], interpolation="bilinear", antialias=False, verbose=True
        )
    proj.weight.assign(kernel)
    proj.bias.assign(weights.array("embedding/bias"))
    if model.cls_token is not None:
        model.cls_token.assign(weights.array("cls"))

    name = "pos_embedding" if weights.big_vision else "Transformer/posembed_input/pos_embedding"
    pos_embed = tf.convert_to_tensor(weights.array(name))
    if tuple(pos_embed.shape) != tuple(model.pos_embed.shape):
        pos_embed = resample_abs_pos_embed(
            pos_embed,
            new_size=model.patch_embed.grid_size,
            num_prefix_tokens=0 if model.no_embed_class else model.num_prefix_tokens,
            interpolation="bilinear",
            antialias=False,
            verbose=True,
        )
    model.pos_embed.assign(pos_embed)


def _load_flax_backbone(backbone: nn.Module, weights: _FlaxWeights) -> None:
    """The ResNetV2, or its stem alone, of a hybrid."""
    stem_only = not hasattr(backbone, "stem")
    stem = backbone if stem_only else backbone.stem
    kernel = tf.convert_to_tensor(weights.torch_array("conv_root/kernel"))
    stem.conv.weight.assign(adapt_input_conv(stem.conv.weight.shape[1], kernel))
    weights.copy_norm("gn_root/", stem.norm)
    if stem_only:
        return
    for i, stage in enumerate(backbone.stages, start=1):
        for j, block in enumerate(stage.blocks, start=1):
            unit = f"block{i}/unit{j}/"
            for r in (1, 2, 3):
                getattr(block, f"conv{r}").weight.assign(weights.torch_array(f"{unit}conv{r}/kernel"))
                weights.copy_norm(f"{unit}gn{r}/", getattr(block, f"norm{r}"))
            if block.downsample is not None:
                block.downsample.conv.weight.assign(weights.torch_array(f"{unit}conv_proj/kernel"))
                weights.copy_norm(f"{unit}gn_proj/", block.downsample.norm)


def _load_flax_attention_pool(pool: Any, weights: _FlaxWeights) -> None:
    """Big Vision's MAP head."""
    head = "MAPHead_0/"
    attention = f"{head}MultiHeadDotProductAttention_0/"
    pool.latent.assign(weights.array(f"{head}probe"))
    weights.copy_projections(attention, ("key", "value"), pool.kv)
    weights.copy_projections(attention, ("query",), pool.q)
    weights.copy_output_projection(f"{attention}out/", pool.proj)
    weights.copy_norm(f"{head}LayerNorm_0/", pool.norm)
    weights.copy_linear(f"{head}MlpBlock_0/Dense_0/", pool.mlp.fc1)
    weights.copy_linear(f"{head}MlpBlock_0/Dense_1/", pool.mlp.fc2)


def _load_flax_block(block: nn.Module, weights: _FlaxWeights, i: int) -> None:
    """One transformer block; the two layouts number a block's parts differently."""
    stacked = weights.stacked_blocks
    name, index = ("Transformer/encoderblock/", i) if stacked else (f"Transformer/encoderblock_{i}/", None)
    attention, norm2, mlp = (0, 1, 0) if weights.big_vision else (1, 2, 3)
    mha = f"{name}MultiHeadDotProductAttention_{attention}/"
    weights.copy_norm(f"{name}LayerNorm_0/", block.norm1, index)
    weights.copy_projections(mha, ("query", "key", "value"), block.attn.qkv, index)
    weights.copy_output_projection(f"{mha}out/", block.attn.proj, index)
    weights.copy_norm(f"{name}LayerNorm_{norm2}/", block.norm2, index)
    weights.copy_linear(f"{name}MlpBlock_{mlp}/Dense_0/", block.mlp.fc1, index)
    weights.copy_linear(f"{name}MlpBlock_{mlp}/Dense_1/", block.mlp.fc2, index)
