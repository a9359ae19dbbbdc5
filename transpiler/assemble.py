"""Puts a generated module together: upstream's order, rewritten statements, overrides in their places, imports."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from . import patterns as m
from . import rules
from .closure import ModulePlan
from .code import code_of
from .diagnostics import Diagnostic
from .findings import Findings
from .inference import Typing
from .internal_errors import reported
from .method_overrides import with_methods
from .model import OutputFile, Transpose
from .names import collect_bindings, target_names
from .needs import bound_names, is_all, is_import
from .overrides import OverrideIndex
from .package_data import PackageData
from .passes.fold import FRAMEWORKS
from .passes.imports import ImportWriter, InnerImports, framework_lines, is_docstring, is_framework, override_line
from .passes.line_length import wrap_long_lines
from .passes.statements import StatementRewriter
from .program import Program
from .rewrite import LAYER_RESERVED, MODEL_RESERVED
from .scopes import names_used
from .transform import replacing_nodes, transformed
from .walk import find

# Attributes that are rewritten, or refused, whatever else a statement has.
_TELLING = rules.tensor_methods() | MODEL_RESERVED | LAYER_RESERVED | {"forward", "requires_grad"}
_ALWAYS_THERE = frozenset(dir(builtins)) | {"__name__", "__file__", "__all__", "__doc__"}


@dataclass(frozen=True)
class GeneratedModule:
    """A module's new text, and what was found on the way."""

    name: str
    text: str
    findings: Mapping[int, Findings]
    architectures: tuple[str, ...]

    @property
    def transposes(self) -> tuple[Transpose, ...]:
        return tuple(each for findings in self.findings.values() for each in findings.transposes)

    @property
    def data(self) -> tuple[OutputFile, ...]:
        """Files that the module reads when it runs."""
        return tuple(file for findings in self.findings.values() for file in findings.data)


