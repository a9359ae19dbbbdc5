"""Overrides that only earlier releases of timm need, compared with what timm does today."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch
from safetensors.numpy import save_file
from timm.layers.patch_embed import resample_patch_embed as torch_resample

random = np.random.default_rng(0)


@pytest.mark.parametrize("new_size", [(8, 8), (4, 4), (6, 3), (2, 2)])
@pytest.mark.parametrize("antialias", [True, False])
def test_a_patch_embedding_is_resampled_as_by_timm(override, new_size, antialias):
    kernel = random.standard_normal((5, 3, 4, 4)).astype(np.float32)
    ours = override("timm.layers.patch_embed").resample_patch_embed(tf.constant(kernel), new_size, antialias=antialias)
    expected = torch_resample(torch.tensor(kernel), list(new_size), antialias=antialias).numpy()
    np.testing.assert_allclose(np.asarray(ours), expected, atol=2e-5)


def test_the_dtype_of_a_patch_embedding_is_kept(override):
    kernel = tf.constant(random.standard_normal((2, 1, 4, 4)), tf.float16)
    assert override("timm.layers.patch_embed").resample_patch_embed(kernel, (2, 2)).dtype == tf.float16


def test_weights_are_read_from_a_folder_preferred_names_first(override, tmp_path):
    read = override("timm.models._hub").load_state_dict_from_path
    with pytest.raises(RuntimeError, match="No suitable checkpoints"):
        read(tmp_path)
    save_file({"w": np.ones(2, np.float32)}, tmp_path / "anything.safetensors")
    assert np.asarray(read(tmp_path)["w"]).tolist() == [1, 1]
    save_file({"w": np.zeros(2, np.float32)}, tmp_path / "model.safetensors")
    assert np.asarray(read(str(tmp_path))["w"]).tolist() == [0, 0]
