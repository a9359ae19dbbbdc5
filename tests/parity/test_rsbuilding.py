"""RSBuilding's whole networks: two images in, three masks out, against what is generated of them."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import torch
from openmmlab_models import transpiled
from rsbuilding_network import MODULES, WITH_NETWORK, Configuration, pair, swin, upstream, vit
from safetensors.torch import save_file

from transpiler.bench.rsbuilding import generated
from transpiler.verify.checks import Comparison, state_dict_error
from transpiler.verify.compare import worst_error
from transpiler.verify.errors import ParityFailure
from transpiler.verify.frameworks import tf
from transpiler.verify.gradients import TOLERANCE as GRADIENT_TOLERANCE
from transpiler.verify.gradients import gradient_error
from transpiler.verify.package import import_package
from transpiler.verify.pair import as_torch, from_tensorflow, random_images
from transpiler.verify.record import Settings

pytestmark = WITH_NETWORK
TOLERANCE = Settings().tolerance
NETWORKS = {"ViT": vit(64), "Swin": swin()}
PAIR_OF_IMAGES = 6  # channels


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_package(transpiled(MODULES, tmp_path_factory.mktemp("rsbuilding") / "generated_rsbuilding"))


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Configuration:
    return NETWORKS[request.param]


def test_masks_and_state(package: ModuleType, network: Configuration) -> None:
    """At the size that it is made for, at another one, and given one image only, which then is both."""
    both = pair(package, network)
    assert state_dict_error(both) == 0.0
    for channels, size in ((PAIR_OF_IMAGES, 64), (PAIR_OF_IMAGES, 96), (3, 64)):
        comparison = Comparison(both, random_images(1, channels, size, size))
        assert comparison.expected[""].shape == (2, size, size, 3)
        assert comparison.eager() <= TOLERANCE


def test_graphs_and_gradients(package: ModuleType, network: Configuration) -> None:
    comparison = Comparison(pair(package, network), random_images(1, PAIR_OF_IMAGES, 64, 64))
    assert comparison.graph() <= TOLERANCE
    assert _gradients_are_upstreams(package, network)


def _gradients_are_upstreams(package: ModuleType, network: Configuration) -> bool:
    """On one of three pairs of images: of a million inputs of ReLU one may lie so near zero that rounding, which differs
    from call to call, decides its gradient. What is wrong is wrong on all three."""
    for seed in (1, 2, 3):
        with contextlib.suppress(ParityFailure):
            images = random_images(seed, PAIR_OF_IMAGES, 64, 64)
            return gradient_error(pair(package, network), images) <= GRADIENT_TOLERANCE
    return False


def test_positions_are_encoded_in_half_precision(package: ModuleType) -> None:
    """Bit for bit: rounding their frequencies to half precision is part of what weights were trained with."""
    both = pair(package, vit(64))
    ours, theirs = both.generated.decode_head.pe_emb, both.upstream.decode_head.pe_emb
    for size in ((8, 8), (32, 48)):
        expected = theirs(size)
        assert expected.dtype == torch.float16
        assert np.array_equal(ours(size).numpy(), expected.float().numpy())
    points = np.random.default_rng(1).uniform(0, 64, (2, 5, 2)).astype(np.float32)
    expected = theirs.forward_with_coords(torch.from_numpy(points), (64, 48)).float().numpy()
    assert np.array_equal(ours.forward_with_coords(tf.constant(points), (64, 48)).numpy(), expected)


def test_all_three_queries_are_always_used(package: ModuleType) -> None:
    """Upstream compares torch's method `type` with names of tasks, which never holds."""
    both = pair(package, vit(64))
    ours, theirs = both.generated.decode_head, both.upstream.decode_head
    names = ("building_a_embed", "building_b_embed", "cd_embed")
    expected = np.stack([both.state[f"decode_head.{name}.weight"][0] for name in names])
    assert np.array_equal(theirs.generate_query_embed(1)[0].detach().numpy(), expected)
    assert np.array_equal(ours.generate_query_embed(1)[0].numpy(), expected)


@pytest.mark.parametrize("labels", ["all", "only_cd_label", "only_building_label"])
def test_losses_of_data_samples(package: ModuleType, labels: str) -> None:
    """As RSBuilding trains: the losses and the figures that it logs, by which labels there are."""
    network = vit(64)
    both = pair(package, {**network, "decode_head": {**network["decode_head"], "fake_loss_weight": 0.5}})
    images = random_images(1, PAIR_OF_IMAGES, 64, 64)
    masks = np.random.default_rng(3).integers(0, 2, (2, 3, 1, 64, 64))

    def samples(root: str, make: Callable[[Any], Any]) -> list[Any]:
        sample = importlib.import_module(f"{root}mmseg.structures").SegDataSample
        data = importlib.import_module(f"{root}mmengine.structures").PixelData
        found = []
        for maps in masks:
            found.append(sample(metainfo={"img_shape": (64, 64)}))
            found[-1].type = labels
            for name, values in zip(("gt_sem_seg_from", "gt_sem_seg_to", "gt_sem_seg"), maps, strict=True):
                setattr(found[-1], name, data(data=make(values)))
        return found

    with torch.no_grad():
        expected = both.upstream.loss(as_torch(images), samples("", torch.from_numpy))
    actual = both.generated.loss_(tf.constant(images), samples(f"{package.__name__}.", tf.constant))
    assert list(actual) == list(expected) and len(expected) == 7
    for name, value in expected.items():
        np.testing.assert_allclose(np.asarray(actual[name]), value.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    "trained", [["cd mask head", "cd query head"], ["neck", "decoder", "ab mask head"], ["backbone"]]
)
def test_parts_that_are_trained(package: ModuleType, trained: list[str]) -> None:
    network = vit(64)
    both = pair(package, {**network, "finetune_cfg": trained})
    expected = {name for name, parameter in both.upstream.named_parameters() if parameter.requires_grad}
    assert {name for name, parameter in both.generated.named_parameters() if parameter.trainable} == expected


