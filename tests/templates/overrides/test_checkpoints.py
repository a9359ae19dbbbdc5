"""Reading, downloading and saving of checkpoints, without torch where that is the point."""

import hashlib
import http.server
import json
import threading
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
from safetensors.numpy import load_file, save_file

from transpiler.runtime import url as downloads

WEIGHTS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "steps": np.array(7)}


@pytest.fixture
def helpers(override):
    return override("timm.models._helpers")


@pytest.fixture
def hub(override, helpers):
    loaded = override("timm.models._hub")
    loaded.load_state_dict = helpers.load_state_dict  # in place of timm's own
    return loaded


def assert_weights(state_dict, scale=1) -> None:
    assert list(state_dict) == list(WEIGHTS)
    assert all(tf.is_tensor(value) for value in state_dict.values())
    np.testing.assert_array_equal(state_dict["a.weight"], scale * WEIGHTS["a.weight"])


def as_torch(scale: int = 1, prefix: str = "") -> dict[str, torch.Tensor]:
    return {prefix + name: scale * torch.tensor(value) for name, value in WEIGHTS.items()}


# load_state_dict


def test_safetensors(helpers, tmp_path):
    save_file(WEIGHTS, tmp_path / "x.safetensors")
    state_dict = helpers.load_state_dict(tmp_path / "x.safetensors")
    assert_weights({name: state_dict[name] for name in WEIGHTS})


@pytest.mark.parametrize(
    ("checkpoint", "use_ema", "scale"),
    [
        (as_torch(), True, 1),
        (as_torch(prefix="module._orig_mod."), True, 1),
        ({"state_dict": as_torch(), "epoch": 3}, True, 1),
        ({"model": as_torch(prefix="module.")}, True, 1),
        ({"state_dict": as_torch(), "state_dict_ema": as_torch(2)}, True, 2),
        ({"state_dict": as_torch(), "state_dict_ema": as_torch(2)}, False, 1),
        ({"model": as_torch(), "model_ema": as_torch(2)}, True, 2),
        ({"model": as_torch(), "model_ema": None}, True, 1),
    ],
)
def test_torch_checkpoints(helpers, tmp_path, checkpoint, use_ema, scale):
    torch.save(checkpoint, tmp_path / "x.pth")
    assert_weights(helpers.load_state_dict(str(tmp_path / "x.pth"), use_ema=use_ema), scale)


def test_bfloat16_values_are_exact(helpers, tmp_path):
    value = torch.randn(50).bfloat16()
    torch.save({"a": value}, tmp_path / "x.pth")
    result = helpers.load_state_dict(tmp_path / "x.pth")["a"]
    np.testing.assert_array_equal(tf.cast(result, tf.float32), value.float())


def test_missing_file_is_named(helpers):
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        helpers.load_state_dict("nowhere.pth")


def test_arbitrary_pickles_are_refused(helpers, tmp_path):
    torch.save(Namespace(a=1), tmp_path / "x.pth")
    with pytest.raises(ValueError, match="safetensors"):
        helpers.load_state_dict(tmp_path / "x.pth", weights_only=False)


# load_checkpoint and remap_state_dict


class Model:
    """The part of a model that loading needs."""

    def __init__(self):
        self.loaded = None

    def state_dict(self):
        return {"b": np.zeros((3, 2), np.float32), "n": np.array(0)}

    def load_state_dict(self, state_dict, strict=True):
        self.loaded = dict(state_dict)
        return strict

    def load_pretrained(self, path):
        self.loaded = path


def test_load_checkpoint_through_a_filter(helpers, tmp_path):
    torch.save(as_torch(), tmp_path / "x.pth")
    model = Model()

    def double(state_dict, of):
        assert of is model
        return {name: value * 2 for name, value in state_dict.items()}

    assert helpers.load_checkpoint(model, tmp_path / "x.pth", strict=False, filter_fn=double) is False
    assert_weights(model.loaded, 2)


