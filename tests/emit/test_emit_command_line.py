"""Options, exit codes, and what is printed where."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from transpiler import cli
from transpiler.cli import ExitCode, main
from transpiler.diagnostics import Diagnostic, TranspileError
from transpiler.progress import ProgressBar

REPOSITORY = Path(__file__).resolve().parents[2]


def test_help_documents_every_option_and_exit_code(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in ("--all", "--out", "--source", "--check", "--diff", "--explain", "--debug", "--timings", "--force"):
        assert word in text
    for code in ExitCode:
        assert f"\n  {code.value:<4} " in text


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--check", "--diff"], ["--out"]])
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == ExitCode.USAGE


@pytest.mark.parametrize("name", ["pkg/models/swin.py", "./pkg/models/swin", "pkg.models.swin.py"])
def test_a_path_for_a_module(run, name):
    done = run(name)
    assert done.code == 2
    assert done.err == f"transpiler: {name} is a path; name the module as in an import: pkg.models.swin\n"


def test_source_folder_that_is_not_there(run):
    done = run("pkg.swin", "--source", "nowhere")
    assert (done.code, done.err) == (2, "transpiler: --source nowhere: no such folder or archive\n")


def test_explain(run):
    done = run("--explain", "torch.cat")
    assert (done.code, done.out) == (0, "torch.cat: a rule\n")


def test_timings(run):
    lines = run("pkg.swin", "--timings").out.splitlines()
    assert [line.split("  ")[0] for line in lines[-3:]] == ["all", "look at the output folder", "write"]
    assert all(line.endswith(" s") for line in lines[-3:])


@pytest.mark.parametrize(("code", "exit_code"), [("S101", 2), ("S102", 2), ("S103", 3), ("T101", 3)])
def test_errors_that_stop_the_pipeline(run, workplace, pipeline, code, exit_code):
    def fail() -> None:
        raise TranspileError(Diagnostic(code, "it is wrong"))

    pipeline.before = fail
    done = run("pkg.swin")
    assert (done.code, done.err) == (exit_code, f"error {code}: it is wrong\n")
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("debug", [False, True])
def test_traceback_with_debug_only(run, pipeline, workplace, debug):
    def fail() -> None:
        raise ValueError("two\nlines")

    pipeline.before = fail
    done = run("pkg.swin", *(["--debug"] if debug else []))
    assert done.code == 5
    assert ("Traceback" in done.err) == debug
    assert done.err.splitlines()[-1].startswith("transpiler: internal error: ValueError: two lines")
    assert list(workplace.iterdir()) == []


def test_interrupted(run, pipeline, workplace, tree_tools):
    run("pkg.swin")
    before = tree_tools.snapshot(workplace)

    def interrupt() -> None:
        raise KeyboardInterrupt

    pipeline.before = interrupt
    done = run("pkg.vit")
    assert (done.code, done.err) == (130, "transpiler: interrupted\n")
    assert tree_tools.snapshot(workplace) == before


@pytest.mark.parametrize(
    ("debug", "shown"),
    [([], "warning W1: a warning\n"), (["--debug"], "note N1: a note\nwarning W1: a warning\n")],
)
def test_notes_are_shown_with_debug_only(pipeline, workplace, capsys, debug, shown):
    diagnostics = (Diagnostic("N1", "a note", severity="note"), Diagnostic("W1", "a warning", severity="warning"))
    result = replace(pipeline(["pkg.swin"], previous_roots=[]), diagnostics=diagnostics)
    assert main(["pkg.swin", *debug], transpile=lambda *_, **__: result) == 0
    captured = capsys.readouterr()
    assert captured.err == shown
    assert "diagnostics: 0 errors, 1 warning, 1 note" in captured.out


def test_progress_bar_is_for_terminals_only(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", stream)
        with ProgressBar() as progress:
            for label in ("read", "rewrite"):
                for done in range(3):
                    progress(label, done + 1, 3)
        assert bool(stream.getvalue()) == stream.isatty()


def test_reader_that_stops_early_does_not_hurt(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from transpiler.cli import main\n"
        "sys.exit(main(['--explain', 'x'], explain=lambda name, source_root: 'line\\n' * 100_000))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(REPOSITORY)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
    process.stderr.close()


def test_command_line_stays_free_of_frameworks_and_of_the_pipeline():
    script = (
        "import sys, transpiler.cli\n"
        "print(sorted({'torch', 'timm', 'tensorflow', 'keras', 'transpiler.pipeline'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_only_the_command_line_prints_or_exits():
    package = Path(cli.__file__).parent
    for name in ("emit", "diff", "generation", "lock", "manifest", "standing", "summary", "swap"):
        text = (package / f"{name}.py").read_text()
        assert not re.search(r"\bprint\(|sys\.exit|SystemExit", text)
