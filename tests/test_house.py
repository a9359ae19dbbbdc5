"""The house: who may import whom, who may print, how long a file may be, and what stands at the top."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "transpiler"

TOP_LEVEL = {
    *("transpiler", "templates", "generated", "overrides", "tests"),
    *("pyproject.toml", "README.md", "LICENSE", ".ci", "docs"),
}
# A module may import from its own layer and those below it; a package stands for all of its modules.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"upgrade"},
    {"pipeline", "generation", "explain", "summary", "breadth", "diff"},
    {
        *(
            "accept_override",
            "annotations",
            "assemble",
            "binding",
            "builtin_calls",
            "calls",
            "closure",
            "control_flow",
            "evidence",
            "expressions",
            "flags",
            "flow",
            "hints",
            "inference",
            "method_names",
        ),
        *("internal_errors", "module_calls", "needs", "roots"),
        *(
            "overrides",
            "package_data",
            "packages",
            "passes",
            "prepare",
            "layout_transformer",
            "method_overrides",
            "program",
            "promotion",
            "rewrite",
            "stored_parameters",
            "subscripts",
            "typing_rounds",
        ),
        *(
            "emit",
            "exchange",
            "fingerprint",
            "lock",
            "manifest",
            "output_folder",
            "parity_states",
            "standing",
            "swap",
            "upstream_files",
            "written",
        ),
    },
    {
        *(
            "code",
            "findings",
            "kinds",
            "layout",
            "names",
            "parallel",
            "patterns",
            "positions",
            "registries",
            "rules",
            "scopes",
            "source",
            "source_roots",
            "transform",
            "walk",
        ),
        *(
            "progress",
            "reach",
            "replay",
            "resources",
            "templating",
            "timings",
            "tree_cache",
            "user_cache",
            "verbatim",
            "wrapped_lines",
        ),
    },
    {"__init__", "diagnostics", "model", "output_error"},
)
COMMANDS = ("verify", "bench", "scout")  # programs of their own, which run both frameworks
ROW_VOCABULARY = {"code", "kinds", "layout", "patterns"}
FRAMEWORKS = {"torch", "torchvision", "timm", "tensorflow", "keras", "jax", "triton"}
RUNTIME_NEEDS = {"keras", "tensorflow", "numpy"}
RUNTIME_NEEDS_LATER = {"safetensors", "huggingface_hub", "ml_dtypes", "yaml"}  # imported by the functions that use them
READERS_OF_PICKLES = {"runtime/checkpoints.py"}
MAY_PRINT = {"cli.py", "__main__.py"}
ENDS_WHAT_IT_STARTS = {"transpiler/parallel.py": {"os._exit"}}
LONGEST = 600
LONGER_WITH_REASON: dict[str, str] = {}


def python_files(folder: str) -> list[str]:
    """Paths relative to the repository, posix."""
    files = (REPOSITORY / folder).rglob("*.py")
    return sorted(path.relative_to(REPOSITORY).as_posix() for path in files if "__pycache__" not in path.parts)


def is_core(path: str) -> bool:
    return path.split("/")[1] not in {*COMMANDS, "runtime", "_placeholder", "_data"}


ALL = python_files("transpiler")
CORE = [path for path in ALL if is_core(path)]
RUNTIME = [path for path in ALL if path.startswith("transpiler/runtime/")]
ROWS = [path for path in CORE if path.startswith("transpiler/rules/") and not path.endswith("/__init__.py")]


def tree(path: str) -> ast.Module:
    return ast.parse((REPOSITORY / path).read_text(encoding="utf-8"), path)


def imports(path: str, node: ast.AST | None = None) -> Iterator[str]:
    """Absolute dotted names of what a file imports, anywhere in it or in one node of it."""
    for each in ast.walk(node or tree(path)):
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            base = path.removesuffix(".py").split("/")[: -each.level] if each.level else []
            module = ".".join([*base, *([each.module] if each.module else [])])
            names = [f"{module}.{alias.name}" for alias in each.names]
            yield from names if not each.module else [module]


def own(names: Iterator[str]) -> set[str]:
    """The first part below `transpiler` of each import of ours: `rules` for `transpiler.rules.table`."""
    return {name.split(".")[1] for name in names if name.startswith("transpiler.")}


def distributions(names: Iterator[str]) -> set[str]:
    first = {name.partition(".")[0] for name in names}
    return first - set(sys.stdlib_module_names) - {"transpiler", "__future__"}


def layer_of(module: str) -> int:
    return next((number for number, layer in enumerate(LAYERS) if module in layer), len(LAYERS))


def part(path: str) -> str:
    return path.split("/")[1].removesuffix(".py")


@pytest.mark.parametrize("path", CORE)
def test_has_a_place_and_imports_downwards(path: str) -> None:
    layer = layer_of(part(path))
    assert layer < len(LAYERS), f"{path} has no place in LAYERS"
    at_import = ast.Module([each for each in tree(path).body if isinstance(each, ast.Import | ast.ImportFrom)], [])
    upwards = {module for module in own(imports(path, at_import)) if layer_of(module) < layer}
    assert not upwards, f"{path} imports from above: {upwards}"


def test_every_place_is_taken() -> None:
    assert {name for layer in LAYERS for name in layer} - {part(path) for path in CORE} == set()


@pytest.mark.parametrize("path", CORE)
def test_the_core_reads_frameworks_and_never_imports_them(path: str) -> None:
    assert not distributions(imports(path)) & FRAMEWORKS
    assert not own(imports(path)) & {*COMMANDS, "runtime"}


@pytest.mark.parametrize("path", ROWS)
def test_rows_import_only_the_table(path: str) -> None:
    assert own(imports(path)) <= {"rules", *ROW_VOCABULARY}
    assert distributions(imports(path)) <= {"libcst"}


@pytest.mark.parametrize("path", RUNTIME)
def test_the_runtime_stands_alone(path: str) -> None:
    """It is copied into every generated package."""
    later = RUNTIME_NEEDS_LATER | ({"torch"} if path.removeprefix("transpiler/") in READERS_OF_PICKLES else set())
    assert distributions(imports(path)) <= RUNTIME_NEEDS | later
    at_import = ast.Module([each for each in tree(path).body if isinstance(each, ast.Import | ast.ImportFrom)], [])
    assert distributions(imports(path, at_import)) <= RUNTIME_NEEDS
    for each in ast.walk(tree(path)):
        assert not (isinstance(each, ast.ImportFrom) and (each.module or "").startswith("transpiler"))
        if isinstance(each, ast.ImportFrom) and each.level:
            assert each.level <= len(path.split("/")) - 2, f"line {each.lineno} leads out of the runtime"


@pytest.mark.parametrize("path", [path for path in ALL if Path(path).name not in MAY_PRINT])
def test_only_command_lines_print_and_exit(path: str) -> None:
    forbidden = {"print", "exit", "quit", "sys.exit", "os._exit"} - ENDS_WHAT_IT_STARTS.get(path, set())
    said = [
        f"line {each.lineno}: {ast.unparse(each.func)}"
        for each in ast.walk(tree(path))
        if isinstance(each, ast.Call) and ast.unparse(each.func) in forbidden
    ]
    assert not said


@pytest.mark.parametrize("path", [*ALL, *python_files("tests"), *python_files("overrides")])
def test_files_are_short_and_named_for_what_they_hold(path: str) -> None:
    is_upstreams_name = path.startswith("overrides/")
    assert is_upstreams_name or Path(path).stem not in {"utils", "util", "helpers", "common", "misc"}
    lines = len((REPOSITORY / path).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST or path in LONGER_WITH_REASON, f"{lines} lines"


def test_the_top_of_the_repository() -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [path for path in listed if (REPOSITORY / path).exists()]
    assert {path.split("/")[0] for path in files if not path.startswith(".git")} <= TOP_LEVEL
    assert {path for path in files if path.startswith("generated/")} <= {"generated/manifest.json"}
