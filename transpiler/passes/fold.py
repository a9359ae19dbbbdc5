"""Folds away what can't happen in TensorFlow: TorchScript branches, probes for torch features, absent packages.

Also drops decorators that have no effect here and opens `with torch.no_grad():` blocks.
"""

from __future__ import annotations

import ast

import libcst as cst

from .. import patterns as m
from .. import rules
from ..names import NameResolver, dotted_name, imported_names
from ..scopes import ScopedTransformer
from ..source import ModuleSource
from ..transform import transformed
from ..walk import find
from .statement_visits import visit_statements
from .tracking import TrackingTransformer

ABSENT_PACKAGES = frozenset({"apex", "functorch", "flash_attn", "inplace_abn"})
FRAMEWORKS = frozenset({"torch", "torchvision"}) | ABSENT_PACKAGES
_DEVICE_TYPE = m.Attribute(value=m.Attribute(attr=m.Name("device")), attr=m.Name("type"))


def _constant(node: cst.BaseExpression) -> bool | None:
    if isinstance(node, cst.Name) and node.value in ("True", "False"):
        return node.value == "True"
    return None


def _literal(value: bool) -> cst.Name:
    return cst.Name(str(value))


def _string(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.SimpleString):
        value = ast.literal_eval(node.value)
        return value if isinstance(value, str) else None
    return None


