"""Says in words what happens to a torch name or to a symbol of the source, and why."""

from __future__ import annotations

from pathlib import Path

import libcst as cst

from . import rules
from .diagnostics import Diagnostic, TranspileError
from .names import NameResolver, Origin, dotted_name
from .overrides import OverrideIndex
from .passes.fold import FRAMEWORKS
from .prepare import prepare
from .resources import folder
from .rules.table import Op
from .source import SourceFinder
from .walk import find

_SHORT = {"F.": "torch.nn.functional.", "nn.": "torch.nn.", "Tensor.": "torch.Tensor."}


def explanation(name: str, source_root: Path | None) -> str:
    """The answer for `--explain NAME`.

    Raises:
        TranspileError: there is neither such a torch name in the table nor such a symbol in the source.
    """
    for short, full in _SHORT.items():
        name = full + name.removeprefix(short) if name.startswith(short) else name
    row = rules.find(name)
    if row is not None:
        return describe_row(name, row)
    if name.partition(".")[0] in FRAMEWORKS:
        way_out = "Way out: add a row to transpiler/rules, or an override for the definition that uses it."
        return f"{name}: no rule. Source that uses it is refused (T101).\n{way_out}"
    return _symbol(name, source_root)


def describe_row(name: str, row: rules.Row) -> str:
    """What a row does, in a few lines."""
    if isinstance(row, Op):
        body = (
            row.tf
            if isinstance(row.tf, str)
            else f"written by {row.tf.__module__.removeprefix('transpiler.')}.{row.tf.__name__}"
        )
        uses = {
            "any": "layout-free",
            "axis": "axes are renumbered for a channels-last image",
            "image": "works on channels-last images; other tensors are transposed to one",
            "plain": "works in torch's axis order; images are transposed back",
        }
        lines = [f"{name}({row.params}): rewritten by rule", f"  becomes  {body}", f"  layout   {uses[row.layout]}"]
        lines += [f"  example  {case.code}" for case in row.cases[:2]]
    elif isinstance(row, rules.Layer):
        lines = [
            f"{name}: the runtime class {row.runtime} stands for it",
            f"  input    {row.layout}",
            f"  output   {row.result}",
        ]
    elif isinstance(row, rules.Value):
        lines = [f"{name}: becomes {row.tf}"]
    elif isinstance(row, rules.Erase):
        folded = f" A call of it is folded to {row.constant}." if row.constant is not None else ""
        lines = [f"{name}: erased, {row.why}.{folded}"]
    else:
        lines = [f"{name}: declared unsupported, {row.why}", f"  way out  {row.hint}"]
    note = getattr(row, "note", "")
    return "\n".join([*lines, f"  note     {note}"] if note else lines)


def _symbol(name: str, source_root: Path | None) -> str:
    resolver = NameResolver(SourceFinder(source_root), {name.partition(".")[0]}, prepare)
    overrides = OverrideIndex(folder("overrides"), resolver)
    if resolver.has_module(name):
        return _module(name, resolver, overrides)
    if overrides.has(name):
        return _overridden(name, name, overrides)
    origin = _find(resolver, name)
    if origin is None or origin.module is None:
        hint = "write it qualified, as in timm.layers.Mlp or torch.roll"
        raise TranspileError(
            Diagnostic("S108", f"nothing called {name!r}, in the rule table or in the source", hint=hint)
        )
    row = rules.find(origin.dotted)
    if row is not None:
        return describe_row(origin.dotted, row)
    moved = f" (defined as {origin.dotted})" if origin.dotted != name else ""
    if overrides.has(origin.dotted):
        return _overridden(name + moved, origin.dotted, overrides)
    return _followed(name + moved, origin, resolver, overrides)


def _module(name: str, resolver: NameResolver, overrides: OverrideIndex) -> str:
    source = resolver.source(name)
    inside = [entry.name for entry in overrides.entries() if entry.module == name]
    lines = [f"{name}: {source.upstream.distribution} {source.upstream.version}, {source.path}"]
    lines += [f"  overridden  {symbol}" for symbol in inside] or ["  no overrides"]
    return "\n".join(lines)


def _find(resolver: NameResolver, name: str) -> Origin | None:
    module, _, symbol = name.rpartition(".")
    while module:
        if resolver.has_module(module):
            return resolver.resolve(module, symbol.partition(".")[0])
        module, _, head = module.rpartition(".")
        symbol = f"{head}.{symbol}"
    return None


def _overridden(title: str, symbol: str, overrides: OverrideIndex) -> str:
    entry = overrides.get(symbol)
    problem = overrides.check(symbol)
    state = "up to date" if problem is None else problem.message
    path = f"overrides/{entry.module.replace('.', '/')}.py"
    return "\n".join(
        [
            f"{title}: hand-written, {path}",
            f"  why       {entry.reason}",
            f"  read for  {' or '.join(reading.versions for reading in entry.readings)}",
            f"  state     {state}",
            f"  tested    {entry.test}",
        ]
    )


def _followed(title: str, origin: Origin, resolver: NameResolver, overrides: OverrideIndex) -> str:
    assert origin.module is not None and origin.symbol is not None
    source = resolver.source(origin.module)
    names = [getattr(getattr(s, "name", None), "value", None) for s in source.tree.body]
    if origin.symbol not in names:
        return f"{title}: copied, with the names in it rewritten, from {source.path}"
    node = resolver.statement(origin.module, names.index(origin.symbol))
    where = source.locate(source.tree.body[names.index(origin.symbol)])
    lines = [f"{title}: generated by rule from {where.path}:{where.line}"]
    for used in sorted(_torch_names(origin.module, node, resolver)):
        row = rules.find(used)
        lines.append(f"  {used}: {describe_row(used, row).splitlines()[0].partition(': ')[2] if row else 'no rule'}")
    lines += [
        f"  hint for {hint.function}: {hint.reason}"
        for hint in overrides.hints.values()
        if hint.function.startswith(origin.dotted)
    ]
    return "\n".join(lines)


def _torch_names(module: str, node: cst.CSTNode, resolver: NameResolver) -> set[str]:
    found = set()
    for part in find(node, cst.Attribute, cst.Name):
        if dotted_name(part) is None:
            continue
        origin = resolver.qualify(module, part)
        if (
            origin is not None
            and origin.dotted.partition(".")[0] in FRAMEWORKS
            and rules.find(origin.dotted) is not None
        ):
            found.add(origin.dotted)
    return found
