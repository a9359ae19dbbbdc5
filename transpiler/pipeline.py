"""The steps from source modules to generated files, in order; read it as the README's diagram.

find and read -> fold what can't happen -> what is needed -> kinds and layouts -> rewrite -> put together
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import libcst as cst

from .assemble import Assembler, GeneratedModule
from .closure import Closure, ModulePlan
from .diagnostics import Diagnostic, errors
from .inference import Typing
from .kinds import ClassValue
from .model import OutputFile, Result, Upstream
from .names import NameResolver
from .needs import Needs
from .overrides import OverrideIndex
from .packages import module_path, package_output, runtime_output
from .parallel import in_parallel
from .prepare import prepare
from .program import Program
from .registries import Registries
from .resources import folder
from .roots import Place, closure_of, look_at
from .source import SourceFinder
from .stored_parameters import store_per_channel_parameters
from .templating import ModuleHeader, render
from .timings import Timings
from .typing_rounds import infer
from .user_cache import remove_old_entries

Progress = Callable[[str, int, int], None]
MODEL_BUILDERS = frozenset({"timm.models._builder.build_model_with_cfg"})


@dataclass(frozen=True)
class _Generation:
    """What a set of roots gives."""

    roots: tuple[str, ...]
    plans: Mapping[str, ModulePlan]
    modules: tuple[GeneratedModule, ...]
    findings: Mapping[Place, Sequence[Diagnostic]]
    notes: tuple[Diagnostic, ...]
    overrides_used: tuple[str, ...]
    working_set: object


def transpile(
    modules: Sequence[str],
    *,
    source_root: Path | None,
    previous_roots: Sequence[str],
    progress: Progress,
    timings: Timings,
) -> Result:
    """Generate the package that holds `modules` and `previous_roots`; only those with errors are left out."""
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
    resolver.follow(overrides.followed)
    needs = Needs(resolver, Registries(resolver, overrides.registries))
    with timings.phase("read, fold and follow"):
        roots = look_at(_with_progress(wanted, "reading", progress), needs, overrides)
    refused = dict(roots.refused)
    tried: set[str] = set()
    while True:
        good = [root for root in wanted if root not in refused]
        generation = _generate(needs, overrides, good, progress, timings)
        troubled = roots.troubled(good, generation.findings)
        if not troubled:
            break
        with timings.phase("try alone what has errors"):
            for root, told in troubled.items():
                # What another module passes to a function may be all that is wrong with it.
                if len(good) > 1 and root not in tried:
                    told = _told_alone(needs, overrides, roots.reached[root], _with_errors(generation))
                if errors(told):
                    refused[root] = told
        tried |= troubled.keys()
    found = [*chain(*refused.values()), *chain(*generation.findings.values()), *generation.notes]
    remove_old_entries()
    return Result(
        files=_files(resolver, overrides, generation) if generation.roots else (),
        diagnostics=tuple(dict.fromkeys(found)),
        roots=generation.roots,
        refused={root: refused[root] for root in wanted if root in refused},
        overrides_used=generation.overrides_used,
        overrides_of={root: _overridden(roots.reached[root]) for root in generation.roots},
        working_set=generation.working_set,
        overrides_unreached=partial(_unreached, overrides, roots.reached),
        definition_hashes=tuple((symbol, overrides.upstream_hash(symbol)) for symbol in generation.overrides_used),
        upstream_read=(*(source.upstream for source in resolver.read_sources()), *_upstream_data(generation)),
    )


def _with_progress(items: Collection[str], doing: str, progress: Progress) -> Iterator[str]:
    for number, item in enumerate(items):
        progress(f"{doing} {item}", number, len(items))
        yield item


def _generate(
    needs: Needs, overrides: OverrideIndex, roots: Sequence[str], progress: Progress, timings: Timings
) -> _Generation:
    closure = closure_of(roots, needs, overrides)
    plans = closure.plans
    with timings.phase("kinds and layouts"):
        program = Program(needs.resolver, overrides.hints, needs.registries)
        typings = infer(program, plans)
        store_per_channel_parameters(program, typings)
    absent = frozenset(item.target for item in closure.soft_imports if item.target not in plans)
    assembler = Assembler(program, overrides, model_classes(typings, overrides), absent)
    with timings.phase("rewrite"):
        modules = in_parallel(
            lambda name: assembler.module(plans[name], typings[name]),
            [*plans],
            weight=lambda name: _length(needs.resolver, plans[name]),
            begun=lambda name, number: progress(f"rewriting {name}", number, len(plans)),
        )
    return _Generation(
        working_set=(program, typings),
        roots=tuple(roots),
        plans=plans,
        modules=tuple(modules),
        findings=_findings(needs, overrides, plans, modules),
        notes=(*overrides.unused_hints(), *_soft_import_notes(needs.resolver, closure)),
        overrides_used=_overridden(plans),
    )


def _length(resolver: NameResolver, plan: ModulePlan) -> float:
    """How much of a module's text is generated, in characters, as if all statements were as long."""
    source = resolver.source(plan.name)
    return len(source.text) * len(plan.statements) / max(len(source.tree.body), 1)


