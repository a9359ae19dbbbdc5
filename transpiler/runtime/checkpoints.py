"""Reading checkpoints: files and in-memory mappings of many kinds behind one small interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

OF_OTHER_FRAMEWORKS = (".pth", ".pt", ".bin", ".npz", ".pth.tar")
_OF_KERAS = (".keras", ".h5")
_KINDS = {".safetensors": "safetensors file", ".npz": "archive of NumPy"}
_LONGEST_REASON = 200


class TensorSource:
    """Named tensors of a mapping: shapes can be asked for before anything is read."""

    def __init__(self, mapping: Any):
        self._mapping = mapping
        self._names = set(mapping.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping.keys())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(int(size) for size in self._mapping[name].shape)

    def read(self, name: str) -> Any:
        """The tensor as something TensorFlow converts."""
        return as_array(self._mapping[name])


class _LazyFileSource(TensorSource):
    """An open safetensors file, read one tensor at a time."""

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._mapping.get_slice(name).get_shape())

    def read(self, name: str) -> Any:
        return as_array(self._mapping.get_tensor(name))


def tensor_source(state: Any) -> TensorSource:
    """Wrap a mapping, a `SafetensorsFile` or an open safetensors handle.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(state, TensorSource):
        return state
    if hasattr(state, "get_tensor") and hasattr(state, "keys"):
        return _LazyFileSource(state)
    if isinstance(state, Mapping):
        return TensorSource(state)
    raise TypeError(f"Expected a mapping of names to tensors. Received: {type(state).__name__}")


def as_array(tensor: Any) -> Any:
    """A NumPy array or TensorFlow tensor with the value of a tensor of any framework.

    Torch tensors are recognised by their methods, so torch is not imported.
    """
    if not hasattr(tensor, "detach"):
        return tensor.value if hasattr(tensor, "assign") else tensor
    tensor = tensor.detach().cpu()
    if str(tensor.dtype) == "torch.bfloat16":
        # NumPy has no bfloat16; float32 holds every such value exactly.
        tensor = tensor.float()
    return tensor.numpy()


class SafetensorsFile(Mapping[str, Any]):
    """A .safetensors file whose tensors are read when asked for."""

    def __init__(self, path: Path):
        try:
            from safetensors import safe_open
        except ImportError as error:
            raise ImportError(f"Reading {path.name} needs safetensors: pip install safetensors") from error
        self._file = safe_open(str(path), framework="tf")
        self._names = tuple(self._file.keys())

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._file.get_tensor(name)

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def get_slice(self, name: str) -> Any:
        return self._file.get_slice(name)

    def get_tensor(self, name: str) -> Any:
        return self._file.get_tensor(name)


def read_checkpoint(path: str | Path) -> Mapping[str, Any]:
    """Open a checkpoint as a mapping of names to tensors, as it is: nothing is unwrapped or renamed.

    `.safetensors` is read lazily; `.npz` by NumPy; every other suffix (`.pth`, `.pt`, `.bin`, `.pth.tar`) is
    torch's, needs torch and is read with `weights_only=True`, so a file can run no code.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: a torch file, and torch is not installed.
        ValueError: the file is not what its suffix says.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No checkpoint at {path}")
    if path.suffix in _OF_KERAS:
        raise ValueError(f"{path} is a file of Keras': model.load_weights reads it")
    readers = {".safetensors": SafetensorsFile, ".npz": _read_npz}
    reader = readers.get(path.suffix, _read_torch)
    try:
        return reader(path)
    except ImportError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:_LONGEST_REASON]
        raise ValueError(
            f"{path} is not a readable {_KINDS.get(path.suffix, 'pickle of torch')}: {type(error).__name__}, {said}"
        ) from error


def _read_npz(path: Path) -> Mapping[str, Any]:
    return np.load(path, allow_pickle=False)


def _read_torch(path: Path) -> Mapping[str, Any]:
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"Reading {path.name} needs torch; convert it to .safetensors or install torch") from error
    return torch.load(path, map_location="cpu", weights_only=True)