class Assembler:
    """Writes generated modules."""

    def __init__(
        self,
        program: Program,
        overrides: OverrideIndex,
        model_classes: frozenset[str],
        absent: frozenset[str] = frozenset(),
    ) -> None:
        self.program = program
        self.resolver = program.resolver
        self.overrides = overrides
        self.model_classes = model_classes
        self.absent = absent
        self.package_data = PackageData(program.resolver)
        self._placed: dict[str, set[str]] = {}

    def module(self, plan: ModulePlan, typing: Typing) -> GeneratedModule:
        """The generated text of a planned module, without the header comment."""
        source = self.resolver.source(plan.name)
        tree = self.resolver.tree(plan.name)
        parts = self._parts(plan, typing)
        code = [s for part in parts if isinstance(part, _Code) for s in part.statements]
        reads = {s: names_used(s) for s in code if not is_all(s)}
        body = self._with_imports(plan, parts, set().union(*reads.values()))
        self._check_names(plan, body, parts, reads)
        text = wrap_long_lines(tree.with_changes(body=body), source.text, source.statement_texts)
        architectures = tuple(s.name.value for s in code if isinstance(s, cst.FunctionDef) and _registers(s))
        findings = {part.index: part.findings for part in parts if isinstance(part, _Code)}
        return GeneratedModule(plan.name, text, findings, architectures)

    # statements ----------------------------------------------------------------------------------------------------

    def _parts(self, plan: ModulePlan, typing: Typing) -> list[_Import | _Code]:
        source = self.resolver.source(plan.name)
        parts: list[_Import | _Code] = []
        for index, statement in enumerate(self.resolver.tree(plan.name).body):
            if is_import(statement):
                parts.append(_Import(cst.ensure_type(statement, cst.SimpleStatementLine)))
            elif index == 0 and is_docstring(statement):
                parts.append(_Code(index, [statement]))  # type: ignore[list-item]
            elif index in plan.statements or is_all(statement):
                part = _Code(index)
                part.findings.diagnostics += typing.diagnostics.get(index, ())
                with reported(source, statement, part.findings.diagnostics):
                    prepared = self.resolver.statement(plan.name, index)
                    part.statements += self._statement(plan, prepared, source, typing, part.findings)
                parts.append(part)
        return parts

    def _statement(
        self, plan: ModulePlan, statement: cst.BaseStatement, source, typing: Typing, findings: Findings
    ) -> list[cst.BaseStatement]:  # type: ignore[no-untyped-def]
        overridden = sorted(bound_names(statement) & plan.overridden)
        if overridden:
            return self._override(plan, overridden[0], statement)
        if is_all(statement):
            return _filtered_all(statement, plan, self._own_names(plan))
        data, problems = self.package_data.read_by(plan.name, statement)
        findings.data += data
        findings.diagnostics += problems
        if not self._needs_rewriting(plan, statement, typing):
            return [statement]
        rewriter = StatementRewriter(source, self.program, typing, self.model_classes, findings)
        new = transformed(statement, rewriter)
        inner = InnerImports(plan.name, source.package, self.resolver, self.absent)
        return [self._with_methods(plan, transformed(s, inner)) for s in replacing_nodes(new)]

    def _with_methods(self, plan: ModulePlan, statement: cst.BaseStatement) -> cst.BaseStatement:
        """A rewritten class with the methods that are overridden in the places of upstream's."""
        methods = self.overrides.methods(plan.name, statement)
        if not methods:
            return statement
        inner = InnerImports(plan.name, plan.name.rpartition(".")[0], self.resolver)
        written = [s for name in methods for s in self.overrides.statements(f"{plan.name}.{name}")]
        return with_methods(cst.ensure_type(statement, cst.ClassDef), [transformed(s, inner) for s in written])

    def _needs_rewriting(self, plan: ModulePlan, statement: cst.BaseStatement, typing: Typing) -> bool:
        """Whether tensors, torch's names or imports come up in a statement; most configurations have none."""
        if (
            isinstance(statement, cst.ClassDef)
            or statement in typing.tensors_in
            or any(find(statement, cst.ImportFrom))
        ):
            return True
        if any(node.attr.value in _TELLING for node in find(statement, cst.Attribute)):
            return True
        names = names_used(statement)
        origins = (self.resolver.resolve(plan.name, name) for name in names)
        return any(origin is not None and origin.dotted.partition(".")[0] in FRAMEWORKS for origin in origins)

    def _own_names(self, plan: ModulePlan) -> set[str]:
        body = self.resolver.tree(plan.name).body
        return {name for index in plan.statements for name in bound_names(body[index])}

    def _override(self, plan: ModulePlan, name: str, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        symbol = f"{plan.name}.{name}"
        inner = InnerImports(plan.name, plan.name.rpartition(".")[0], self.resolver)
        statements = [s for s in self.overrides.statements(symbol) if not is_import(s)]
        fresh = [s for s in statements if not self._already(plan, s, name)]
        leading = getattr(statement, "leading_lines", ())
        blank = [line for line in leading if line.comment is None][:2] or [cst.EmptyLine(indent=False)] * 2
        new: list[Any] = [transformed(s, inner) for s in fresh]
        if new:
            comments = [line for line in new[0].leading_lines if line.comment is not None]
            new[0] = new[0].with_changes(leading_lines=[*blank, *comments])
        return new

    def _already(self, plan: ModulePlan, statement: cst.CSTNode, name: str) -> bool:
        """Whether a helper of the override file was placed with an earlier override of this module."""
        bound = bound_names(statement)
        if name in bound:
            return False
        placed = self._placed.setdefault(plan.name, set())
        if bound & placed:
            return True
        placed |= bound
        return False

    # imports -------------------------------------------------------------------------------------------------------

    def _with_imports(self, plan: ModulePlan, parts: list[_Import | _Code], used: set[str]) -> list[cst.BaseStatement]:
        package = self.resolver.source(plan.name).package
        writer = ImportWriter(plan.name, package, self.resolver, used)
        lines: list[cst.BaseStatement] = []
        framework_at: int | None = None
        last_import = 0
        pending: list[cst.EmptyLine] = []
        for part in parts:
            if isinstance(part, _Code):
                lines += part.statements
                if part.statements and is_docstring(part.statements[0]) and not last_import:
                    last_import = len(lines)
                continue
            if is_framework(part.line, package):
                framework_at = len(lines) if framework_at is None else framework_at
                pending += part.line.leading_lines if framework_at == len(lines) else []
                last_import = len(lines)
                continue
            lines += writer.line(part.line)
            last_import = len(lines)
        bound = {name for s in lines if isinstance(s, cst.SimpleStatementLine) for name in _imported(s, package)}
        extra = self._override_lines(plan, used, bound)
        position = framework_at if framework_at is not None else last_import
        new = [_import_line(text) for text in framework_lines(plan.name, used - _defined(lines), bound)]
        if new and pending:
            new[0] = new[0].with_changes(leading_lines=pending)
        lines[position:position] = new
        after = max(last_import + len(new), position + len(new))
        lines[after:after] = [_import_line(text) for text in extra]
        return lines

    def _override_lines(self, plan: ModulePlan, used: set[str], bound: set[str]) -> list[str]:
        if not plan.overridden:
            return []
        bindings = self.overrides.file(plan.name).bindings
        needed = set().union(
            *(names_used(s) for name in plan.overridden for s in self.overrides.statements(f"{plan.name}.{name}"))
        )
        lines = []
        for name in sorted(needed & used):
            target = bindings.imports.get(name)
            if target is None or name in bound or name in ("tf", "ops", "F", "nn", "np", "math"):
                continue
            line = override_line(plan.name, name, target.module, target.symbol, self.resolver)
            if line is not None:
                lines.append(line)
        return sorted(set(lines))

    # a last look ---------------------------------------------------------------------------------------------------

    def _check_names(
        self,
        plan: ModulePlan,
        body: list[cst.BaseStatement],
        parts: list[_Import | _Code],
        reads: Mapping[cst.BaseStatement, set[str]],
    ) -> None:
        """Every name that the generated module reads must be bound in it; `reads` has those of each statement."""
        tree = cst.Module(body=body)  # type: ignore[arg-type]
        bindings = collect_bindings(tree, plan.name.rpartition(".")[0])
        bound = set(bindings.imports) | bindings.definitions | _ALWAYS_THERE | _global_names(tree)
        for part in (part for part in parts if isinstance(part, _Code)):
            for statement in part.statements:
                loose = reads.get(statement, set()) - bound
                for name in sorted(loose - _local_everywhere(statement) if loose else ()):
                    if part.findings.diagnostics and self._is_framework(plan, name):
                        continue  # what left it behind has been reported
                    message = f"the generated {_title(statement)} would read {name!r}, which nothing defines"
                    hint = "a rule, a pass or an override leaves a name behind; write an override for this definition"
                    part.findings.diagnostics.append(self._at_definition(plan, statement, message, hint))

    def _is_framework(self, plan: ModulePlan, name: str) -> bool:
        origin = self.resolver.resolve(plan.name, name)
        return origin is not None and origin.dotted.partition(".")[0] in FRAMEWORKS

    def _at_definition(self, plan: ModulePlan, statement: cst.CSTNode, message: str, hint: str) -> Diagnostic:
        """A diagnostic at the upstream statement that defines what `statement` defines."""
        source = self.resolver.source(plan.name)
        for upstream in source.tree.body:
            if bound_names(statement) & bound_names(upstream):
                return source.diagnostic("E301", message, upstream, hint)
        return source.diagnostic("E301", message, source.tree, hint)


@dataclass
class _Import:
    """An import line of upstream."""

    line: cst.SimpleStatementLine


@dataclass
class _Code:
    """What becomes of any other top-level statement of upstream."""

    index: int
    statements: list[cst.BaseStatement] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def _title(statement: cst.CSTNode) -> str:
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
        return statement.name.value
    return code_of(statement).strip().splitlines()[0][:60]


def _import_line(text: str) -> cst.SimpleStatementLine:
    return cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)


