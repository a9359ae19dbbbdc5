"""A little package in the manner of OpenMMLab's, and what is generated of it: modules built by registries, mmcv's
ConvModule, einops."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch

from transpiler.verify.randomise import randomise

SOURCE = {
    "registry.py": """\
from mmengine.registry import MODELS as ABOVE
from mmengine.registry import Registry
MODELS = Registry('model', parent=ABOVE, locations=['little.models'])
""",
    "models/__init__.py": "from .necks import Neck\n",
    "models/necks.py": """\
import torch
from torch import nn
from mmcv.cnn import ConvModule
from little.registry import MODELS

@MODELS.register_module()
class Neck(nn.Module):
    def __init__(self, norm_cfg=dict(type='Scaled')):
        super().__init__()
        self.convs = nn.ModuleList()
        self.convs.append(ConvModule(3, 8, 3, padding=1, norm_cfg=dict(type='GN', num_groups=2)))
        self.convs.append(ConvModule(8, 8, 1, norm_cfg=norm_cfg, act_cfg=None, inplace=False))
        self.convs.append(ConvModule(8, 8, 3, padding=1, act_cfg=dict(type='LeakyReLU'), order=('act', 'norm', 'conv')))
        self.convs.append(ConvModule(8, 4, 3, padding=1, padding_mode='reflect', norm_cfg=dict(type='BN'), bias=True))

    def forward(self, x: torch.Tensor):
        for conv in self.convs:
            x = conv(x)
        return x

@MODELS.register_module()
class Scaled(nn.Module):
    def __init__(self, channels, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        return x * self.weight
""",
    "models/net.py": """\
import einops
import torch
from torch import nn
from little.registry import MODELS

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.neck = MODELS.build(dict(type='Neck'))

    def forward(self, x: torch.Tensor):
        x = self.neck(x)
        tokens = einops.rearrange(x, 'b c h w -> b (h w) c')
        back = einops.rearrange(tokens, 'b (h w) c -> b c h w', h=4)
        first = einops.repeat(tokens[:, 0], 'b c -> b n c', n=2)
        return tokens, back, torch.cat((first, first), dim=1)
""",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The network and what is generated of it, as modules."""
    root = tmp_path_factory.mktemp("source")
    for name, text in SOURCE.items():
        file = root / "little" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (root / "little" / "__init__.py").write_text("")
    folder = root / "generated_little"
    command = [sys.executable, "-m", "transpiler", "little.models.net", "--source", str(root), "--out", str(folder)]
    run = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    sys.path.insert(0, str(root))
    yield importlib.import_module("little.models.net"), importlib.import_module("generated_little.little.models.net")
    sys.path.remove(str(root))


def test_the_network(both):
    """Everything is built by name, and gives what torch's gives; the batch may be unknown."""
    torch.manual_seed(0)
    importlib.import_module("little.models")
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope("little"):
        theirs = both[0].Net().eval()
    randomise(theirs, seed=1)
    ours = both[1].Net()
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()}, strict=True)
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 3), dtype=np.float32)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x).permute(0, 3, 1, 2))
    graph = tf.function(lambda x: ours(x), input_signature=[tf.TensorSpec((None, 4, 6, 3))])
    for actual in (ours(tf.constant(x)), graph(tf.constant(x))):
        for mine, other in zip(actual, expected, strict=True):
            np.testing.assert_allclose(mine.numpy(), other.numpy(), atol=1e-5)


def test_classes_are_found_at_the_locations_of_a_registry(both):
    models = importlib.import_module("generated_little.little.registry").MODELS
    assert "Neck" in models and "little.Neck" in models and "Nowhere" not in models and "nowhere.Neck" not in models
    assert importlib.import_module("generated_little.mmengine.registry").MODELS.get("little.Neck").__name__ == "Neck"


def test_what_conv_modules_and_patterns_are_refused(both):
    conv = importlib.import_module("generated_little.mmcv.cnn").ConvModule
    for kwargs in ({"with_spectral_norm": True}, {"padding_mode": "circular"}):
        with pytest.raises(NotImplementedError, match="spectral norm and circular padding"):
            conv(3, 4, 1, **kwargs)
    einops = importlib.import_module("generated_little.einops")
    with pytest.raises(NotImplementedError, match="more than names and parentheses"):
        einops.rearrange(tf.zeros((2, 3)), "b ... -> ... b")
    with pytest.raises(ValueError, match="only one size may be left out"):
        einops.rearrange(tf.zeros((2, 6)), "b (h w) -> b h w")