class Fold(TrackingTransformer, ScopedTransformer):
    """One folding pass; `flags` are module constants that an earlier pass found to be probes."""

    def __init__(self, source: ModuleSource, resolver: NameResolver, flags: dict[str, bool]) -> None:
        super().__init__()
        self.source = source
        self.resolver = resolver
        self.flags = flags
        self.probes: dict[str, bool] = {}
        self._elifs: set[cst.If] = set()

    def qualify(self, node: cst.BaseExpression) -> str | None:
        dotted = dotted_name(node)
        if dotted is None or self.is_local(dotted.partition(".")[0]):
            return None
        origin = self.resolver.qualify(self.source.name, node)
        return origin.dotted if origin else None

    # what is constant ----------------------------------------------------------------------------------------------

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        name = self.qualify(original_node.func)
        if name is None:
            return self._fold_builtin(original_node, updated_node)
        if name == "torch.jit.annotate" and len(updated_node.args) == 2:
            return updated_node.args[1].value
        row = rules.find(name)
        if isinstance(row, rules.Erase) and row.constant is not None:
            return _literal(row.constant)
        return updated_node

    def _fold_builtin(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        if len(original.args) != 2:
            return updated
        if m.matches(original.func, m.Name("hasattr")):
            return self._fold_hasattr(original, updated)
        if m.matches(original.func, m.Name("isinstance")):
            return self._fold_isinstance(updated)
        return updated

    def _fold_isinstance(self, call: cst.Call) -> cst.BaseExpression:
        """`isinstance(module, (nn.Linear, nn.Conv3d))`: nothing is a layer that has no counterpart here."""
        classes = call.args[1].value
        if not isinstance(classes, cst.Tuple):
            return _literal(False) if self._is_absent_layer(classes) else call
        kept = [element for element in classes.elements if not self._is_absent_layer(element.value)]
        if len(kept) == len(classes.elements):
            return call
        if not kept:
            return _literal(False)
        if len(kept) > 1:
            kept[-1] = kept[-1].with_changes(comma=classes.elements[-1].comma)
        value = classes.with_changes(elements=kept) if len(kept) > 1 else kept[0].value
        return call.with_changes(args=[call.args[0], call.args[1].with_changes(value=value)])

    def _is_absent_layer(self, node: cst.BaseExpression) -> bool:
        name = self.qualify(node) or ""
        return name.startswith("torch.nn.") and not isinstance(rules.find(name), (rules.Layer, rules.Value))

    def _fold_hasattr(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        owner = self.qualify(original.args[0].value)
        attribute = _string(original.args[1].value)
        if owner is None or attribute is None or owner.partition(".")[0] not in FRAMEWORKS:
            return updated
        return _literal(self._is_known(f"{owner}.{attribute}"))

    def leave_Comparison(self, original_node: cst.Comparison, updated_node: cst.Comparison) -> cst.BaseExpression:
        """`'silu' in dir(torch.nn.functional)`, `x.device.type != 'meta'`"""
        if len(original_node.comparisons) != 1:
            return updated_node
        comparison = original_node.comparisons[0]
        if m.matches(original_node.left, _DEVICE_TYPE) and _string(comparison.comparator) == "meta":
            return _literal(isinstance(comparison.operator, cst.NotEqual))
        probe = _string(original_node.left)
        directory = comparison.comparator
        if (
            probe
            and isinstance(comparison.operator, cst.In)
            and m.matches(directory, m.Call(func=m.Name("dir"), args=[m.DoNotCare()]))
        ):
            owner = self.qualify(cst.ensure_type(directory, cst.Call).args[0].value)
            if owner and owner.partition(".")[0] in FRAMEWORKS:
                return _literal(self._is_known(f"{owner}.{probe}"))
        return updated_node

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        if original_node.attr.value == "is_meta":
            return _literal(False)
        return updated_node

    @staticmethod
    def _is_known(name: str) -> bool:
        return rules.find(name) is not None or rules.is_prefix(name)

    def _value(self, node: cst.BaseExpression) -> bool | None:
        if isinstance(node, cst.Name) and node.value in self.flags and not self.is_local(node.value):
            return self.flags[node.value]
        return _constant(node)

    # folding -------------------------------------------------------------------------------------------------------

    def leave_UnaryOperation(
        self, original_node: cst.UnaryOperation, updated_node: cst.UnaryOperation
    ) -> cst.BaseExpression:
        value = self._value(updated_node.expression)
        if isinstance(updated_node.operator, cst.Not) and value is not None:
            return _literal(not value)
        return updated_node

    def leave_BooleanOperation(
        self, original_node: cst.BooleanOperation, updated_node: cst.BooleanOperation
    ) -> cst.BaseExpression:
        absorbing = isinstance(updated_node.operator, cst.Or)
        left, right = self._value(updated_node.left), self._value(updated_node.right)
        if left is not None:
            return _literal(left) if left is absorbing else updated_node.right
        if right is not None and right is not absorbing:
            return updated_node.left
        if right is absorbing and not any(find(updated_node.left, cst.Call)):
            return _literal(absorbing)
        return updated_node

    def leave_IfExp(self, original_node: cst.IfExp, updated_node: cst.IfExp) -> cst.BaseExpression:
        value = self._value(updated_node.test)
        if value is None:
            return updated_node
        return updated_node.body if value else updated_node.orelse

    def visit_If(self, node: cst.If) -> None:
        if isinstance(node.orelse, cst.If):
            self._elifs.add(node.orelse)

    def leave_If(self, original_node: cst.If, updated_node: cst.If):  # type: ignore[no-untyped-def]
        value = self._value(updated_node.test)
        if value is None:
            return updated_node
        if original_node in self._elifs:
            return cst.Else(body=updated_node.body) if value else updated_node.orelse or cst.RemoveFromParent()
        if value:
            return _opened(updated_node.body, updated_node.leading_lines)
        orelse = updated_node.orelse
        if orelse is None:
            return cst.RemoveFromParent()
        if isinstance(orelse, cst.If):
            return orelse.with_changes(leading_lines=updated_node.leading_lines)
        return _opened(orelse.body, updated_node.leading_lines)

    def leave_Assert(self, original_node: cst.Assert, updated_node: cst.Assert):  # type: ignore[no-untyped-def]
        return cst.RemoveFromParent() if self._value(updated_node.test) else updated_node

    def leave_SimpleStatementLine(self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine):  # type: ignore[no-untyped-def]
        return updated_node if updated_node.body else cst.RemoveFromParent()

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        value = _constant(updated_node.value)
        if value is not None and not self.in_function and not original_node.value.deep_equals(updated_node.value):
            for name in (t.target.value for t in updated_node.targets if isinstance(t.target, cst.Name)):
                self.probes[name] = value
        return updated_node

    # imports that may fail -----------------------------------------------------------------------------------------

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try):  # type: ignore[no-untyped-def]
        verdict = self._import_verdict(original_node)
        if verdict is None:
            return updated_node
        chosen = updated_node.body if verdict else updated_node.handlers[0].body
        if not self.in_function:
            self.probes.update(_boolean_assignments(chosen))
        return _opened(chosen, updated_node.leading_lines)

    def _import_verdict(self, node: cst.Try) -> bool | None:
        """True when the imports tried are there, False when they aren't, None when this is no such try."""
        if not node.handlers:
            return None
        verdicts = []
        for statement in _imports(node.body):
            for _, target in imported_names(statement, self.source.package):
                top = target.module.partition(".")[0]
                if top in FRAMEWORKS:
                    name = f"{target.module}.{target.symbol}" if target.symbol else target.module
                    verdicts.append(top not in ABSENT_PACKAGES and self._is_known(name))
        return all(verdicts) if verdicts else None

    # what has no effect --------------------------------------------------------------------------------------------

    def leave_Decorator(self, original_node: cst.Decorator, updated_node: cst.Decorator):  # type: ignore[no-untyped-def]
        target = original_node.decorator
        name = self.qualify(target.func if isinstance(target, cst.Call) else target)
        return cst.RemoveFromParent() if name and isinstance(rules.find(name), rules.Erase) else updated_node

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef):  # type: ignore[no-untyped-def,override]
        super().leave_FunctionDef(original_node, updated_node)
        if original_node.name.value == "_apply" and _calls_super_apply(original_node):
            # torch calls it when a module is moved or cast: what it makes again then is never cast here
            kept = _kept_buffers(original_node)
            return _keeps_dtype(kept, updated_node) if kept else cst.RemoveFromParent()
        return updated_node

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr):  # type: ignore[no-untyped-def]
        """`register_notrace_function(get_rel_pos)` at a module's top"""
        call = original_node.value
        if self.in_function or not isinstance(call, cst.Call):
            return updated_node
        name = self.qualify(call.func)
        return cst.RemoveFromParent() if name and isinstance(rules.find(name), rules.Erase) else updated_node

    def leave_With(self, original_node: cst.With, updated_node: cst.With):  # type: ignore[no-untyped-def]
        kept = []
        for before, after in zip(original_node.items, updated_node.items, strict=True):
            call = before.item
            name = self.qualify(call.func) if isinstance(call, cst.Call) else None
            if not (name and isinstance(rules.find(name), rules.Erase)):
                kept.append(after)
        if len(kept) == len(updated_node.items):
            return updated_node
        return updated_node.with_changes(items=kept) if kept else _opened(updated_node.body, updated_node.leading_lines)


