"""What every override file must look like for the transpiler to take definitions from it. Reads text, imports nothing."""

import ast
import importlib.util
import os
import sys
import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "overrides"
# Where upstream's text is: what is installed, and a checkout of RSBuilding, which holds opencd.
ROOTS = {"opencd": Path(os.environ["RSBUILDING_ROOT"])} if "RSBUILDING_ROOT" in os.environ else {}
ROOTS |= {
    folder.name: Path(spec.origin).parents[1]
    for folder in FOLDER.iterdir()
    if folder.is_dir() and (spec := importlib.util.find_spec(folder.name)) is not None
}
ALL_FILES = sorted(FOLDER.glob("*/**/*.py"))
FILES = [path for path in ALL_FILES if path.relative_to(FOLDER).parts[0] in ROOTS]
Definition = (ast.FunctionDef, ast.ClassDef)
UPSTREAMS = {"call": "forward"}  # what is written under another name
METHODS = {
    entry["symbol"] for entry in tomllib.loads((FOLDER / "index.toml").read_text())["override"] if "method" in entry
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(FOLDER).with_suffix("").parts)


def definitions(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """By name; of a class that stands for methods only, those."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and ast.get_docstring(node) is None:
            found |= {f"{node.name}.{UPSTREAMS.get(m.name, m.name)}": m for m in node.body if isinstance(m, Definition)}
        elif isinstance(node, Definition):
            found[node.name] = node
    return found


def upstream_definitions(path: Path) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    inside = path.relative_to(FOLDER)
    found = {}
    for node in ast.parse((ROOTS[inside.parts[0]] / inside).read_text()).body:
        if isinstance(node, Definition):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{method.name}": method for method in node.body if isinstance(method, Definition)}
    return found


def overrides_of(path: Path) -> list[tuple[str, ast.AST, ast.AST]]:
    upstream = upstream_definitions(path)
    return [
        (name, node, upstream[name])
        for name, node in definitions(ast.parse(path.read_text())).items()
        if name in upstream
    ]


OVERRIDES = [
    pytest.param(f"{module_of(path)}.{name}", ours, theirs, id=f"{module_of(path)}.{name}")
    for path in FILES
    for name, ours, theirs in overrides_of(path)
]


def parameters(function: ast.FunctionDef) -> list[tuple[str, str | None]]:
    """Names and defaults, in order; keyword catch-alls are left out, they carry Keras arguments here."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults = [None] * (len(positional) - len(spec.defaults)) + spec.defaults
    pairs = [*zip(positional, defaults, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    named = [(a.arg, ast.dump(default) if default is not None else None) for a, default in pairs]
    return named + ([("*" + spec.vararg.arg, None)] if spec.vararg else [])


NO_CONSTRUCTOR = ast.parse("def __init__(self): ...").body[0]


def constructor(node: ast.ClassDef | ast.FunctionDef) -> ast.FunctionDef:
    if isinstance(node, ast.FunctionDef):
        return node
    constructors = (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    return next(constructors, NO_CONSTRUCTOR)


def test_methods_are_those_of_the_index():
    assert {param.id for param in OVERRIDES if param.id.rsplit(".", 2)[1][:1].isupper()} == METHODS


def test_there_are_overrides():
    assert FILES and OVERRIDES


@pytest.mark.parametrize("path", [path for path in ALL_FILES if path not in FILES], ids=module_of)
def test_upstream_is_not_at_hand(path):
    pytest.skip(f"{path.relative_to(FOLDER).parts[0]} is neither installed nor in RSBUILDING_ROOT")


@pytest.mark.parametrize(("name", "ours", "theirs"), OVERRIDES)
def test_docstring_names_the_original_and_the_reason(name, ours, theirs):
    text = " ".join(ast.get_docstring(ours).split())
    assert f"Stands for {name}; hand-written " in text


# The device falls away with torch, so it must not be needed.
OPTIONAL_HERE = {"timm.layers.weight_init.is_meta_device"}
# The transpiler takes these from every layer; its **kwargs are for Keras.
FACTORY_ARGUMENTS = {"device", "dtype"}


@pytest.mark.parametrize(("name", "ours", "theirs"), OVERRIDES)
def test_signature_is_upstreams(name, ours, theirs):
    mine, original = parameters(constructor(ours)), parameters(constructor(theirs))
    if name in OPTIONAL_HERE:
        mine, original = [n for n, _ in mine], [n for n, _ in original]
    if isinstance(ours, ast.ClassDef) and constructor(ours).args.kwarg is not None:
        original = [(n, default) for n, default in original if n not in FACTORY_ARGUMENTS]
    assert mine == original


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_helpers_are_private(path):
    upstream = upstream_definitions(path)
    assert all(name.startswith("_") for name in definitions(ast.parse(path.read_text())) if name not in upstream)


@pytest.mark.parametrize("path", ALL_FILES, ids=module_of)
def test_imports_are_what_the_generated_package_has(path):
    allowed = {"keras", "numpy", "tensorflow"} | {f.name for f in FOLDER.iterdir()} | sys.stdlib_module_names
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module.split(".")[0] in allowed or node.module.startswith("transpiler.runtime")
