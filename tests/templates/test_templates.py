"""Each template: rendered, compiled, and strict about its context."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError, meta

FOLDER = Path(__file__).parents[2] / "templates"

PACKAGE = {
    "tool_version": "0.1.0",
    "command": "python -m transpiler timm.models.swin_transformer",
    "upstreams": [("timm", "1.0.31")],
    "packages": [("timm.models", ["swin_transformer", "vision_transformer"])],
    "has_registry": True,
}
_MOVE = {"name": "f", "old": "net.a", "new": "net.b", "changed": True}
UPGRADE = {
    "old": "net 1.0",
    "new": "net 2.0",
    "modules": ["net.model"],
    "drift": {
        **{f"{kind}_{what}": ["net.a"] for kind in ("new", "removed") for what in ("modules", "symbols", "architectures")},
        **{f"moved_{what}": [_MOVE] for what in ("modules", "symbols", "architectures")},
        "changed_symbols": ["net.a.f"],
    },
    "refusals": ["net/a.py:1:1: error T101: no rule\n    x = y\n    ^"],
    "files": [{"path": "net/a.py", "status": "changed", "lines": ["--- a", "+++ b", "+x"], "added": 1, "removed": 0}],
    "torch_names": [{"name": "torch.zeta", "where": "net/a.py:1"}],
    "stale": [{"symbol": "net.a.f", "problem": "O201: changed", "hint": "read it", "lines": ["a | b"]}],
    "verify": [("net/a.py", ["net_small"])],
}
CONTEXTS = {
    "package_init.py.j2": PACKAGE,
    "subpackage_init.py.j2": {
        "docstring": "Layers of the models.",
        "assignments": [("__version__", "1.0.31")],
        "imports": [(".mlp", [("Mlp", "Mlp")]), (".norm", [("LayerNorm", "Norm")]), (".activations", [("*", "*")])],
    },
    "placeholder.py.j2": {"command": "python -m transpiler timm.models.swin_transformer"},
    "module_header.j2": {
        "distribution": "timm",
        "version": "1.0.31",
        "path": "timm/layers/mlp.py",
        "sha256": "0123456789abcdef" * 4,
        "overrides": ["one", "two"],
    },
    "support_table.md.j2": {
        "command": "python -m transpiler.rules",
        "torch_version": "2.15.0",
        "groups": [
            {
                "title": "Tensors",
                "rows": [{"name": "torch.roll", "outcome": "Op", "result": "tf.roll(x, a | b)", "limits": ""}],
            }
        ],
        "missing": [{"name": "torch.fx.wrap", "reason": "no tracer", "instead": "remove it"}],
    },
    "results.md.j2": {
        "title": "Parity",
        "command": "python -m transpiler.verify --all",
        "data": "parity.json",
        "versions": [("timm", "1.0.31"), ("tensorflow", "2.21.0")],
        "summary": ["2 of 2 architectures agree."],
        "columns": ["architecture", "error"],
        "rows": [["a", "1e-6"], ["b | c", "2e-6"]],
    },
}
CONTEXTS |= {
    "releases.md.j2": {
        "command": "python -m transpiler.verify.releases",
        "modules": ["swin_transformer"],
        "releases": [{"version": "1.0.9", "cells": ["2 of 2, 1e-06"]}],
        "details": [{"version": "1.0.3", "failures": ["`swin`: fail"], "diagnostics": ["a.py:1:1: error T101: no"]}],
    },
    "scout.svg.j2": {
        "width": 900,
        "height": 560,
        "margin": 60,
        "points": [{"x": 1.5, "y": 2.5, "colour": "red", "title": "a < b", "label": "a", "radius": 4}],
        "front": "1.5,2.5",
        "across": [{"place": 3.0, "text": "100"}],
        "upwards": [{"place": 3.0, "text": "80"}],
        "legend": [("verified", "green")],
    },
    "upgrade_report.txt.j2": UPGRADE,
    "upgrade_report.md.j2": {**UPGRADE, "most_diff_lines": 400},
}


@pytest.fixture(scope="module")
def environment():
    return Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def test_every_template_is_tested():
    assert {path.name for path in FOLDER.iterdir()} == set(CONTEXTS)


@pytest.mark.parametrize("name", CONTEXTS)
def test_renders_to_clean_text(environment, name):
    text = environment.get_template(name).render(CONTEXTS[name])
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert not text.startswith("\n") and "\n\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    if not name.endswith((".md.j2", ".svg.j2", ".txt.j2")):
        compile(text, name, "exec")


@pytest.mark.parametrize("name", CONTEXTS)
def test_context_is_what_the_template_uses(environment, name):
    source = environment.loader.get_source(environment, name)[0]
    used = meta.find_undeclared_variables(environment.parse(source)) - {"dict"}
    assert used == set(CONTEXTS[name])
    comment = source.split("-#}")[0]
    assert all(f"\n{field}: " in comment for field in used)


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in CONTEXTS.items() for field in fields])
def test_a_missing_field_is_an_error(environment, name, field):
    context = {key: value for key, value in CONTEXTS[name].items() if key != field}
    with pytest.raises(UndefinedError, match=field):
        environment.get_template(name).render(context)


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Import a package of files under a name of its own."""

    def load(files: dict[str, str]):
        write(tmp_path / "relocated_models", files)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return importlib.import_module("relocated_models")

    yield load
    for module in [module for module in sys.modules if module.split(".")[0] == "relocated_models"]:
        del sys.modules[module]


