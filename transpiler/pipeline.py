"""The steps from source modules to generated files, in order; read it as the README's diagram.

find and read -> fold what can't happen -> what is needed -> kinds and layouts -> rewrite -> put together
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from .assemble import Assembler, GeneratedModule
from .closure import Closure, ModulePlan
from .diagnostics import Diagnostic, TranspileError, errors
from .inference import Typing
from .kinds import ClassValue
from .model import OutputFile, Result, Upstream
from .names import NameResolver
from .overrides import OverrideIndex
from .packages import module_path, package_output, registry_symbols, runtime_output
from .prepare import prepare
from .program import Program
from .resources import folder
from .source import SourceFinder
from .templating import ModuleHeader, render
from .timings import Timings
from .typing_rounds import infer

Progress = Callable[[str, int, int], None]
MODEL_BUILDERS = frozenset({"timm.models._builder.build_model_with_cfg"})


@dataclass(frozen=True)
class _Generation:
    """What one pass over a set of roots gives."""

    roots: tuple[str, ...]
    plans: dict[str, ModulePlan]
    modules: tuple[GeneratedModule, ...]
    diagnostics: tuple[Diagnostic, ...]
    overrides_used: tuple[str, ...]


def transpile(
    modules: Sequence[str],
    *,
    source_root: Path | None,
    previous_roots: Sequence[str],
    progress: Progress,
    timings: Timings,
) -> Result:
    """Generate the package that holds `modules` and `previous_roots`; modules with errors are left out.

    Raises:
        TranspileError: none of the modules can even be read.
    """
    with _garbage_left_alone():
        return _transpile(modules, source_root, previous_roots, progress, timings)


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    """Trees are kept to the end of a run; looking for garbage among their nodes takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _transpile(
    modules: Sequence[str],
    source_root: Path | None,
    previous_roots: Sequence[str],
    progress: Progress,
    timings: Timings,
) -> Result:
    wanted = [*dict.fromkeys([*modules, *previous_roots])]
    resolver = NameResolver(SourceFinder(source_root), {name.partition(".")[0] for name in wanted}, prepare)
    overrides = OverrideIndex(folder("overrides"), resolver)
    readable, unreadable = _readable(resolver, wanted, timings)
    generation = _generate(resolver, overrides, readable, progress, timings)
    found = [*unreadable, *generation.diagnostics]
    if errors(generation.diagnostics):
        good = _good_roots(resolver, overrides, readable, timings)
        generation = _generate(resolver, overrides, good, progress, timings)
    refused = tuple(name for name in wanted if name not in generation.roots)
    return Result(
        files=_files(resolver, overrides, generation) if generation.roots else (),
        diagnostics=tuple(dict.fromkeys(found)),
        roots=generation.roots,
        refused=refused,
        overrides_used=generation.overrides_used,
        upstream_read=tuple(source.upstream for source in resolver.read_sources()),
    )


def _readable(resolver: NameResolver, wanted: Sequence[str], timings: Timings) -> tuple[list[str], list[Diagnostic]]:
    readable: list[str] = []
    found: list[Diagnostic] = []
    with timings.phase("read and fold"):
        for name in wanted:
            try:
                resolver.tree(name)
                problem = _not_a_model_file(resolver, name)
            except TranspileError as error:
                found += error.diagnostics
                continue
            if problem is None:
                readable.append(name)
            else:
                found.append(problem)
    return readable, found


def _not_a_model_file(resolver: NameResolver, name: str) -> Diagnostic | None:
    source = resolver.source(name)
    if source.is_package:
        return source.diagnostic(
            "S106", f"{name} is a package", source.tree, "name the modules in it, such as timm.models.swin_transformer"
        )
    bindings = resolver.bindings(name)
    imported = {target.module for target in bindings.imports.values() if resolver.has_module(target.module)}
    if bindings.stars or any(_imports_torch(resolver, module) for module in (name, *sorted(imported))):
        return None
    return source.diagnostic(
        "S107",
        f"{name} is no torch module: it doesn't import torch",
        source.tree,
        "name a module that defines torch models or layers",
    )


def _imports_torch(resolver: NameResolver, name: str) -> bool:
    from .passes.fold import FRAMEWORKS

    targets = [*resolver.bindings(name).imports.values(), *resolver.original_bindings(name).imports.values()]
    return any(target.module.partition(".")[0] in FRAMEWORKS for target in targets)


