"""Downloading checkpoints from the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DEFAULT_FILENAMES = ("model.safetensors", "pytorch_model.bin")


def download_from_hub(
    repo_id: str,
    filenames: str | Sequence[str] = DEFAULT_FILENAMES,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
) -> Path:
    """Download the first of `filenames` that the repository has, or take it from the cache.

    HF_ENDPOINT, HF_HUB_OFFLINE and HF_HOME are respected, as `huggingface_hub` reads them.

    Args:
        repo_id: owner/name; "owner/name@revision" is understood too.
        revision: branch, tag or commit.

    Returns:
        Path of the file in the cache.

    Raises:
        ImportError: huggingface_hub is not installed.
        FileNotFoundError: the repository has none of the files.
        ConnectionError: the hub cannot be reached and the cache has none of the files.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
    except ImportError as error:
        raise ImportError("Downloading weights needs huggingface_hub: pip install huggingface_hub") from error
    repo_id, _, pinned = repo_id.partition("@")
    candidates = [filenames] if isinstance(filenames, str) else list(filenames)
    revision = revision or pinned or None
    unreachable: Exception | None = None
    for filename in candidates:
        # Each failure costs all the retries of huggingface_hub: after the first, only the cache is asked.
        offline = unreachable is not None
        try:
            path = hf_hub_download(repo_id, filename, revision=revision, cache_dir=cache_dir, local_files_only=offline)
            return Path(path)
        except LocalEntryNotFoundError as error:
            unreachable = error
        except EntryNotFoundError:
            continue
        except OSError as error:
            unreachable = error
    if unreachable is None:
        raise FileNotFoundError(f"{repo_id} has none of {', '.join(candidates)}")
    raise ConnectionError(
        f"Cannot download {' or '.join(candidates)} of {repo_id} from the Hugging Face Hub, and no copy is cached"
        f" ({type(unreachable).__name__}); load a local file with load_weights(path) instead"
    ) from unreachable