REGISTERED_NAMES = """
def unknown_name(name, known):
    return f"{name} is not in {known}"


def check_counts(arguments):
    pass
"""
RUNTIME = {
    "runtime/__init__.py": "",
    "runtime/checkpoints.py": "def read_checkpoint(path): return {'state_dict': {'a': path}}\n",
    "runtime/functional_model.py": "FunctionalModel = object\n",
}


def test_package_with_a_registry(environment, imported):
    names = ("get_pretrained_cfg", "is_model", "list_models", "list_modules", "list_pretrained", "model_entrypoint")
    package = imported(
        {
            "__init__.py": environment.get_template("package_init.py.j2").render(PACKAGE),
            **RUNTIME,
            "data.py": "",
            "optim.py": "",
            "runtime/drawing.py": "from contextlib import nullcontext as postponed_draws",
            "runtime/registered_names.py": REGISTERED_NAMES,
            "timm/__init__.py": "",
            "timm/models/__init__.py": "",
            "timm/models/swin_transformer.py": "",
            "timm/models/vision_transformer.py": "",
            "timm/models/_factory.py": "def create_model(name): return name\n",
            "timm/models/_helpers.py": "def load_checkpoint(model, path, strict): return model, path, strict\n",
            "timm/models/_registry.py": "".join(f"def {name}(*_): return ['a']\n" for name in names),
        }
    )
    assert all(hasattr(package, name) for name in (*package.__all__, *names))
    assert package.create_model("a.tag") == "a.tag"
    package.is_model = lambda name: name == "a"
    with pytest.raises(RuntimeError, match=r"b is not in \['a'\]"):
        package.create_model("b.tag")
    assert package.create_model("hf-hub:b/c") == "hf-hub:b/c"
    assert package.load_weights("model", Path("x.safetensors")) == ("model", "x.safetensors", True)
    assert package.UPSTREAM_VERSIONS == {"timm": "1.0.31"} and package.__version__ == "0.1.0"
    assert {"relocated_models.timm.models.swin_transformer"} <= set(sys.modules)


def test_package_without_a_registry(environment, imported):
    context = PACKAGE | {"packages": [("", ["mine"]), ("lib.nets", ["other"])], "has_registry": False}
    package = imported(
        {
            "__init__.py": environment.get_template("package_init.py.j2").render(context),
            **RUNTIME,
            "mine.py": "",
            "lib/__init__.py": "",
            "lib/nets/__init__.py": "",
            "lib/nets/other.py": "",
        }
    )
    assert all(hasattr(package, name) for name in package.__all__)
    assert package.list_modules() == ["mine", "lib.nets.other"]
    with pytest.raises(RuntimeError, match="no registry of architectures; use the classes of mine, lib.nets.other"):
        package.create_model("resnet50")

    class Model:
        def load_state_dict(self, state, strict):
            return state, strict

    assert package.load_weights(Model(), "x", strict=False) == ({"a": "x"}, False)


def test_package_docstring_survives_a_windows_path(environment):
    context = PACKAGE | {"command": 'python -m transpiler net --source "C:\\new\\x"'}
    text = environment.get_template("package_init.py.j2").render(context)
    assert "--source 'C:\\new\\x'" in ast.get_docstring(ast.parse(text))


def test_subpackage_exports(environment, imported):
    text = environment.get_template("subpackage_init.py.j2").render(CONTEXTS["subpackage_init.py.j2"])
    package = imported(
        {
            "__init__.py": text,
            "mlp.py": "from . import __version__\nMlp = __version__\n",
            "norm.py": "LayerNorm = 1\n",
            "activations.py": "gelu = 2\n",
        }
    )
    assert (package.Mlp, package.Norm, package.gelu, package.__doc__) == ("1.0.31", 1, 2, "Layers of the models.")
    assert not hasattr(package, "LayerNorm")


def test_empty_subpackage(environment):
    text = environment.get_template("subpackage_init.py.j2").render(docstring="Models.", assignments=[], imports=[])
    assert text == '"""Models."""\n'


def test_header_is_a_comment_above_upstreams_docstring(environment):
    context = CONTEXTS["module_header.j2"]
    text = environment.get_template("module_header.j2").render(context)
    assert ast.get_docstring(ast.parse(text + '"""Upstream."""\n')) == "Upstream."
    assert "timm 1.0.31, timm/layers/mlp.py (sha256 0123456789ab)" in text and "#   two\n" in text
    assert "Written by hand" not in environment.get_template("module_header.j2").render(context | {"overrides": []})


def test_placeholder_is_found_only_until_the_package_is_written(environment, tmp_path):
    """Python prefers a package to a module and the module to a bare folder; the placeholder lives by that order."""
    text = environment.get_template("placeholder.py.j2").render(CONTEXTS["placeholder.py.j2"])
    write(tmp_path, {"generated.py": text, "generated/manifest.json": "{}"})

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    for code in ("import generated", "import generated.timm.models"):
        last = run(code).stderr.splitlines()[-1]
        assert last.startswith(
            "ImportError: there is no generated package yet; write it with `python -m transpiler timm"
        )
    write(tmp_path, {"generated/__init__.py": "answer = 42\n"})
    assert run("import generated; print(generated.answer)").stdout == "42\n"


def test_table_cells_keep_their_pipes(environment):
    text = environment.get_template("support_table.md.j2").render(CONTEXTS["support_table.md.j2"])
    assert "| `torch.roll` | Op | `tf.roll(x, a \\| b)` |  |\n" in text and "1 names are supported" in text
    text = environment.get_template("results.md.j2").render(CONTEXTS["results.md.j2"])
    assert text.endswith("| architecture | error |\n|---|---|\n| a | 1e-6 |\n| b \\| c | 2e-6 |\n")