def test_load_checkpoint_by_order(helpers, tmp_path):
    torch.save(as_torch(), tmp_path / "x.pth")
    model = Model()
    assert helpers.load_checkpoint(model, tmp_path / "x.pth", remap=True) is True
    assert list(model.loaded) == ["b", "n"]
    np.testing.assert_array_equal(model.loaded["b"], WEIGHTS["a.weight"].reshape(3, 2))


def test_remap_refuses_what_does_not_fit(helpers):
    with pytest.raises(AssertionError, match=r"size mismatch b: \(3, 2\) vs x: \(5,\)"):
        helpers.remap_state_dict({"x": np.zeros(5)}, Model())
    with pytest.raises(AssertionError, match=r"shape mismatch b: \(3, 2\) vs x: \(6,\)"):
        helpers.remap_state_dict({"x": np.zeros(6)}, Model(), allow_reshape=False)


def test_numpy_files_are_the_models_business(helpers):
    model = Model()
    assert helpers.load_checkpoint(model, "x.NPZ") is None and model.loaded == "x.NPZ"
    with pytest.raises(NotImplementedError, match="object has no load_pretrained"):
        helpers.load_checkpoint(object(), "x.npz")


# The hub


def test_safetensors_are_tried_first(hub, tmp_path, monkeypatch):
    save_file(WEIGHTS, tmp_path / "model.safetensors")
    asked = []

    def download(repo_id, filenames, revision=None, cache_dir=None):
        asked.append((repo_id, tuple(filenames), revision, cache_dir))
        return tmp_path / "model.safetensors"

    monkeypatch.setattr(hub, "download_from_hub", download)
    state_dict = hub.load_state_dict_from_hf("timm/tiny@v1", cache_dir="cache")
    assert_weights({name: state_dict[name] for name in WEIGHTS})
    hub.load_state_dict_from_hf("timm/tiny", "open_clip_pytorch_model.bin")
    hub.load_state_dict_from_hf("timm/tiny", "other.safetensors")
    model = Model()
    hub.load_custom_from_hf("timm/tiny", "vit.npz", model)
    assert model.loaded == tmp_path / "model.safetensors"
    assert asked == [
        ("timm/tiny", ("model.safetensors", "pytorch_model.bin"), "v1", "cache"),
        ("timm/tiny", ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"), None, None),
        ("timm/tiny", ("other.safetensors",), None, None),
        ("timm/tiny", ("vit.npz",), None, None),
    ]


def test_without_huggingface_hub(hub, monkeypatch):
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    assert hub.has_hf_hub() is False
    assert hub._get_license_from_hf_hub("tiny", "timm/") is None
    with pytest.raises(RuntimeError, match="pip install huggingface_hub"):
        hub.load_state_dict_from_hf("timm/tiny")


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ({"license": "Apache-2.0"}, "apache-2.0"),
        ({"license": "other", "license_name": "dinov3-license"}, "dinov3-license"),
        ({"license": "other"}, "other"),
        ({}, None),
        (None, None),
    ],
)
def test_license(hub, monkeypatch, card, expected):
    asked = []

    def model_info(repo_id):
        asked.append(repo_id)
        return Namespace(card_data=card)

    monkeypatch.setattr("huggingface_hub.model_info", model_info)
    assert hub._get_license_from_hf_hub("tiny", "timm/") == expected and asked == ["timm/tiny"]
    assert hub._get_license_from_hf_hub(None, "timm/") is None


