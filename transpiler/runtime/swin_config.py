"""Reads the yaml files that describe models in microsoft/Swin-Transformer (`configs/swinv2/*.yaml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# The keys of that repository's config.py that describe a model, with its defaults; a dict is a section.
_SWINV2: dict[str, Any] = {
    "PATCH_SIZE": 4,
    "IN_CHANS": 3,
    "EMBED_DIM": 96,
    "DEPTHS": [2, 2, 6, 2],
    "NUM_HEADS": [3, 6, 12, 24],
    "WINDOW_SIZE": 7,
    "MLP_RATIO": 4.0,
    "QKV_BIAS": True,
    "APE": False,
    "PATCH_NORM": True,
    "PRETRAINED_WINDOW_SIZES": [0, 0, 0, 0],
}
_DEFAULTS: dict[str, Any] = {
    "DATA": {"IMG_SIZE": 224, "DATASET": "imagenet"},
    "MODEL": {"TYPE": "swinv2", "NUM_CLASSES": None, "DROP_RATE": 0.0, "DROP_PATH_RATE": 0.1, "SWINV2": _SWINV2},
}
# Keys that say how to train, test or read data, or name things: known, and without meaning for the architecture.
_IGNORED: dict[str, frozenset[str]] = {
    "": frozenset(
        "BASE TRAIN AUG TEST AMP_ENABLE AMP_OPT_LEVEL OUTPUT TAG SAVE_FREQ PRINT_FREQ SEED EVAL_MODE THROUGHPUT_MODE "
        "LOCAL_RANK FUSED_WINDOW_PROCESS FUSED_LAYERNORM".split()
    ),
    "DATA": frozenset(
        "BATCH_SIZE DATA_PATH INTERPOLATION ZIP_MODE CACHE_MODE PIN_MEMORY NUM_WORKERS "
        "MASK_PATCH_SIZE MASK_RATIO".split()
    ),
    "MODEL": frozenset("NAME PRETRAINED RESUME LABEL_SMOOTHING SWIN SWIN_MOE SWIN_MLP".split()),
}
# What timm's entry points say of an architecture.
_SHAPE = ("embed_dim", "depths", "num_heads", "window_size", "pretrained_window_sizes")
_CLASSES = {"imagenet": 1000, "imagenet22K": 21841}


def read_swinv2_config(path: str | Path) -> dict[str, Any]:
    """The arguments of timm's SwinTransformerV2 that such a file describes.

    What the file leaves out has the default of that repository's config.py, which is not always the default of
    an architecture of timm. Files named under BASE are read first.

    Args:
        path: The yaml file.

    Returns:
        Keyword arguments, from img_size to pretrained_window_sizes.

    Raises:
        ImportError: PyYAML is not installed.
        ValueError: An unknown key, another model type, or an option that timm's SwinTransformerV2 has not.
    """
    path = Path(path)
    values = _merged(_DEFAULTS, path, "", _load(path))
    model = values["MODEL"]
    swin = model["SWINV2"]
    if model["TYPE"] != "swinv2":
        raise ValueError(f"{path}: MODEL.TYPE must be swinv2. Received: {model['TYPE']}")
    for key in ("APE", "PATCH_NORM"):
        if swin[key] != _SWINV2[key]:
            raise ValueError(f"{path}: MODEL.SWINV2.{key} must be {_SWINV2[key]}. Received: {swin[key]}")
    if model["NUM_CLASSES"] is None and values["DATA"]["DATASET"] not in _CLASSES:
        raise ValueError(f"{path}: MODEL.NUM_CLASSES is missing, and DATA.DATASET is {values['DATA']['DATASET']}")
    classes = model["NUM_CLASSES"]
    return {
        "img_size": values["DATA"]["IMG_SIZE"],
        "patch_size": swin["PATCH_SIZE"],
        "in_chans": swin["IN_CHANS"],
        "num_classes": _CLASSES[values["DATA"]["DATASET"]] if classes is None else classes,
        "embed_dim": swin["EMBED_DIM"],
        "depths": tuple(swin["DEPTHS"]),
        "num_heads": tuple(swin["NUM_HEADS"]),
        "window_size": swin["WINDOW_SIZE"],
        "mlp_ratio": float(swin["MLP_RATIO"]),
        "qkv_bias": swin["QKV_BIAS"],
        "drop_rate": float(model["DROP_RATE"]),
        "drop_path_rate": float(model["DROP_PATH_RATE"]),
        "pretrained_window_sizes": tuple(swin["PRETRAINED_WINDOW_SIZES"]),
    }


def with_config(described: dict[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments for a model that a file describes.

    The entry points give an architecture's shape themselves, so the file goes before them; of the rest arguments go
    first.
    """
    return {**described, **kwargs, **{key: described[key] for key in _SHAPE if key in described}}


def _load(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError as error:
        raise ImportError("config= needs PyYAML: pip install pyyaml") from error
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected sections and keys. Received: {type(values).__name__}")
    return values


def _merged(defaults: dict[str, Any], path: Path, section: str, values: dict[str, Any]) -> dict[str, Any]:
    """The defaults with what the files under BASE, then the file itself, say instead."""
    merged = dict(defaults)
    for base in values.get("BASE") or () if not section else ():
        if base:
            merged = _merged(merged, path.parent / base, "", _load(path.parent / base))
    for key, value in values.items():
        name = f"{section}.{key}" if section else key
        if key in _IGNORED.get(section, ()):
            continue
        if key not in defaults:
            raise ValueError(f"{path}: unknown key {name}")
        if isinstance(defaults[key], dict):
            if not isinstance(value, dict):
                raise ValueError(f"{path}: {name} is a section. Received: {value!r}")
            value = _merged(merged[key], path, name, value)
        merged[key] = value
    return merged
