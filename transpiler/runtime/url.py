"""Downloads by address, for checkpoints that are not on the Hugging Face hub; the place of torch.hub."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

from .checkpoints import read_checkpoint

_CHUNK_BYTES = 1 << 20


def cache_folder() -> str:
    """Torch's own folder of downloaded checkpoints, so that files are shared with it; it need not exist.

    $TORCH_HOME decides, then $XDG_CACHE_HOME/torch, then ~/.cache/torch.
    """
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub", "checkpoints")


def hash_in_name(name: str) -> str | None:
    """The beginning of the SHA-256 that a file name ends on by torch's convention: `model-0123abcd.pth`."""
    match = re.search(r"-([a-f0-9]*)\.", name)
    return match.group(1) if match and match.group(1) else None


def download(url: str, path: str | os.PathLike[str], sha256_prefix: str | None = None) -> None:
    """Download a file; `path` appears only when all of it is there and its hash is right.

    Args:
        url: Its address.
        path: Where it goes; the folder is made if it is missing.
        sha256_prefix: Beginning of its SHA-256.

    Raises:
        OSError: If the file can't be fetched.
        RuntimeError: If its hash is another.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            digest = _copy_from(url, file)
        if sha256_prefix and not digest.startswith(sha256_prefix):
            raise RuntimeError(f"{url} has the SHA-256 {digest}, not {sha256_prefix}...; nothing was kept")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _copy_from(url: str, file: BinaryIO) -> str:
    """Write what is at an address to a file; returns its SHA-256."""
    digest = hashlib.sha256()
    size = 0
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"User-Agent": "timm2tf"})) as response:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            expected = response.headers.get("Content-Length")
        if expected is not None and int(expected) != size:
            raise OSError(f"{size} of {expected} bytes came")
    except (OSError, HTTPException) as error:
        raise OSError(
            f"could not download {url} ({error}); use pretrained=False, or fetch the file yourself and pass"
            " checkpoint_path="
        ) from error
    return digest.hexdigest()


def load_state_dict_from_url(
    url: str,
    model_dir: str | os.PathLike[str] | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Mapping[str, Any]:
    """Download a checkpoint unless it is in the cache, and read it; has torch.hub.load_state_dict_from_url's signature.

    Args:
        url: Its address.
        model_dir: Folder to keep it in, in place of cache_folder().
        map_location: Accepted for torch's signature, not read.
        progress: Accepted for torch's signature, not read.
        check_hash: Compare a download with the hash that the file's name may carry.
        file_name: Name to keep it under, in place of the address's.
        weights_only: Must be True: arbitrary pickles are not run.

    Returns:
        What the file holds, as read_checkpoint gives it.

    Raises:
        OSError: If it can't be fetched.
        RuntimeError: If its hash is not the one in its name.
        ValueError: If weights_only is False.
    """
    if not weights_only:
        raise ValueError("weights_only=False would run code from the pickle, which is refused here")
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(model_dir or cache_folder(), name)
    if not os.path.exists(path):
        download(url, path, hash_in_name(name) if check_hash else None)
    return read_checkpoint(path)
