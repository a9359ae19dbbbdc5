"""Run the command line again and again in child processes, each with a fault at the next step of the writing.

    python faulty_run.py WORKPLACE MODE FAULT START

MODE is how the file system can replace a folder: "exchange", "stepwise" (no atomic exchange) or "overlay" (a folder
can't even be renamed). FAULT is "kill" or an errno name such as "ENOSPC". START is "old" (a tree of an earlier run
stands) or "nothing". An audit hook sees every file operation before it is done, so that the fault needs no help from
the code under test. Prints a JSON object: the old tree, the new one, and the state found after each fault.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from transpiler import generation, swap
from transpiler.cli import main
from transpiler.model import OutputFile, Result

OPERATIONS = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.link",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "os.scandir",
    "ctypes.dlopen",
}
NO_FAULT_LEFT = 77


def files_of(version: int) -> tuple[OutputFile, ...]:
    shared = OutputFile("__init__.py", "same\n"), OutputFile("pkg/layers.py", f"version {version}\n")
    return *shared, OutputFile(f"pkg/only_in_{version}.py", f"version {version}\n")


def generate(version: int) -> int:
    def transpile(modules, **_):
        return Result(files_of(version), (), tuple(modules), {}, (), ())

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(["pkg.net", "--force"], transpile=transpile)


def limit_file_system(mode: str) -> None:
    if mode == "exchange":
        return
    swap.exchange = lambda first, second: False
    if mode == "overlay":
        rename = os.rename

        def rename_unless_old_tree(source, target):
            if Path(source).name == "generated":
                raise OSError(errno.EXDEV, "a folder of a lower layer")
            rename(source, target)

        os.rename = rename_unless_old_tree  # type: ignore[assignment]


def install_fault(step: int, fault: str) -> list[int]:
    count = [0]

    def hook(event: str, arguments: tuple) -> None:
        if event not in OPERATIONS:
            return
        count[0] += 1
        if count[0] == step:
            if fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)))

    sys.addaudithook(hook)
    return count


def in_child(action) -> int:
    """Exit code of `action` in a child process; negative when it was killed."""
    child = os.fork()
    if child == 0:
        os._exit(action())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def faulty(step: int, fault: str, mode: str) -> int:
    limit_file_system(mode)
    count = install_fault(step, fault)
    code = generate(2)
    return NO_FAULT_LEFT if count[0] < step else code


def faultless(mode: str) -> int:
    limit_file_system(mode)
    return generate(2)


def tree() -> dict[str, str] | None:
    root = Path("generated")
    if not root.exists():
        return None
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {path: found[path].read_text() for path in sorted(found)}


def start_over(old: bool) -> None:
    for path in Path(".").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if old:
        assert generate(1) == 0
        Path("generated/README.md").write_text("mine\n")


def main_loop(mode: str, fault: str, old: bool) -> list[dict]:
    states: list[dict] = []
    for step in range(1, 1000):
        start_over(old)
        code = in_child(partial(faulty, step, fault, mode))
        if code == NO_FAULT_LEFT:
            return states
        state = {"step": step, "code": code, "tree": tree(), "left": sorted(os.listdir("."))}
        state["code after"] = in_child(lambda: faultless(mode))
        states.append({**state, "tree after": tree(), "left after": sorted(os.listdir("."))})
    raise AssertionError("the run never ends")


if __name__ == "__main__":
    # It reads our own files: many steps without interest here.
    generation.hash_tool = lambda: "tool"  # type: ignore[assignment,misc]
    os.fsync = lambda fd: None  # a killed process loses nothing that the kernel has
    os.chdir(sys.argv[1])
    with_old = sys.argv[4] == "old"
    trees = []
    for version in (1, 2):
        start_over(with_old)
        generate(version)
        trees.append(tree())
    states = main_loop(sys.argv[2], sys.argv[3], with_old)
    print(json.dumps({"old": trees[0] if with_old else None, "new": trees[1], "states": states}))