def test_license_of_what_can_not_be_reached(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.model_info", lambda repo_id: 1 / 0)
    assert hub._get_license_from_hf_hub("tiny", "timm/") is None


@pytest.fixture
def plain_config(hub, monkeypatch):
    monkeypatch.setattr(
        hub, "save_config_for_hf", lambda model, path, **kwargs: Path(path).write_text(json.dumps(kwargs))
    )


def test_saved_folder_is_timms(hub, plain_config, tmp_path):
    model = Model()
    hub.save_for_hf(model, tmp_path / "out", safe_serialization="both", model_args={"depth": 1})
    for saved in (load_file(tmp_path / "out/model.safetensors"), torch.load(tmp_path / "out/pytorch_model.bin")):
        assert set(saved) == {"b", "n"} and tuple(saved["b"].shape) == (3, 2)
    assert json.loads((tmp_path / "out/config.json").read_text())["model_args"] == {"depth": 1}


def test_saving_without_torch(hub, plain_config, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="pass safe_serialization=True"):
        hub.save_for_hf(Model(), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    hub.save_for_hf(Model(), tmp_path / "out", safe_serialization=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["config.json", "model.safetensors"]


def test_saving_bfloat16(hub, plain_config, tmp_path):
    model = Model()
    value = tf.cast(tf.random.normal((4, 3)), tf.bfloat16).numpy()
    model.state_dict = lambda: {"b": value.T}
    hub.save_for_hf(model, tmp_path, safe_serialization="both")
    pickled = torch.load(tmp_path / "pytorch_model.bin")["b"]
    assert pickled.dtype == torch.bfloat16
    np.testing.assert_array_equal(pickled.float(), value.T.astype(np.float32))
    from safetensors.torch import load_file as load_in_torch

    assert torch.equal(load_in_torch(tmp_path / "model.safetensors")["b"], pickled)


# Downloads by address


@pytest.fixture
def site(tmp_path):
    """A web server on a folder; gives the folder and its address."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def put(folder, name: str) -> str:
    """Write the weights under a name, `{hash}` in it filled in; returns the name."""
    save_file(WEIGHTS, folder / "weights")
    digest = hashlib.sha256((folder / "weights").read_bytes()).hexdigest()
    name = name.format(hash=digest[:8])
    (folder / "weights").rename(folder / name)
    return name


def test_download_is_kept(hub, site, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    folder, address = site
    name = put(folder, "tiny-{hash}.safetensors")
    url = f"{address}/{name}"
    assert not hub.check_cached_file(url)
    path = hub.download_cached_file(url)
    assert path == str(tmp_path / "home/hub/checkpoints" / name)
    assert hub.check_cached_file(url) and hub.check_cached_file((url, name))
    (folder / name).unlink()
    assert hub.download_cached_file(url) == path
    state_dict = downloads.load_state_dict_from_url(url, map_location="cpu", progress=False, check_hash=True)
    np.testing.assert_array_equal(state_dict["a.weight"], WEIGHTS["a.weight"])
    with open(path, "ab") as file:
        file.write(b"x")
    assert not hub.check_cached_file(url) and hub.check_cached_file(url, check_hash=False)


def test_wrong_hash_keeps_nothing(hub, site, tmp_path):
    folder, address = site
    put(folder, "tiny-00000000.safetensors")
    with pytest.raises(RuntimeError, match="SHA-256 [0-9a-f]{64}, not 00000000"):
        hub.download_cached_file(f"{address}/tiny-00000000.safetensors", cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    assert hub.download_cached_file(f"{address}/tiny-00000000.safetensors", False, cache_dir=tmp_path / "cache")


def test_failed_download_says_what_to_do(site, tmp_path):
    _, address = site
    with pytest.raises(OSError, match="could not download .*missing.pth .*404.*checkpoint_path=") as caught:
        downloads.load_state_dict_from_url(f"{address}/missing.pth", model_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value) and list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("variables", [{"TORCH_HOME": "/t"}, {"XDG_CACHE_HOME": "/x"}, {}])
def test_cache_folder_is_torchs(variables, monkeypatch):
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert downloads.cache_folder() == torch.hub.get_dir() + "/checkpoints"


@pytest.mark.parametrize("name", ["a-0123abcd.pth", "a-b-0123abcd.th", "a.pth", "a-b.pth", "a-Z.pth", "a_0123.pth"])
def test_hash_in_name_is_torchs_rule(name):
    match = torch.hub.HASH_REGEX.search(name)
    assert downloads.hash_in_name(name) == (match.group(1) or None if match else None)
