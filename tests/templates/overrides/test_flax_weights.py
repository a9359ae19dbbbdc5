"""Google's JAX checkpoints of ViTs: random arrays under the right names, loaded here and by timm."""

import re

import numpy as np
import pytest
import tensorflow as tf
import timm
import torch
from timm.models.vision_transformer import VisionTransformer

SIZES = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3, "num_classes": 5}
ORIGINAL = (1, 2, 3)
BIG_VISION = (0, 1, 0)


def arrays(kind: str, *, grid=4, patch=8, prefix="", stacked=False, cls=True, classes=5, pool=False, backbone=False):
    """A ViT's arrays under Flax's names; kind is "original" or "big_vision"."""
    random = np.random.default_rng(0)
    attention, norm2, mlp = ORIGINAL if kind == "original" else BIG_VISION
    width, heads, head = 24, 3, 8
    shapes = {
        "embedding/kernel": (1, 1, 64, width) if backbone else (patch, patch, 3, width),
        "embedding/bias": (width,),
        "Transformer/encoder_norm/scale": (width,),
        "Transformer/encoder_norm/bias": (width,),
        "head/kernel": (width, classes),
        "head/bias": (classes,),
    }
    position = "pos_embedding" if kind == "big_vision" else "Transformer/posembed_input/pos_embedding"
    shapes[position] = (1, grid * grid + cls, width)
    if cls:
        shapes["cls"] = (1, 1, width)

    def attention_shapes(name: str) -> dict[str, tuple[int, ...]]:
        parts = {f"{name}{part}/kernel": (width, heads, head) for part in ("query", "key", "value")}
        parts |= {f"{name}{part}/bias": (heads, head) for part in ("query", "key", "value")}
        return parts | {f"{name}out/kernel": (heads, head, width), f"{name}out/bias": (width,)}

    def mlp_shapes(name: str) -> dict[str, tuple[int, ...]]:
        return {
            f"{name}Dense_0/kernel": (width, 4 * width),
            f"{name}Dense_0/bias": (4 * width,),
            f"{name}Dense_1/kernel": (4 * width, width),
            f"{name}Dense_1/bias": (width,),
        }

    block = attention_shapes(f"MultiHeadDotProductAttention_{attention}/") | mlp_shapes(f"MlpBlock_{mlp}/")
    block |= {f"LayerNorm_{n}/{part}": (width,) for n in (0, norm2) for part in ("scale", "bias")}
    for name, shape in block.items():
        if stacked:
            shapes[f"Transformer/encoderblock/{name}"] = (2, *shape)
        else:
            shapes |= {f"Transformer/encoderblock_{i}/{name}": shape for i in range(2)}
    if pool:
        shapes |= attention_shapes("MAPHead_0/MultiHeadDotProductAttention_0/") | mlp_shapes("MAPHead_0/MlpBlock_0/")
        shapes |= {f"MAPHead_0/LayerNorm_0/{part}": (width,) for part in ("scale", "bias")}
        shapes["MAPHead_0/probe"] = (1, 1, width)
    if backbone:
        shapes |= {"conv_root/kernel": (7, 7, 3, 64), "gn_root/scale": (1, 1, 1, 64), "gn_root/bias": (1, 1, 1, 64)}
    return {prefix + name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


CASES = {
    "original": ({}, arrays("original")),
    "prefix": ({}, arrays("original", prefix="opt/target/")),
    "other sizes": ({"img_size": 48, "patch_size": 16, "in_chans": 1}, arrays("original")),
    "no class embedding": (
        {"no_embed_class": True, "reg_tokens": 2},
        arrays("big_vision", cls=False) | {"cls": np.ones((1, 1, 24), np.float32)},
    ),
    "other classes": ({"num_classes": 7}, arrays("original")),
    "no head": ({"num_classes": 0}, arrays("original")),
    "big vision": ({}, arrays("big_vision", prefix="params/")),
    "stacked blocks": ({}, arrays("big_vision", prefix="params/img/", stacked=True)),
    "attention pool": (
        {"class_token": False, "global_pool": "map"},
        arrays("big_vision", prefix="params/", cls=False, pool=True),
    ),
    "average pool": ({"class_token": False, "global_pool": "avg", "fc_norm": False}, arrays("big_vision", cls=False)),
    "norm after the pool": ({"class_token": False, "global_pool": "avg"}, arrays("big_vision", cls=False)),
}


class Assignable(torch.nn.Parameter):
    """A torch parameter that is written as the runtime's are."""

    def assign(self, value) -> None:
        value = torch.tensor(np.array(value))
        assert value.shape == self.shape
        self.data.copy_(value)


@pytest.fixture
def loader(override, monkeypatch):
    """The override, with torch modules in the place of the generated ones."""
    loaded = override("timm.models.vision_transformer")
    monkeypatch.setattr(loaded, "nn", torch.nn)
    for name in ("adapt_input_conv", "resample_patch_embed", "resample_abs_pos_embed"):
        monkeypatch.setattr(loaded, name, through_torch(getattr(loaded, name)))
    return loaded


def through_torch(function):
    """timm's function of torch tensors as one of TensorFlow's."""

    def call(*args, **kwargs):
        args = [torch.tensor(a.numpy()) if tf.is_tensor(a) else a for a in args]
        return tf.convert_to_tensor(function(*args, **kwargs).detach().numpy())

    return call


def assignable(model: torch.nn.Module) -> torch.nn.Module:
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, Assignable(parameter.data))
    return model