def _generate(
    resolver: NameResolver, overrides: OverrideIndex, roots: Sequence[str], progress: Progress, timings: Timings
) -> _Generation:
    closure = Closure(resolver, overrides)
    found: list[Diagnostic] = []
    with timings.phase("closure"):
        try:
            for number, root in enumerate(roots):
                progress(f"reading {root}", number, len(roots))
                closure.add_module(root)
            for module, symbol in registry_symbols(resolver, roots):
                closure.add_symbol(module, symbol)
        except TranspileError as error:
            found += error.diagnostics
    plans = closure.plans
    used = sorted(f"{plan.name}.{name}" for plan in plans.values() for name in plan.overridden)
    found += [d for d in (overrides.check(symbol) for symbol in used) if d is not None]
    found += overrides.gone()
    with timings.phase("kinds and layouts"):
        program = Program(resolver, overrides.hints)
        typings = infer(program, plans)
    absent = frozenset(item.target for item in closure.soft_imports if item.target not in plans)
    assembler = Assembler(program, overrides, model_classes(typings, overrides), absent)
    generated = []
    with timings.phase("rewrite"):
        for number, plan in enumerate(plans.values()):
            progress(f"rewriting {plan.name}", number, len(plans))
            generated.append(assembler.module(plan, typings[plan.name]))
            found += generated[-1].findings.diagnostics
    found += _soft_import_notes(resolver, closure)
    return _Generation(tuple(roots), plans, tuple(generated), tuple(found), tuple(used))


def _good_roots(resolver: NameResolver, overrides: OverrideIndex, roots: Sequence[str], timings: Timings) -> list[str]:
    """The roots that can be generated without errors, each tried alone."""
    if len(roots) == 1:
        return []
    quiet: Progress = lambda text, done, total: None  # noqa: E731
    return [root for root in roots if not errors(_generate(resolver, overrides, [root], quiet, timings).diagnostics)]


def model_classes(typings: dict[str, Typing], overrides: OverrideIndex) -> frozenset[str]:
    """Classes that are built by a model builder: they become keras.Models."""
    found = set(overrides.models)
    for typing in typings.values():
        for node, target in typing.targets.items():
            if target in MODEL_BUILDERS and isinstance(node, cst.Call) and node.args:
                kind = typing.kinds.get(node.args[0].value)
                if isinstance(kind, ClassValue):
                    found |= kind.classes
    return frozenset(found)


def _soft_import_notes(resolver: NameResolver, closure: Closure) -> list[Diagnostic]:
    notes = []
    for item in closure.soft_imports:
        if item.target not in closure.plans:
            source = resolver.source(item.module)
            hint = f"transpile {item.target} too if you need it"
            notes.append(
                source.diagnostic(
                    "N401",
                    f"{item.target} is imported inside a function, and is not part of this run",
                    item.node,
                    hint,
                    "note",
                )
            )
    return notes


def _files(resolver: NameResolver, overrides: OverrideIndex, generation: _Generation) -> tuple[OutputFile, ...]:
    files = [
        _module_file(resolver, generation.plans[module.name], module)
        for module in generation.modules
        if module.text.strip()
    ]
    upstreams: list[Upstream] = [file.upstream for file in files if file.upstream is not None]
    plans = {module.name: generation.plans[module.name] for module in generation.modules}
    return tuple([*package_output(resolver, plans, generation.roots, upstreams), *files, *runtime_output()])


def _module_file(resolver: NameResolver, plan: ModulePlan, module: GeneratedModule) -> OutputFile:
    upstream = resolver.source(module.name).upstream
    names = tuple(sorted(plan.overridden))
    header = render(ModuleHeader(upstream.distribution, upstream.version, upstream.path, upstream.sha256, names))
    return OutputFile(
        path=module_path(module.name),
        text=header + module.text,
        upstream=upstream,
        overrides=tuple(f"{module.name}.{name}" for name in names),
        architectures=module.architectures if plan.whole else (),
        transposes=tuple(module.findings.transposes),
    )


def explain(name: str, *, source_root: Path | None) -> str:
    """What happens to a torch name or a symbol of the source, and why."""
    from .explain import explanation

    return explanation(name, source_root)