_REGISTER_BUFFER = m.Attribute(value=m.Name("self"), attr=m.Name("register_buffer"))
_SUPER_APPLY = m.Attribute(value=m.Call(func=m.Name("super")), attr=m.Name("_apply"))


def _calls_super_apply(function: cst.FunctionDef) -> bool:
    return any(m.matches(node, _SUPER_APPLY) for node in find(function.body, cst.Attribute))


def _kept_buffers(apply: cst.FunctionDef) -> list[str]:
    """Names of the buffers that an `_apply` registers again, in another dtype than they were cast to."""
    calls = (call for call in find(apply.body, cst.Call) if m.matches(call.func, _REGISTER_BUFFER) and call.args)
    names = (_string(call.args[0].value) for call in calls)
    return list(dict.fromkeys(name for name in names if name))


def _keeps_dtype(buffers: list[str], apply: cst.FunctionDef) -> cst.SimpleStatementLine:
    names = ", ".join(repr(name) for name in buffers)
    statement = cst.ensure_type(cst.parse_statement(f"keeps_dtype = frozenset({{{names}}})"), cst.SimpleStatementLine)
    return statement.with_changes(leading_lines=apply.leading_lines)


def _imports(body: cst.BaseSuite) -> list[cst.Import | cst.ImportFrom]:
    return list(find(body, cst.Import, cst.ImportFrom))


def _boolean_assignments(body: cst.BaseSuite) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for assign in find(body, cst.Assign):
        value = _constant(assign.value)
        if value is not None:
            found.update({t.target.value: value for t in assign.targets if isinstance(t.target, cst.Name)})
    return found


def _opened(body: cst.BaseSuite, leading_lines) -> cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:  # type: ignore[no-untyped-def]
    """The statements of a block, put where the block stood, under the block's own comments."""
    if isinstance(body, cst.SimpleStatementSuite):
        return cst.FlattenSentinel([cst.SimpleStatementLine(body=body.body, leading_lines=leading_lines)])
    statements = [s for s in body.body if not m.matches(s, m.SimpleStatementLine(body=[m.Pass()]))]
    if not statements:
        return cst.RemoveFromParent()
    first = statements[0]
    if isinstance(first, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
        statements[0] = first.with_changes(leading_lines=[*leading_lines, *first.leading_lines])  # type: ignore[attr-defined]
    return cst.FlattenSentinel(statements)  # type: ignore[arg-type]


def fold(source: ModuleSource, tree: cst.Module, resolver: NameResolver) -> tuple[cst.Module, dict[str, bool]]:
    """Fold a module's own statements until nothing more folds, and give the flags that its probes have set.

    Functions and classes are left alone; `fold_definition` folds one when it is needed.
    """
    flags: dict[str, bool] = {}
    for _ in range(4):
        folding = Fold(source, resolver, flags)
        tree = visit_statements(tree, folding, lambda s: not isinstance(s, (cst.FunctionDef, cst.ClassDef)))
        if not folding.probes.keys() - flags.keys():
            break
        flags |= folding.probes
    return tree, flags


def fold_definition(
    source: ModuleSource, node: cst.FunctionDef | cst.ClassDef, resolver: NameResolver, flags: dict[str, bool]
) -> cst.BaseStatement:
    """Fold a function or class, given the flags of its module."""
    new = transformed(node, Fold(source, resolver, flags))
    assert isinstance(new, (cst.FunctionDef, cst.ClassDef))
    return new