@pytest.mark.parametrize("case", CASES)
def test_weights_are_timms(loader, case, tmp_path):
    arguments, weights = CASES[case]
    np.savez(tmp_path / "x.npz", **weights)
    torch.manual_seed(0)
    theirs = VisionTransformer(**SIZES | arguments)
    ours = assignable(VisionTransformer(**SIZES | arguments))
    ours.load_state_dict(theirs.state_dict())
    theirs.load_pretrained(str(tmp_path / "x.npz"))
    loader._load_weights(ours, str(tmp_path / "x.npz"))
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], value, err_msg=name)


@pytest.mark.parametrize("whole", [False, True])
def test_hybrids(loader, whole, tmp_path):
    """A ResNetV2 before the transformer: its stem alone, or all of it."""
    weights = arrays("original", grid=2 if whole else 8, backbone=True)
    name = "vit_tiny_r_s16_p8_224"
    sizes = {"img_size": 64, "embed_dim": 24, "depth": 2, "num_heads": 3, "num_classes": 5}
    if whole:
        name = "vit_small_r26_s32_224"
    torch.manual_seed(0)
    theirs = timm.create_model(name, **sizes)
    ours = assignable(timm.create_model(name, **sizes))
    ours.load_state_dict(theirs.state_dict())
    random = np.random.default_rng(1)
    backbone = theirs.patch_embed.backbone
    weights["embedding/kernel"] = flax(random.standard_normal(theirs.patch_embed.proj.weight.shape))
    weights["Transformer/posembed_input/pos_embedding"] = random.standard_normal(theirs.pos_embed.shape)
    for place, module in backbone.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            weights[f"{flax_name(place)}/kernel"] = flax(random.standard_normal(module.weight.shape))
        elif isinstance(module, torch.nn.GroupNorm):
            for part in ("scale", "bias"):
                weights[f"{flax_name(place)}/{part}"] = random.standard_normal((1, 1, 1, module.num_channels))
    np.savez(tmp_path / "x.npz", **{key: value.astype(np.float32) for key, value in weights.items()})
    theirs.load_pretrained(str(tmp_path / "x.npz"))
    loader._load_weights(ours, str(tmp_path / "x.npz"))
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], value, err_msg=name)


def flax_name(place: str) -> str:
    """stages.0.blocks.1.norm2 is block1/unit2/gn2 in Flax, downsample.conv is conv_proj, and the stem is the root."""
    unit = re.match(r"stages\.(\d+)\.blocks\.(\d+)\.(.*)", place)
    if not unit:
        return {"conv": "conv_root", "norm": "gn_root"}[place.removeprefix("stem.")]
    part = {"downsample.conv": "conv_proj", "downsample.norm": "gn_proj"}.get(unit[3], unit[3].replace("norm", "gn"))
    return f"block{int(unit[1]) + 1}/unit{int(unit[2]) + 1}/{part}"


def flax(kernel: np.ndarray) -> np.ndarray:
    return kernel.transpose(2, 3, 1, 0)


def test_bfloat16(loader, tmp_path):
    import ml_dtypes

    weights = {name: value.astype(ml_dtypes.bfloat16) for name, value in arrays("original").items()}
    np.savez(tmp_path / "x.npz", **{name: value.view("V2") for name, value in weights.items()})
    model = assignable(VisionTransformer(**SIZES))
    loader._load_weights(model, str(tmp_path / "x.npz"), load_bfloat16=True)
    np.testing.assert_array_equal(model.state_dict()["cls_token"], weights["cls"].astype(np.float32))
    expected = weights["head/kernel"].astype(np.float32).T
    np.testing.assert_array_equal(model.state_dict()["head.weight"], expected)


def test_naflexvit_is_refused(loader):
    with pytest.raises(NotImplementedError, match="NaFlexVit"):
        loader._load_weights(type("NaFlexVit", (), {"embeds": None})(), "x.npz")


def test_other_archives_are_refused(loader, tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones(3))
    with pytest.raises(ValueError, match="did not find a supported"):
        loader._load_weights(assignable(VisionTransformer(**SIZES)), str(tmp_path / "x.npz"))


@pytest.mark.parametrize("case", CASES)
def test_generated_model(case, tmp_path):
    """The same through the generated package, where it has been written."""
    try:
        from generated.timm.models.vision_transformer import VisionTransformer as Generated
    except ImportError as error:
        pytest.skip(f"timm.models.vision_transformer is not generated: {error}")
    arguments, weights = CASES[case]
    np.savez(tmp_path / "x.npz", **weights)
    theirs, ours = VisionTransformer(**SIZES | arguments), Generated(**SIZES | arguments)
    ours.load_state_dict(theirs.state_dict())
    theirs.load_pretrained(str(tmp_path / "x.npz"))
    ours.load_pretrained(str(tmp_path / "x.npz"))
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], value, atol=1e-5, err_msg=name)