def _overridden(plans: Mapping[str, ModulePlan]) -> tuple[str, ...]:
    return tuple(sorted(f"{plan.name}.{name}" for plan in plans.values() for name in plan.overridden))


def _with_errors(generation: _Generation) -> set[str]:
    return {module for (module, _), found in generation.findings.items() if errors(found)}


def _unreached(overrides: OverrideIndex, reached: Mapping[str, Mapping[str, ModulePlan]]) -> tuple[str, ...]:
    packages = {root.partition(".")[0] for root in reached}
    used = set(chain(*(_overridden(plans) for plans in reached.values())))
    entries = (entry.symbol for entry in overrides.entries() if entry.module.partition(".")[0] in packages)
    return tuple(symbol for symbol in entries if symbol not in used and overrides.has(symbol))


def _told_alone(
    needs: Needs, overrides: OverrideIndex, plans: Mapping[str, ModulePlan], looked_at: Collection[str]
) -> tuple[Diagnostic, ...]:
    """What is found in the modules `looked_at` with nothing beside the plans."""
    program = Program(needs.resolver, overrides.hints, needs.registries)
    typings = infer(program, plans)
    assembler = Assembler(program, overrides, model_classes(typings, overrides))
    modules = [assembler.module(plan, typings[plan.name]) for plan in plans.values() if plan.name in looked_at]
    return tuple(chain(*_findings(needs, overrides, plans, modules).values()))


def errors_without_override(symbol: str, source_root: Path | None = None) -> tuple[Diagnostic, ...]:
    """What stands in the way of upstream's own definition of a symbol that has an override, and of what it needs.

    None: the rules write it; whether that is right, only the override's test can say.

    Raises:
        TranspileError: a module that the definition needs can't be read.
    """
    resolver = NameResolver(SourceFinder(source_root), {symbol.partition(".")[0]}, prepare)
    entry = OverrideIndex(folder("overrides"), resolver).get(symbol)
    overrides = OverrideIndex(folder("overrides"), resolver, without=(symbol,))
    resolver.follow(overrides.followed)
    needs = Needs(resolver, Registries(resolver, overrides.registries))
    closure = Closure(needs, overrides)
    closure.add_symbol(entry.module, entry.name.partition(".")[0])
    return errors(_told_alone(needs, overrides, closure.plans, closure.plans))


def _findings(
    needs: Needs, overrides: OverrideIndex, plans: Mapping[str, ModulePlan], modules: Iterable[GeneratedModule]
) -> dict[Place, list[Diagnostic]]:
    """What there is to say about statements, overrides that stand for them included."""
    found = defaultdict(list, _stale_overrides(needs, overrides, plans))
    for module in modules:
        for index, findings in module.findings.items():
            found[module.name, index] += findings.diagnostics
    return found


def _stale_overrides(
    needs: Needs, overrides: OverrideIndex, plans: Mapping[str, ModulePlan]
) -> dict[Place, list[Diagnostic]]:
    """What is wrong with overrides, by the statements that they stand for."""
    found: dict[Place, list[Diagnostic]] = {}
    for plan in plans.values():
        for name in sorted(plan.overridden):
            problem = overrides.check(f"{plan.name}.{name}")
            if problem is not None:
                for index in needs.binders(plan.name).get(name.partition(".")[0], ()):
                    found.setdefault((plan.name, index), []).append(problem)
    gone = overrides.gone(plans)
    return found | {(module, -1): [problem] for module, problem in gone.items()}


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
    files += {file.path: file for module in generation.modules for file in module.data}.values()
    upstreams: list[Upstream] = [file.upstream for file in files if file.upstream is not None]
    plans = {module.name: generation.plans[module.name] for module in generation.modules}
    return tuple([*package_output(resolver, plans, generation.roots, upstreams), *files, *runtime_output()])


def _upstream_data(generation: _Generation) -> Iterator[Upstream]:
    return (file.upstream for module in generation.modules for file in module.data if file.upstream is not None)


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
        transposes=module.transposes,
    )


def explain(name: str, *, source_root: Path | None) -> str:
    """What happens to a torch name or a symbol of the source, and why."""
    from .explain import explanation

    return explanation(name, source_root)
