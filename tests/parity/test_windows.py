"""What shifted windows do at sizes that they don't divide, and that Swin converts to TFLite."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from tensorflow import constant

from transpiler.verify.checks import Comparison
from transpiler.verify.compare import relative_error
from transpiler.verify.frameworks import tf
from transpiler.verify.pair import Pair, build_pair, random_images
from transpiler.verify.record import Settings

TOLERANCE = Settings().tolerance
ARCHS = ("swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256", "swinv2_cr_tiny_224")
TWO_STAGES: dict[str, Any] = {"depths": (2, 1), "num_heads": (2, 4), "embed_dim": 16, "num_classes": 5}


def two_stages(package: ModuleType, arch: str, **kwargs: Any) -> Pair:
    if arch.startswith("swinv2_tiny"):
        kwargs = {"pretrained_window_sizes": (0, 0), **kwargs}
    return build_pair(package, arch, 1, **TWO_STAGES, **kwargs)


@pytest.mark.parametrize("arch", ARCHS)
def test_a_shifted_block_pads_after_the_roll(generated_package: ModuleType, arch: str) -> None:
    """A map of 60 x 60 in windows of 7: padded to 63. Padded before the roll, the numbers would be others."""
    pair = two_stages(generated_package, arch, img_size=(240, 240), window_size=7)
    comparison = Comparison(pair, random_images(1, 3, 240, 240)[:1])
    assert comparison.eager() <= TOLERANCE
    stages = pair.generated.stages if hasattr(pair.generated, "stages") else pair.generated.layers_
    block = stages[0].blocks[1]
    assert block.shift_size == (3, 3)
    attend = block._shifted_window_attn if hasattr(block, "_shifted_window_attn") else block._attn
    tokens = constant(np.random.default_rng(1).standard_normal((1, 60, 60, 16), dtype=np.float32))
    after = np.asarray(attend(tokens))
    before = np.asarray(attend(tf.pad(tokens, ((0, 0), (0, 3), (0, 3), (0, 0))))[:, :60, :60])
    assert relative_error(after, before) > 100 * TOLERANCE


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(("size", "pads"), [(56, 0), (60, 2)])
def test_only_a_size_that_needs_it_is_padded(generated_package: ModuleType, arch: str, size: int, pads: int) -> None:
    kwargs = {**TWO_STAGES, "depths": (2,), "num_heads": (2,), "img_size": 4 * size, "window_size": 7}
    if arch.startswith("swinv2_tiny"):
        kwargs["pretrained_window_sizes"] = (0,)
    model = generated_package.create_model(arch, **kwargs)
    run = tf.function(model, input_signature=[tf.TensorSpec((None, 4 * size, 4 * size, 3))])
    found = [each.type for each in run.get_concrete_function().graph.get_operations()]
    assert sum(each in ("Pad", "PadV2") for each in found) == pads


@pytest.mark.parametrize("arch", ARCHS[1:])
@pytest.mark.parametrize(
    ("kwargs", "size"),
    [
        ({"img_size": (72, 64), "window_size": (3, 5)}, (72, 64)),
        ({"img_size": 64, "window_size": 4, "always_partition": True}, (64, 64)),
        ({"img_size": 64, "window_size": 4, "strict_img_size": False}, (80, 72)),
        ({"img_size": 64, "window_size": (4, 2)}, (64, 64)),
    ],
    ids=str,
)
def test_windows_and_sizes(generated_package: ModuleType, arch: str, kwargs: dict[str, Any], size: Any) -> None:
    pair = two_stages(generated_package, arch, **kwargs)
    comparison = Comparison(pair, random_images(1, 3, *size))
    assert comparison.eager() <= TOLERANCE


@pytest.mark.parametrize("arch", ARCHS[1:])
@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ({"img_size": (96, 80)}, (96, 80)),
        ({"img_size": (96, 96), "window_size": 6}, (96, 96)),
        ({"window_ratio": 8}, (64, 64)),
    ],
    ids=str,
)
def test_set_input_size(generated_package: ModuleType, arch: str, arguments: dict[str, Any], size: Any) -> None:
    pair = two_stages(generated_package, arch, img_size=64, window_size=4)
    pair.upstream.set_input_size(**arguments)
    pair.generated.set_input_size(**arguments)
    assert Comparison(pair, random_images(1, 3, *size)).eager() <= TOLERANCE


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("masked", [False, True])
def test_the_attention_alone_takes_windows(generated_package: ModuleType, arch: str, masked: bool) -> None:
    """Of two images in three windows each, with and without a mask for each window."""
    pair = two_stages(generated_package, arch, img_size=64, window_size=4)
    attention = "0.blocks.1.attn"
    stages = "layers" if hasattr(pair.upstream, "layers") else "stages"
    generated = dict(pair.generated.named_modules())[f"{stages}.{attention}"]
    rng = np.random.default_rng(1)
    x = rng.standard_normal((6, 16, 16), dtype=np.float32)
    mask = rng.standard_normal((3, 16, 16), dtype=np.float32) if masked else None
    with torch.no_grad():
        upstream = pair.upstream.get_submodule(f"{stages}.{attention}")
        expected = upstream(torch.from_numpy(x), mask=torch.from_numpy(mask) if masked else None)
    assert relative_error(expected.numpy(), np.asarray(generated(constant(x), mask=mask))) <= TOLERANCE


@pytest.mark.parametrize("arch", ARCHS)
def test_one_transpose_cuts_windows_and_splits_heads(generated_package: ModuleType, arch: str) -> None:
    """A block has three: on the way in, on the way out, and that of its small position bias."""
    model = two_stages(generated_package, arch, img_size=64, window_size=4).generated
    run = tf.function(model, input_signature=[tf.TensorSpec((None, 64, 64, 3))])
    found = [each.type for each in run.get_concrete_function().graph.get_operations()]
    blocks, merges = 3, 1
    assert found.count("Transpose") == 3 * blocks + merges


@pytest.mark.parametrize("arch", ARCHS)
def test_converts_to_tflite_with_a_dynamic_batch(generated_package: ModuleType, arch: str, tmp_path: Path) -> None:
    """Out of builtins only, and the numbers stay for two batch sizes."""
    model = two_stages(generated_package, arch, img_size=64, window_size=4).generated
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    interpreter = tf.lite.Interpreter(str(tmp_path / "model.tflite"))
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    for batch in (1, 3):
        images = np.random.default_rng(batch).standard_normal((batch, 64, 64, 3), dtype=np.float32)
        interpreter.resize_tensor_input(source, images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source, images)
        interpreter.invoke()
        assert relative_error(np.asarray(model(constant(images))), interpreter.get_tensor(target)) <= TOLERANCE


@pytest.mark.parametrize("arch", ARCHS)
def test_compiled_by_xla(generated_package: ModuleType, arch: str) -> None:
    pair = two_stages(generated_package, arch, img_size=64, window_size=4)
    images = constant(random_images(1, 3, 64, 64))
    compiled = tf.function(lambda x: pair.generated(x), jit_compile=True)
    assert relative_error(np.asarray(pair.generated(images)), np.asarray(compiled(images))) <= TOLERANCE
