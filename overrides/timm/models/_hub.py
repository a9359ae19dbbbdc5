"""Downloads of timm.models._hub without torch: huggingface_hub is imported when it is needed."""

import hashlib
import logging
import os
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import urlparse

import numpy as np
from timm.models._helpers import load_state_dict
from timm.models._hub import (
    _EXT_PRIORITY,
    _PREFERRED_FILES,
    HF_SAFE_WEIGHTS_NAME,
    HF_WEIGHTS_NAME,
    _get_safe_alternatives,
    generate_readme,
    hf_split,
    save_config_for_hf,
)
from transpiler.runtime.hub import download_from_hub

from transpiler.runtime import nn
from transpiler.runtime.url import cache_folder, download, hash_in_name

_logger = logging.getLogger(__name__)


def get_cache_dir(child_dir: str = ""):
    """The folder of downloaded checkpoints; made if it is missing.

    Stands for timm.models._hub.get_cache_dir; hand-written because the original asks torch.hub. It is torch's own folder
    ($TORCH_HOME, else ~/.cache/torch), so that files which timm has downloaded are found.
    """
    folder = os.path.join(cache_folder(), child_dir)
    os.makedirs(folder, exist_ok=True)
    return folder


def _cached_path(url, cache_dir) -> tuple[str, str, str]:
    """The address, the name, and the place of a cached download; url is an address or a pair (address, name)."""
    url, name = url if isinstance(url, (list, tuple)) else (url, os.path.basename(urlparse(url).path))
    return url, name, os.path.join(cache_dir or get_cache_dir(), name)


def download_cached_file(
    url: str | list[str] | tuple[str, str],
    check_hash: bool = True,
    progress: bool = False,
    cache_dir: str | Path | None = None,
):
    """Download a file unless it is in the cache.

    Stands for timm.models._hub.download_cached_file; hand-written because the original downloads with torch.hub.

    Args:
        url: Address, or (address, file name).
        check_hash: Compare the file with the hash that its name may carry (model-0123abcd.pth).
        progress: Accepted for timm's signature, not read.
        cache_dir: Folder to keep it in, in place of get_cache_dir().

    Returns:
        Path of the file.

    Raises:
        OSError: If the file can't be fetched.
        RuntimeError: If its hash is not the one in its name.
    """
    url, name, path = _cached_path(url, cache_dir)
    if not os.path.exists(path):
        _logger.info("Downloading %r to %s", url, path)
        download(url, path, hash_in_name(name) if check_hash else None)
    return path


def check_cached_file(
    url: str | list[str] | tuple[str, str],
    check_hash: bool = True,
    cache_dir: str | Path | None = None,
):
    """Whether a download is in the cache, and intact where its name tells its hash.

    Stands for timm.models._hub.check_cached_file; hand-written because the original takes its hash pattern from torch.hub.

    Args:
        url: Address, or (address, file name).
        check_hash: Compare the file with the hash that its name may carry.
        cache_dir: Folder to look in, in place of get_cache_dir().
    """
    _, name, path = _cached_path(url, cache_dir)
    if not os.path.exists(path):
        return False
    wanted = hash_in_name(name) if check_hash else None
    if wanted is None:
        return True
    return hashlib.sha256(Path(path).read_bytes()).hexdigest().startswith(wanted)


def has_hf_hub(necessary: bool = False):
    """Whether huggingface_hub is installed.

    Stands for timm.models._hub.has_hf_hub; hand-written so that the package is imported only for a download.

    Raises:
        RuntimeError: If it is necessary and missing.
    """
    found = find_spec("huggingface_hub") is not None
    if necessary and not found:
        raise RuntimeError("weights on the Hugging Face hub need `pip install huggingface_hub`")
    return found