def test_masks_of_each_image(package: ModuleType) -> None:
    """Upstream's `predict` cuts off what was padded, turns back what was flipped, and resizes to the size the image had."""
    both = pair(package, vit(64))
    images = random_images(1, PAIR_OF_IMAGES, 64, 64)
    metainfo: list[dict[str, Any]] = [
        {"img_shape": (64, 64), "ori_shape": (40, 60), "padding_size": [0, 4, 0, 24]},
        {"img_shape": (64, 64), "ori_shape": (64, 64), "flip": True, "flip_direction": "horizontal"},
    ]
    samples = importlib.import_module("mmseg.structures").SegDataSample
    ours = importlib.import_module(f"{package.__name__}.mmseg.structures").SegDataSample
    with torch.no_grad():
        expected = both.upstream.predict(as_torch(images), [samples(metainfo=each) for each in metainfo])
    actual = both.generated.predict_(tf.constant(images), [ours(metainfo=each) for each in metainfo])
    for theirs, mine in zip(expected, actual, strict=True):
        logits = theirs.seg_logits.data.numpy()
        np.testing.assert_allclose(mine.seg_logits.data.numpy(), logits, atol=TOLERANCE)
        certain = np.abs(logits - 0.5) > TOLERANCE
        assert np.array_equal(mine.pred_sem_seg.data.numpy()[certain], theirs.pred_sem_seg.data.numpy()[certain])


def test_a_checkpoint_for_other_windows(package: ModuleType, tmp_path: Path) -> None:
    """Swin's tables of relative positions are resized when `init_cfg` names a checkpoint."""
    state = upstream(swin()).backbone.state_dict()
    state = {name: value for name, value in state.items() if not name.endswith("_index")}  # their shapes differ, which upstream doesn't resize
    torch.save(state, tmp_path / "swin.pth")
    save_file(state, tmp_path / "swin.safetensors")
    backbones = []
    for make, file in ((upstream, "swin.pth"), (partial(generated, package), "swin.safetensors")):
        init_cfg = {"type": "Pretrained", "checkpoint": str(tmp_path / file)}
        backbones.append(make(swin(window_size=4, init_cfg=init_cfg)).backbone)
        backbones[-1].init_weights()
    expected = {name: value.numpy() for name, value in backbones[0].state_dict().items()}
    assert expected["stages.0.blocks.0.attn.w_msa.relative_position_bias_table"].shape == (49, 1)
    assert worst_error(expected, backbones[1].state_dict()) <= TOLERANCE


def test_it_trains_and_is_exported(package: ModuleType, network: Configuration, tmp_path: Path) -> None:
    """One step of `fit` is one step of torch's optimizer; the exported model gives what the model gives."""
    rate = 0.1
    without_chance = {**network, "backbone": {**network["backbone"], "drop_path_rate": 0.0}}
    both = pair(package, without_chance)
    images = random_images(1, PAIR_OF_IMAGES, 64, 64)
    masks = np.random.default_rng(2).integers(0, 2, (2, 64, 64, 3)).astype(np.float32)
    both.upstream.train()
    optimizer = torch.optim.SGD(both.upstream.parameters(), rate)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(both.upstream(as_torch(images)), as_torch(masks))
    loss.backward()
    optimizer.step()
    both.generated.compile(keras.optimizers.SGD(rate), loss=keras.losses.BinaryCrossentropy(from_logits=True))
    history = both.generated.fit(images, masks, batch_size=2, verbose=0).history
    assert abs(history["loss"][0] - loss.item()) <= 1e-4 * loss.item()
    expected, actual = both.upstream.state_dict(), both.generated.state_dict()
    for name, value in expected.items():
        step = np.abs(value.numpy() - both.state[name]).max()
        np.testing.assert_allclose(actual[name], value.numpy(), rtol=1e-5, atol=1e-3 * step + 1e-6, err_msg=name)
    signature = [keras.InputSpec(shape=(None, 64, 64, PAIR_OF_IMAGES), dtype="float32")]
    both.generated.export(tmp_path / "exported", verbose=False, input_signature=signature)
    served = tf.saved_model.load(tmp_path / "exported")
    given = from_tensorflow(both.generated(tf.constant(images)))
    assert worst_error(given, from_tensorflow(served.serve(tf.constant(images)))) <= TOLERANCE


def test_a_loss_that_needs_cuda_is_refused(package: ModuleType) -> None:
    network = vit(64)
    head = {**network["decode_head"], "loss_type": "EdgeLoss"}
    with pytest.raises(NotImplementedError, match="BCELoss"):
        generated(package, {**network, "decode_head": head})
