"""Checkpoints of Segment Anything 1 and 2 in their authors' layouts, and what else is theirs alone."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import timm
import torch
from parity_models import HIERA, SAM, SmallModel

from transpiler.verify.checks import Comparison
from transpiler.verify.pair import build_pair, random_images
from transpiler.verify.randomise import randomise
from transpiler.verify.record import Settings

TOLERANCE = Settings().tolerance


def upstream_of(model: SmallModel) -> torch.nn.Module:
    upstream = timm.create_model(model.arch, **{**model.kwargs, "num_classes": 0}).eval()
    randomise(upstream, seed=5)
    return upstream


def filter_of(package: ModuleType, module: str) -> Any:
    return import_module(f"{package.__name__}.timm.models.{module}").checkpoint_filter_fn


def test_sam_s_own_checkpoint(generated_package: ModuleType) -> None:
    """The decoders of the whole SAM are left out; of the encoder nothing is left over on either side."""
    pair = build_pair(generated_package, SAM.arch, 1, **{**SAM.kwargs, "num_classes": 0})
    randomise(pair.upstream, seed=5)
    state = {name: value.numpy() for name, value in pair.upstream.state_dict().items()}
    original = {f"image_encoder.{name.replace('mlp.fc', 'mlp.lin')}": value for name, value in state.items()}
    original |= {"mask_decoder.iou_token.weight": np.zeros((1, 256)), "prompt_encoder.no_mask_embed.weight": np.ones(3)}
    assert set(original).isdisjoint(state)
    filtered = filter_of(generated_package, "vision_transformer_sam")(original, pair.generated)
    assert pair.generated.load_state_dict(filtered, strict=True) == ([], [])
    assert Comparison(pair, random_images(1, 3, *SAM.size)).eager() <= TOLERANCE


def test_sam2_s_own_checkpoint(generated_package: ModuleType) -> None:
    """SAM2's trunk has no final norm; that is all that is missing."""
    pair = build_pair(generated_package, HIERA.arch, 1, **{**HIERA.kwargs, "num_classes": 0})
    state = {name: value.detach().numpy() for name, value in pair.upstream.state_dict().items()}
    trunk = "image_encoder.trunk."
    original = {"no_mem_embed": np.zeros(3)}
    for name, value in state.items():
        if not name.startswith("head."):
            renamed = name.replace("mlp.fc1", "mlp.layers.0").replace("mlp.fc2", "mlp.layers.1")
            original[trunk + renamed] = value + np.float32(0.01)
    filtered = filter_of(generated_package, "hieradet_sam2")(original, pair.generated, prefix=trunk)
    missing, unexpected = pair.generated.load_state_dict(filtered, strict=False)
    assert (sorted(missing), unexpected) == (["head.norm.bias", "head.norm.weight"], [])
    pair.upstream.load_state_dict({k: torch.from_numpy(np.asarray(v)) for k, v in filtered.items()}, strict=False)
    assert Comparison(pair, random_images(1, 3, *HIERA.size)).eager() <= TOLERANCE


def test_hiera_starts_as_timm_s_does(generated_package: ModuleType) -> None:
    """The projections of deeper blocks start smaller: `fix_init_weight` writes to the variables that it is given."""
    kwargs = {**HIERA.kwargs, "stages": (1, 1, 6, 1), "global_att_blocks": ()}
    generated = generated_package.create_model(HIERA.arch, **kwargs)
    scales = [float(np.std(block.attn.proj.weight.numpy())) for block in generated.blocks]
    expected = [0.02 / np.sqrt(2.0 * (i + 1)) for i in range(len(scales))]
    np.testing.assert_allclose(scales, expected, rtol=0.25)