def download_from_hf(model_id: str, filename: str, cache_dir: str | Path | None = None):
    """Download a file of a hub repository unless it is in the cache.

    Stands for timm.models._hub.download_from_hf; hand-written so that a failure is one line that says what to do.

    Args:
        model_id: "owner/name", or "owner/name@revision".
        filename: The file in it.
        cache_dir: Cache folder, in place of huggingface_hub's.

    Returns:
        Path of the file.
    """
    repo_id, revision = hf_split(model_id)
    return download_from_hub(repo_id, (filename,), revision=revision, cache_dir=cache_dir)


def load_state_dict_from_hf(
    model_id: str,
    filename: str = HF_WEIGHTS_NAME,
    weights_only: bool = True,
    cache_dir: str | Path | None = None,
):
    """Download weights from the hub and read them.

    Stands for timm.models._hub.load_state_dict_from_hf; hand-written because the original reads with torch. The safetensors
    file that belongs to filename is taken before filename itself; a torch pickle is read only with torch installed.

    Args:
        model_id: "owner/name", or "owner/name@revision".
        filename: Name of the weights file.
        weights_only: Must be True, see load_state_dict.
        cache_dir: Cache folder, in place of huggingface_hub's.

    Returns:
        Torch names to tensors in torch's layout.
    """
    has_hf_hub(necessary=True)
    repo_id, revision = hf_split(model_id)
    candidates = (*_get_safe_alternatives(filename), filename)
    path = download_from_hub(repo_id, candidates, revision=revision, cache_dir=cache_dir)
    return load_state_dict(path, weights_only=weights_only)


def load_state_dict_from_path(path: str | Path, weights_only: bool = True):
    """Read the weights in a folder: the first of the preferred files, else the first file of the first extension.

    Stands for timm.models._hub.load_state_dict_from_path; hand-written because the original reads with torch. The original
    of 1.0.25 and before takes a file of the last extension instead, although its comment says the first.

    Args:
        path: The folder.
        weights_only: Must be True, see load_state_dict.

    Returns:
        Torch names to tensors in torch's layout.

    Raises:
        RuntimeError: If no file in the folder is a checkpoint.
    """
    folder = Path(path)
    preferred = (folder / name for name in _PREFERRED_FILES)
    others = (file for extension in _EXT_PRIORITY for file in sorted(folder.glob(f"*{extension}")))
    for file in (*preferred, *others):
        if file.exists():
            return load_state_dict(str(file), weights_only=weights_only)
    raise RuntimeError(f"No suitable checkpoints found in {path}.")


def load_custom_from_hf(
    model_id: str,
    filename: str,
    model: nn.Module,
    cache_dir: str | Path | None = None,
):
    """Download a file of a model's own format from the hub and let the model load it.

    Stands for timm.models._hub.load_custom_from_hf; hand-written because the original calls huggingface_hub at module level.

    Args:
        model_id: "owner/name", or "owner/name@revision".
        filename: The file in it, such as a JAX .npz.
        model: A model with load_pretrained(path).
        cache_dir: Cache folder, in place of huggingface_hub's.
    """
    has_hf_hub(necessary=True)
    return model.load_pretrained(download_from_hf(model_id, filename, cache_dir=cache_dir))


def save_for_hf(
    model: nn.Module,
    save_directory: str,
    model_config: dict | None = None,
    model_args: dict | None = None,
    safe_serialization: bool | Literal["both"] = False,
    data_config: dict | None = None,
):
    """Write a model's weights, under torch's names and layouts, and its config.json: a folder that timm loads.

    Stands for timm.models._hub.save_for_hf; hand-written because the original writes torch tensors.

    Args:
        model: A model that create_model made.
        save_directory: Folder to write to; made if it is missing.
        model_config: Entries to add to config.json.
        model_args: Arguments that rebuild the model.
        safe_serialization: True for safetensors, False (timm's default) for torch's pickle, which needs torch, or "both".
        data_config: Preprocessing of the weights.

    Raises:
        RuntimeError: If a pickle is asked for and torch is not installed.
    """
    if safe_serialization is not True and find_spec("torch") is None:
        raise RuntimeError("a torch pickle can be written only with torch installed; pass safe_serialization=True")
    folder = Path(save_directory)
    folder.mkdir(exist_ok=True, parents=True)
    weights = model.state_dict()
    if safe_serialization:
        from safetensors.numpy import save_file

        save_file({name: np.ascontiguousarray(w) for name, w in weights.items()}, folder / HF_SAFE_WEIGHTS_NAME)
    if safe_serialization is not True:
        _save_pickle(weights, folder / HF_WEIGHTS_NAME)
    save_config_for_hf(
        model, str(folder / "config.json"), model_config=model_config, model_args=model_args, data_config=data_config
    )


