"""The command line: `python -m transpiler`. The only place that prints or exits."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from .breadth import breadth_rows, breadth_summary, public_modules, unreached_overrides
from .diagnostics import INTERNAL_ERROR, Diagnostic, TranspileError, errors
from .diff import capped, diff_lines
from .fingerprint import PACKAGE
from .generation import NothingToGenerate, Outcome, Request, Transpile, compare, generate
from .output_error import OutputError
from .output_folder import open_output_folder
from .progress import ProgressBar
from .source import SourceFinder
from .standing import read_standing_tree
from .summary import drift_summary, written_summary
from .timings import Timings

CHECK_DIFF_LINES = 100
# The request itself was wrong: no such module, no module name.
_BAD_INPUT_CODES = frozenset({"S101", "S102", "S109", "S110"})


class ExitCode(IntEnum):
    """What the process returns; the words for each stand in `--help`."""

    OK = 0
    DRIFT = 1
    USAGE = 2
    REFUSED = 3
    OUTPUT = 4
    INTERNAL = 5
    INTERRUPTED = 130


_EXIT_CODES = """\
exit codes:
  0    done, or nothing to do
  1    --check found that the output folder is not what would be generated
  2    usage or bad input: an unknown option, no such module, no such source folder
  3    refused: a module can't be transpiled as it is; modules without errors are written
  4    output folder: hand-edited, not ours, locked by another run, read-only, disk full; nothing was changed
  5    internal error; modules that don't come upon it are written
  130  interrupted; the output folder is the old one or the new one, never a mixture
