"""Resampling of patch embeddings of timm.layers.patch_embed, for the releases that do it through NumPy and vmap."""

import tensorflow as tf

from transpiler.runtime import functional as F


def resample_patch_embed(
    patch_embed,
    new_size,
    interpolation: str = "bicubic",
    antialias: bool = True,
    verbose: bool = False,
):
    """Resample a patch embedding's kernel to another patch size by the pseudo-inverse of resizing a patch.

    Stands for timm.layers.patch_embed.resample_patch_embed; hand-written because the original resizes NumPy arrays in torch
    and maps over the kernel with torch.vmap. The method is that of FlexiViT, https://arxiv.org/abs/2212.08013.

    Args:
        patch_embed: (O, I, h, w), torch's layout.
        new_size: (height, width) of the new patch.
        interpolation: Mode of F.interpolate.
        antialias: Whether F.interpolate smooths when it shrinks.
        verbose: Accepted for timm's signature, not read.

    Returns:
        (O, I, height, width), of patch_embed's dtype.
    """
    kernels = tf.convert_to_tensor(patch_embed)
    outputs, inputs, height, width = kernels.shape
    if (height, width) == tuple(new_size):
        return patch_embed
    patches = tf.reshape(tf.eye(height * width), (height * width, height, width, 1))
    resized = F.interpolate(patches, size=tuple(new_size), mode=interpolation, antialias=antialias)
    resize_matrix = tf.reshape(resized, (height * width, -1))  # from old pixels to new ones
    flat = tf.reshape(tf.cast(kernels, tf.float32), (outputs, inputs, height * width))
    resampled = tf.einsum("nk,oik->oin", tf.linalg.pinv(resize_matrix), flat)
    return tf.cast(tf.reshape(resampled, (outputs, inputs, *new_size)), kernels.dtype)