def _save_pickle(weights: dict[str, np.ndarray], path: Path) -> None:
    """Write arrays as torch.save writes tensors."""
    import torch

    def tensor(array):
        if array.dtype.name == "bfloat16":  # torch reads no bfloat16 array; through float32 it is exact
            return torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16)
        return torch.from_numpy(np.array(array, order="C"))

    torch.save({name: tensor(array) for name, array in weights.items()}, path)


def push_to_hf_hub(
    model: nn.Module,
    repo_id: str,
    commit_message: str = "Add model",
    token: str | None = None,
    revision: str | None = None,
    private: bool = False,
    create_pr: bool = False,
    model_config: dict | None = None,
    model_card: dict | None = None,
    model_args: dict | None = None,
    task_name: str = "image-classification",
    safe_serialization: bool | Literal["both"] = "both",
    data_config: dict | None = None,
):
    """Upload a model, in the form that timm loads, to the Hugging Face hub.

    Stands for timm.models._hub.push_to_hf_hub; hand-written so that huggingface_hub is imported only here.

    Args:
        model: A model that create_model made.
        repo_id: "owner/name", or a name of one's own; the repository is made if it is missing.
        commit_message: Message of the commit.
        token: Access token, in place of the one that is logged in.
        revision: Branch to upload to.
        private: Make a new repository private.
        create_pr: Open a pull request in place of a commit.
        model_config: See save_for_hf.
        model_card: Facts for the README of a repository that has none.
        model_args: See save_for_hf.
        task_name: Task named in that README.
        safe_serialization: See save_for_hf; "both" needs torch.
        data_config: See save_for_hf.

    Returns:
        What HfApi.upload_folder returns.
    """
    has_hf_hub(necessary=True)
    from huggingface_hub import HfApi

    api = HfApi(token=token, library_name="timm")
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with TemporaryDirectory() as folder:
        save_for_hf(
            model,
            folder,
            model_config=model_config,
            model_args=model_args,
            safe_serialization=safe_serialization,
            data_config=data_config,
        )
        if not api.file_exists(repo_id=repo_id, filename="README.md", revision=revision):
            readme = generate_readme(model_card or {}, repo_id.split("/")[-1], task_name=task_name)
            Path(folder, "README.md").write_text(readme, encoding="utf-8")
        return api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            revision=revision,
            create_pr=create_pr,
            commit_message=commit_message,
        )


def _get_license_from_hf_hub(model_id: str | None, hf_hub_id: str | None) -> str | None:
    """The licence that a hub repository's card names, in lower case.

    Stands for timm.models._hub._get_license_from_hf_hub; hand-written so that huggingface_hub is imported only here.

    Args:
        model_id: Name of the model; None for an untrained one.
        hf_hub_id: Prefix of the repository, such as "timm/".

    Returns:
        The licence; None, with a warning, where it can't be told.
    """
    if not has_hf_hub():
        _logger.warning("For updated license information run `pip install huggingface_hub`.")
        return None
    if not model_id or not hf_hub_id:
        return None
    from huggingface_hub import model_info

    repo_id = hf_hub_id + model_id
    try:
        card = model_info(repo_id=repo_id).card_data
    except Exception as error:  # noqa: BLE001 - the hub's errors are many, and a licence is never worth a crash
        _logger.warning("No license for %s (%s); look it up by hand.", repo_id, error)
        return None
    license = card.get("license") if card else None
    if not card or not license:
        return None
    return card.get("license_name") or "other" if license.lower() == "other" else license.lower()