"""


class Explain(Protocol):
    """Says in words what happens to a symbol or torch name, and why."""

    def __call__(self, name: str, *, source_root: Path | None) -> str: ...


def main(
    arguments: Sequence[str] | None = None, *, transpile: Transpile | None = None, explain: Explain | None = None
) -> int:
    """Run the command line and give its exit code; the steps are the pipeline's unless others are given."""
    options = _parser().parse_args(arguments)
    try:
        _replace_unprintable_characters()
        return _run(options, transpile, explain)
    except KeyboardInterrupt:
        return _failure("interrupted", ExitCode.INTERRUPTED, options.debug)
    except TranspileError as error:
        _report(error.diagnostics, options.debug)
        return _refusal_code(error.diagnostics)
    except OutputError as error:
        return _failure(str(error), ExitCode.OUTPUT, options.debug)
    except NothingToGenerate as error:
        return _failure(str(error), ExitCode.USAGE, options.debug)
    except Exception as error:
        hint = "" if options.debug else " (--debug shows where)"
        text = " ".join(str(error).split())
        return _failure(f"internal error: {type(error).__name__}: {text}{hint}", ExitCode.INTERNAL, options.debug)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transpiler",
        description="Generate TensorFlow/Keras source from PyTorch model source. Nothing that is read is executed.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "modules",
        nargs="*",
        metavar="MODULE",
        help="dotted module of an installed package, such as timm.models.swin_transformer; those generated before are"
        " kept up to date with it (none: just those)",
    )
    parser.add_argument(
        "--all",
        nargs="?",
        const="timm.models",
        metavar="PACKAGE",
        help="every public module of PACKAGE (%(const)s unless another is named); says for each what became of it",
    )
    parser.add_argument("--out", type=Path, default=Path("generated"), metavar="DIR", help="output folder: %(default)s")
    parser.add_argument(
        "--source", type=Path, metavar="PATH", help="folder, wheel or sdist with packages that are not installed"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; exit 1 if the output folder is out of date")
    mode.add_argument("--diff", action="store_true", help="write nothing; show what would change")
    mode.add_argument("--explain", metavar="NAME", help="say what happens to a symbol or torch name, and why")
    mode.add_argument(
        "--accept-override",
        metavar="SYMBOL",
        help="after reading a changed upstream definition: note that its override still stands for it",
    )
    mode.add_argument(
        "--upgrade-report",
        nargs=2,
        metavar=("OLD", "NEW"),
        help="what a new release means for MODULE ..., or for those in the output folder; OLD and NEW are folders,"
        " wheels, sdists or the installed version",
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the upgrade report as Markdown")
    parser.add_argument("--force", action="store_true", help="overwrite hand-edited files and files that are not ours")
    parser.add_argument("--timings", action="store_true", help="show the seconds that each phase took")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and notes")
    return parser


def _run(options: argparse.Namespace, transpile: Transpile | None, explain: Explain | None) -> int:
    problem = _usage_problem(options)
    if problem:
        return _failure(problem, ExitCode.USAGE, options.debug)
    if options.explain:
        _print((explain or _pipeline_explain)(options.explain, source_root=options.source))
        return ExitCode.OK
    if options.accept_override:
        from .accept_override import accept_upstream

        _print(accept_upstream(options.accept_override, options.source))
        return ExitCode.OK
    if options.upgrade_report:
        return _upgrade_report(options)
    timings = Timings()
    try:
        return _generate_or_compare(options, transpile or _pipeline_transpile, timings)
    finally:
        if options.timings:
            _print_lines(timings.lines())


def _upgrade_report(options: argparse.Namespace) -> int:
    from .upgrade.report import upgrade_report

    modules = options.modules or read_standing_tree(open_output_folder(options.out, ())).roots
    if not modules:
        raise NothingToGenerate(f"name a module; {options.out} holds none whose upgrade could be reported")
    with ProgressBar() as progress:
        old, new = options.upgrade_report
        report = upgrade_report(old, new, modules, progress)
    if options.markdown:
        try:
            options.markdown.write_text(report.markdown(), encoding="utf-8")
        except OSError as error:
            raise OutputError.from_os(f"cannot write {options.markdown}", error) from error
    _print(report.text())
    return ExitCode.OK


def _usage_problem(options: argparse.Namespace) -> str:
    if options.source and not options.source.exists():
        return f"--source {options.source}: no such folder or archive"
    for module in options.modules:
        if module.endswith(".py") or "/" in module:
            name = module.removesuffix(".py").strip("./").replace("/", ".")
            return f"{module} is a path; name the module as in an import: {name}"
    return ""


def _generate_or_compare(options: argparse.Namespace, transpile: Transpile, timings: Timings) -> int:
    protected = [Path.cwd(), PACKAGE, *([options.source] if options.source else [])]
    folder = open_output_folder(options.out, protected)
    every = public_modules(options.all, SourceFinder(options.source)) if options.all else {}
    request = Request(tuple(dict.fromkeys([*options.modules, *every])), folder, options.source, options.force)
    step = compare if options.check or options.diff else generate
    with ProgressBar() as progress, timings.phase("all"):
        outcome = step(request, transpile, progress, timings)
    diagnostics = outcome.result.diagnostics if outcome.result else ()
    unreached = tuple(unreached_overrides(options.all, outcome.result)) if every and outcome.result else ()
    if every and outcome.result and not options.debug:
        rows = breadth_rows(every, outcome.result)
        _print_lines([*(row.line() for row in rows), *breadth_summary(rows)])
    else:
        _report((*diagnostics, *unreached), options.debug)
    if unreached:
        _print(f"overrides that no module of {options.all} reaches: {len(unreached)} (--debug names them)")
    code = _show(options)(folder.shown, outcome)
    return _refusal_code(diagnostics) if errors(diagnostics) else code


def _show(options: argparse.Namespace) -> Callable[[str, Outcome], int]:
    if options.check:
        return _show_drift
    return _show_diff if options.diff else _show_written


def _show_written(shown: str, outcome: Outcome) -> int:
    _print_lines(written_summary(shown, outcome))
    return ExitCode.OK


def _show_drift(shown: str, outcome: Outcome) -> int:
    drift = list(drift_summary(shown, outcome))
    if not drift or outcome.plan is None:
        _print(f"{shown}: up to date")
        return ExitCode.OK
    _print_lines(drift)
    _print_lines(capped(diff_lines(outcome.standing, outcome.plan), CHECK_DIFF_LINES))
    return ExitCode.DRIFT


def _show_diff(shown: str, outcome: Outcome) -> int:
    if outcome.plan is not None:
        _print_lines(diff_lines(outcome.standing, outcome.plan))
    return ExitCode.OK


def _refusal_code(diagnostics: Iterable[Diagnostic]) -> int:
    codes = {diagnostic.code for diagnostic in errors(diagnostics)}
    if INTERNAL_ERROR in codes:
        return ExitCode.INTERNAL
    return ExitCode.USAGE if codes <= _BAD_INPUT_CODES else ExitCode.REFUSED


def _report(diagnostics: Iterable[Diagnostic], with_notes: bool) -> None:
    for diagnostic in diagnostics:
        if with_notes or diagnostic.severity != "note":
            print(diagnostic.render(), file=sys.stderr)


def _failure(message: str, code: ExitCode, debug: bool) -> int:
    if debug and sys.exc_info()[0] is not None:
        traceback.print_exc()
    print(f"transpiler: {message}", file=sys.stderr)
    return code


def _replace_unprintable_characters() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        _print(line)


def _print(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; the exit code still counts.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# The pipeline is imported only when it has work, so that an up-to-date run and --help stay quick.
def _pipeline_transpile(*arguments, timings: Timings, **options):  # type: ignore[no-untyped-def]
    with timings.phase("load the transpiler"):
        from . import pipeline

    return pipeline.transpile(*arguments, timings=timings, **options)


def _pipeline_explain(name: str, *, source_root: Path | None) -> str:
    from . import pipeline

    return pipeline.explain(name, source_root=source_root)
