"""Overrides of mmengine, mmcv, mmpretrain and einops, compared with these. What they make of whole models is in tests/parity."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
import torch
from mmcv.cnn.bricks.norm import infer_abbr
from mmengine.model import BaseModule as UpstreamBaseModule
from mmengine.registry import MODELS as UPSTREAM_MODELS
from mmengine.registry import Registry as UpstreamRegistry
from mmengine.utils import deprecated_api_warning

MODULE = "mmpretrain.models.backbones.vit_sam"


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Imports a module of a package with ViTSAM, which uses all of these overrides."""
    folder = tmp_path_factory.mktemp("openmmlab") / "generated_overrides"
    command = [sys.executable, "-m", "transpiler", MODULE, "--out", str(folder)]
    run = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    sys.path.insert(0, str(folder.parent))
    yield lambda name: importlib.import_module(f"generated_overrides.{name}")
    sys.path.remove(str(folder.parent))


@pytest.fixture
def trees(generated):
    """The same registries twice, mmengine's way and ours: a root, and two packages that both have a `Norm`."""
    made = []
    for registry_class in (UpstreamRegistry, generated("mmengine.registry").Registry):
        root = registry_class("thing", scope="mmengine")
        first = registry_class("thing", parent=root, scope="first")
        second = registry_class("thing", parent=root, scope="second")
        for registry, names in ((root, ("Plain",)), (first, ("Norm", "Only")), (second, ("Norm",))):
            for name in names:
                registry.register_module(name, module=type(f"{registry.scope}_{name}", (), {}))
        made.append((root, first, second))
    return made


@pytest.mark.parametrize("key", ["Plain", "Norm", "Only", "first.Only", "second.Norm", "mmengine.Plain"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_registries_find_what_mmengines_find(trees, which, key):
    theirs, ours = trees[0][which], trees[1][which]
    try:
        found = theirs.get(key)
    except RuntimeError:
        found = None
    assert (key in ours) == (found is not None)
    if found is None:
        with pytest.raises(KeyError, match="transpile the module that defines it"):
            ours.get(key)
    else:
        assert ours.get(key).__name__ == found.__name__


def test_a_build_looks_in_the_scope_it_was_started_in_first(generated):
    registry_class, build = generated("mmengine.registry").Registry, generated("mmengine.registry").build_from_cfg
    root = registry_class("thing", build_func=build)
    first = registry_class("thing", parent=root, locations=["first.models"])

    @root.register_module()
    class Whole:
        def __init__(self, size=1):
            self.size = size
            with root.switch_scope_and_registry(None) as registry:
                self.scope = registry.scope

    assert Whole is root.get("Whole")
    assert first.build({"type": "Whole", "size": 2}, default_args={"size": 3}).size == 2
    assert first.build({"type": "Whole"}, default_args={"size": 3}).size == 3
    assert first.build({"type": Whole}).scope == "first" and root.build({"type": "Whole"}).scope == "mmengine"
    with pytest.raises(KeyError, match="already registered"):
        root.register_module("Whole", module=int)
    with pytest.raises(KeyError, match='must contain the key "type"'):
        root.build({"size": 1})
    with pytest.raises(TypeError, match="should be a dict"):
        root.build("Whole")


def test_torchs_layers_have_mmcvs_names(generated):
    ours = generated("mmengine.registry").MODELS
    layers = {name: layer for name, layer in ours.module_dict.items() if ".runtime." in layer.__module__}
    assert len(layers) > 15
    for name, layer in layers.items():
        assert issubclass(UPSTREAM_MODELS.get(name), getattr(torch.nn, layer.__name__)), name
    built = ours.build([{"type": "Conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": 1}, {"type": "ReLU"}])
    assert [type(layer).__name__ for layer in built] == ["Conv2d", "ReLU"]


def test_names_of_normalization_layers(generated):
    nn = generated("runtime.nn")
    for name in ("BatchNorm2d", "BatchNorm1d", "SyncBatchNorm", "GroupNorm", "LayerNorm", "Linear"):
        assert generated("mmcv.cnn.bricks.norm").infer_abbr(getattr(nn, name)) == infer_abbr(getattr(torch.nn, name))
    named = type("InstanceLike", (), {})
    assert generated("mmcv.cnn.bricks.norm").infer_abbr(named) == infer_abbr(named)
    named._abbr_ = "own"
    assert generated("mmcv.cnn.bricks.norm").infer_abbr(named) == infer_abbr(named)


def test_drop_layers(generated):
    build_dropout = generated("mmcv.cnn.bricks.drop").build_dropout
    assert build_dropout({"type": "DropPath", "drop_prob": 0.3}).drop_prob == 0.3
    assert build_dropout({"type": "Dropout"}, {"drop_prob": 0.2}).p == 0.2


def test_weights_of_the_modules_below_are_initialised_once(generated):
    model, nn = generated("mmengine.model"), generated("runtime.nn")

    def counting(base):
        class Counting(base):
            calls = 0

            def init_weights(self):
                super().init_weights()
                type(self).calls += 1

        return Counting

    theirs, ours = counting(UpstreamBaseModule), counting(model.BaseModule)
    outer = model.Sequential(ours(), model.ModuleList([ours()]), nn.Linear(1, 1))
    outer.init_weights()
    outer.init_weights()
    mmengine_model = importlib.import_module("mmengine.model")
    upstream = mmengine_model.Sequential(theirs(), mmengine_model.ModuleList([theirs()]), torch.nn.Linear(1, 1))
    upstream.init_weights()
    upstream.init_weights()
    assert ours.calls == theirs.calls == 2
    with pytest.raises(NotImplementedError, match="load weights"):
        model.BaseModule(init_cfg={"type": "Xavier", "layer": "Linear"}).init_weights()


def test_old_names_of_arguments(generated):
    def scaled(x, factor=1):
        return x * factor

    for rename in (deprecated_api_warning, generated("mmengine.utils").deprecated_api_warning):
        assert rename({"times": "factor"})(scaled)(2, times=3) == 6


def test_messages_go_to_pythons_logging(generated, caplog):
    logging = generated("mmengine.logging")
    with caplog.at_level("INFO"):
        logging.MMLogger.get_current_instance().info("resized")
    assert caplog.messages == ["resized"]


def test_a_norm_of_images_takes_either_format(generated):
    norm = generated("mmpretrain.models.utils").LayerNorm2d(3)
    x = tf.random.normal((2, 4, 5, 3))
    assert (norm(x).numpy() == norm(x, data_format="channel_last").numpy()).all()
    with pytest.raises(ValueError, match="data_format"):
        norm(x, data_format="last")