def _imported(statement: cst.SimpleStatementLine, package: str) -> set[str]:
    from .names import imported_names

    return {
        name
        for part in statement.body
        if isinstance(part, (cst.Import, cst.ImportFrom))
        for name, _ in imported_names(part, package)
    }


def _defined(lines: list[cst.BaseStatement]) -> set[str]:
    return {name for s in lines for name in bound_names(s)}


def _global_names(tree: cst.Module) -> set[str]:
    return {item.name.value for node in find(tree, cst.Global) for item in node.names}


def _local_everywhere(statement: cst.CSTNode) -> set[str]:
    """Names bound inside a statement by imports, comprehensions and handlers, which the use collector passes over."""
    found: set[str] = set()
    for node in find(statement, cst.CompFor, cst.ImportFrom, cst.Import, cst.AsName):
        if isinstance(node, cst.CompFor):
            found |= target_names(node.target)
        elif isinstance(node, cst.AsName):
            found |= target_names(node.name)
        elif isinstance(node, (cst.Import, cst.ImportFrom)):
            from .names import imported_names

            found |= {name for name, _ in imported_names(node, "")}
    if isinstance(statement, cst.ClassDef):
        for member in statement.body.body:
            found |= bound_names(member)
    return found


def _filtered_all(statement: cst.BaseStatement, plan: ModulePlan, names: set[str]) -> list[cst.BaseStatement]:
    """`__all__` with only the names that are generated."""
    line = cst.ensure_type(statement, cst.SimpleStatementLine)
    assign = cst.ensure_type(line.body[0], cst.Assign)
    if not isinstance(assign.value, (cst.List, cst.Tuple)):
        return [statement]
    elements = [
        e
        for e in assign.value.elements
        if isinstance(e.value, cst.SimpleString) and str(e.value.evaluated_value) in names | plan.overridden
    ]
    if len(elements) == len(assign.value.elements):
        return [statement]
    if elements:
        elements[-1] = elements[-1].with_changes(comma=assign.value.elements[-1].comma)
    value = assign.value.with_changes(elements=elements)
    return [line.with_changes(body=[assign.with_changes(value=value)])]


def _registers(function: cst.FunctionDef) -> bool:
    return any(m.matches(d.decorator, m.Name("register_model")) for d in function.decorators)
