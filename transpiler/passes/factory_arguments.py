"""Removes torch's factory arguments: `device`, `dtype` and the dict that hands them on.

`device` goes everywhere: TensorFlow places tensors. `dtype` goes where it only says in which type parameters
are made, which in Keras is the layer's dtype policy; where a function computes with it, it stays. A module's
constructor that loses them takes `**kwargs` for its Keras layer instead (name, dtype, trainable).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from .. import patterns as m
from ..code import code_of
from ..names import NameResolver, dotted_name
from ..scopes import parameter_list
from ..source import ModuleSource
from ..transform import transformed
from ..walk import children, find
from .fold import fold_definition
from .signatures import with_kwargs
from .tracking import TrackingTransformer

_FACTORY = frozenset({"device", "dtype"})
_GET_DEVICE_DTYPE = "timm.layers.helpers.get_device_dtype"


_REGISTERS = m.Call(func=m.Attribute(value=m.Name("self"), attr=m.Name("register_buffer")))
# self._create(size, device, dtype) or super().__init__(size, device, dtype)
_HANDS_ON_BOTH = m.Call(
    func=m.Attribute(value=m.Name("self") | m.Call(func=m.Name("super"))),
    args=[m.ZeroOrMore(), m.Arg(m.Name("device"), keyword=None), m.Arg(m.Name("dtype"), keyword=None)],
)


_OF_SELF = m.Assign(targets=[m.AssignTarget(m.Attribute(value=m.Name("self")))])
_DICT = m.Call(func=m.Name("dict"), args=[m.AtLeastN(m.Arg(keyword=m.Name()), n=1)])
_DEVICE = m.Name("device")
_UPDATE = m.Call(func=m.Attribute(attr=m.Name("update")), args=[m.Arg()])


def _is_none(name: str) -> m.Pattern:
    target = m.ComparisonTarget(m.Is() | m.IsNot(), m.Name("None"))
    return m.Comparison(left=m.Name(name), comparisons=[target])


def _asks_for(test: cst.BaseExpression, name: str) -> bool:
    """Whether a condition needs `name is not None` to hold."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        return _asks_for(test.left, name) or _asks_for(test.right, name)
    return m.matches(test, m.Comparison(m.Name(name), [m.ComparisonTarget(m.IsNot(), m.Name("None"))]))


def _computes_with_dtype(node: cst.CSTNode) -> bool:
    """Whether code uses `dtype` besides handing it on."""
    if isinstance(node, cst.Name):
        return node.value == "dtype"
    if isinstance(node, cst.Param) or _is_factory_dict(node) or _hands_dtype_on(node):
        return False
    return any(_computes_with_dtype(part) for part in _parts(node))


def _parts(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    """The parts of a node that may compute: what only runs where a factory argument is given hands it on."""
    if isinstance(node, (cst.Arg, cst.Attribute)):
        return [node.value]
    if isinstance(node, cst.If) and any(_asks_for(node.test, name) for name in _FACTORY):
        return [node.orelse] if node.orelse is not None else []
    return children(node)


def _hands_dtype_on(node: cst.CSTNode) -> bool:
    """`dtype=dtype`"""
    if not isinstance(node, cst.Arg) or node.keyword is None:
        return False
    return node.keyword.value == "dtype" and m.matches(node.value, m.Name("dtype"))


def _calls_with_dtype(node: cst.CSTNode) -> Iterator[cst.Call]:
    for call in find(node, cst.Call):
        if any(arg.keyword is not None and arg.keyword.value == "dtype" for arg in call.args):
            yield call


def _is_factory_dict(node: cst.CSTNode) -> bool:
    if m.matches(node, _DICT):
        keywords = {arg.keyword.value for arg in cst.ensure_type(node, cst.Call).args if arg.keyword is not None}
        return keywords <= _FACTORY
    if not isinstance(node, cst.Dict) or not node.elements:
        return False
    keys = {
        e.key.value.strip("'\"")
        for e in node.elements
        if isinstance(e, cst.DictElement) and isinstance(e.key, cst.SimpleString)
    }
    return len(keys) == len(node.elements) and keys <= _FACTORY


def _has_parameter(function: cst.FunctionDef, name: str) -> bool:
    return any(p.name.value == name for p in parameter_list(function.params))


class RemoveFactoryArguments(TrackingTransformer):
    """See the module's docstring."""

    def __init__(self, source: ModuleSource, resolver: NameResolver) -> None:
        super().__init__()
        self.source = source
        self.resolver = resolver
        self._classes: list[cst.ClassDef] = []
        self._functions: list[frozenset[str]] = []
        self._takes_kwargs: list[bool] = []
        self._dicts: list[set[str]] = [set()]
        self._attributes: set[str] = set()
        self.folds = False

    def _name(self, node: cst.BaseExpression) -> str:
        origin = self.resolver.qualify(self.source.name, node)
        return origin.dotted if origin else dotted_name(node) or ""

    # functions -----------------------------------------------------------------------------------------------------

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._classes.append(node)
        for assign in find(node.body, cst.Assign):
            if m.matches(assign, _OF_SELF) and _is_factory_dict(assign.value):
                self._attributes.add(code_of(assign.targets[0].target).strip())

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self._classes.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        removed = {"device"} if _has_parameter(node, "device") else set()
        if _has_parameter(node, "dtype") and removed:
            if node.name.value == "__init__" or not self._keeps_dtype(node, frozenset()):
                removed.add("dtype")
        self._functions.append(frozenset(removed))
        self._takes_kwargs.append(node.name.value == "__init__" and bool(removed) and node.params.star_kwarg is None)
        self._dicts.append(set())

    def _keeps_dtype(self, node: cst.FunctionDef, callers: frozenset[cst.FunctionDef]) -> bool:
        """Whether a function computes with its `dtype`, or hands it to one that does."""
        if _computes_with_dtype(node.body) or self._tensors_of_dtype(node):
            return True
        for call in _calls_with_dtype(node.body):
            callee = self._definition(call.func) if any(map(_hands_dtype_on, call.args)) else None
            if callee is None or callee in callers or not _has_parameter(callee, "dtype"):
                continue
            if not _has_parameter(callee, "device") or self._keeps_dtype(callee, callers | {node}):
                return True
        return False

    def _definition(self, func: cst.BaseExpression) -> cst.FunctionDef | None:
        """The function of the source, or the method of this class, that is called."""
        if self._classes and m.matches(func, m.Attribute(value=m.Name("self"))):
            name = cst.ensure_type(func, cst.Attribute).attr.value
            return self._method(self.source.name, self._classes[-1], name)
        found = self._defined(self.source.name, func)
        return found[1] if found is not None and isinstance(found[1], cst.FunctionDef) else None

    def _method(self, module: str, owner: cst.ClassDef, name: str) -> cst.FunctionDef | None:
        """A method of a class, or of the nearest of its bases that has it."""
        for member in owner.body.body:
            if isinstance(member, cst.FunctionDef) and member.name.value == name:
                return member
        bases = (self._defined(module, base.value) for base in owner.bases)
        inherited = (self._method(b[0], b[1], name) for b in bases if b is not None and isinstance(b[1], cst.ClassDef))
        return next((method for method in inherited if method is not None), None)

    def _defined(self, module: str, name: cst.BaseExpression) -> tuple[str, cst.CSTNode] | None:
        """The module and the definition of a function or class of the source that a name of `module` stands for."""
        origin = self.resolver.qualify(module, name)
        if origin is None or not origin.module or not origin.symbol or not self.resolver.has_module(origin.module):
            return None
        for statement in self.resolver.source(origin.module).tree.body:
            if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) and statement.name.value == origin.symbol:
                return origin.module, statement
        return None

    def _tensors_of_dtype(self, node: cst.FunctionDef) -> bool:
        """Whether the function makes tensors of its `dtype` that are no parameters or buffers of a layer."""
        registrations = (call for call in find(node.body, cst.Call) if m.matches(call, _REGISTERS))
        registered = {made for call in registrations for made in find(call, cst.Call)}
        for call in _calls_with_dtype(node.body):
            name = self._name(call.func)
            if name.startswith("torch.") and not name.startswith("torch.nn.") and call not in registered:
                return True
        return False

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        removed = self._functions.pop()
        self._takes_kwargs.pop()
        self._dicts.pop()
        if not removed:
            return updated_node
        params = updated_node.params
        kept = [p for p in params.params if p.name.value not in removed]
        kwonly = [p for p in params.kwonly_params if p.name.value not in removed]
        star = params.star_arg
        if isinstance(star, cst.ParamStar) and not kwonly:
            star = cst.MaybeSentinel.DEFAULT
        changed = params.with_changes(params=kept, kwonly_params=kwonly, star_arg=star)
        last = [*params.params, *params.kwonly_params][-1]
        if original_node.name.value == "__init__" and params.star_kwarg is None:
            changed = with_kwargs(changed, last)
        elif kept and not kwonly and params.star_kwarg is None:
            changed = changed.with_changes(params=[*kept[:-1], kept[-1].with_changes(comma=last.comma)])
        elif params.posonly_params and not kept and not kwonly and isinstance(params.posonly_ind, cst.ParamSlash):
            changed = changed.with_changes(posonly_ind=params.posonly_ind.with_changes(comma=last.comma))
        return updated_node.with_changes(params=changed)

    def _removed_here(self, name: str) -> bool:
        return bool(self._functions) and name in self._functions[-1]

    def leave_Comparison(self, original_node: cst.Comparison, updated_node: cst.Comparison) -> cst.BaseExpression:
        """`device is None`: what is gone was never given."""
        for name in _FACTORY:
            if self._removed_here(name) and m.matches(original_node, _is_none(name)):
                self.folds = True
                operator = original_node.comparisons[0].operator
                return cst.Name("True" if isinstance(operator, cst.Is) else "False")
        return updated_node

    # the dict that hands them on -----------------------------------------------------------------------------------

    def leave_SimpleStatementLine(self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine):  # type: ignore[no-untyped-def]
        if (
            len(original_node.body) == 1
            and isinstance(original_node.body[0], (cst.Assign, cst.AnnAssign))
            and self._is_factory_assign(original_node.body[0])
        ):
            return cst.RemoveFromParent()
        return updated_node

    def visit_Assign(self, node: cst.Assign) -> None:
        if self._is_factory_value(node.value):
            self._dicts[-1] |= {t.target.value for t in node.targets if isinstance(t.target, cst.Name)}

    def _is_factory_value(self, value: cst.BaseExpression) -> bool:
        if isinstance(value, cst.Call) and self._name(value.func) == _GET_DEVICE_DTYPE:
            return True
        return _is_factory_dict(value)

    def _is_factory_assign(self, node: cst.Assign | cst.AnnAssign) -> bool:
        if isinstance(node, cst.AnnAssign):
            return m.matches(node, m.AnnAssign(target=_DEVICE, value=m.Attribute(attr=_DEVICE)))
        if self._is_factory_value(node.value):
            return True
        return all(m.matches(target.target, _DEVICE) for target in node.targets)

    def leave_Dict(self, original_node: cst.Dict, updated_node: cst.Dict) -> cst.Dict:
        """`{**options, **dd}`"""
        kept = [
            e
            for e in updated_node.elements
            if not (isinstance(e, cst.StarredDictElement) and self._is_factory_name(e.value))
        ]
        if len(kept) == len(updated_node.elements):
            return updated_node
        if kept:
            kept[-1] = kept[-1].with_changes(comma=updated_node.elements[-1].comma)
        return updated_node.with_changes(elements=kept)

    def _is_factory_name(self, value: cst.BaseExpression) -> bool:
        if isinstance(value, cst.Attribute):
            return code_of(value) in self._attributes
        return isinstance(value, cst.Name) and any(value.value in names for names in self._dicts)

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr):  # type: ignore[no-untyped-def]
        """`options.update(dd)`"""
        if not m.matches(original_node.value, _UPDATE):
            return updated_node
        added = cst.ensure_type(original_node.value, cst.Call).args[0].value
        return cst.RemoveFromParent() if self._is_factory_name(added) else updated_node

    # calls ---------------------------------------------------------------------------------------------------------

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """`float_or(dtype)`: what is gone was never given, and a call that computes with it gets None, or no items."""
        value = original_node.value
        if original_node.star == "" and self._is_factory_name(value):
            return updated_node.with_changes(value=cst.Dict([]))
        if isinstance(value, cst.Name) and value.value in _FACTORY and self._removed_here(value.value):
            return updated_node.with_changes(value=cst.Name("None"))
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        dropped = [self._is_dropped(arg, original_node) for arg in original_node.args]
        return _without(updated_node, dropped, self._hands_on(original_node)) if any(dropped) else updated_node

    def _hands_on(self, call: cst.Call) -> bool:
        """Whether a `super().__init__(..., device=device, dtype=dtype)` should hand on the Keras arguments instead."""
        if not self._takes_kwargs or not self._takes_kwargs[-1]:
            return False
        if any(arg.star == "**" and not self._is_dropped(arg, call) for arg in call.args):
            return False
        return m.matches(call.func, m.Attribute(value=m.Call(func=m.Name("super")), attr=m.Name("__init__")))

    def _is_dropped(self, arg: cst.Arg, call: cst.Call) -> bool:
        if arg.star == "*":
            return self._is_factory_name(arg.value)  # a slip of timm's gather_excite: *dd for **dd
        if arg.star == "**":
            if isinstance(arg.value, cst.Call) and self._gives_factory_arguments(arg.value):
                return True
            return self._is_factory_name(arg.value) or _is_factory_dict(arg.value)
        if arg.keyword is not None:
            return self._is_dropped_keyword(arg, call)
        if self._removed_here("dtype") and m.matches(call, _HANDS_ON_BOTH) and m.matches(arg.value, m.Name("dtype")):
            return True
        return m.matches(arg.value, _DEVICE | m.Attribute(attr=_DEVICE))

    def _gives_factory_arguments(self, call: cst.Call) -> bool:
        """`**get_device_dtype(module)`, or a call of a function that gives such a dict."""
        if self._name(call.func) == _GET_DEVICE_DTYPE:
            return True
        function = self._definition(call.func)
        returns = list(find(function.body, cst.Return)) if function is not None else []
        return bool(returns) and all(r.value is not None and _is_factory_dict(r.value) for r in returns)

    def _is_dropped_keyword(self, arg: cst.Arg, call: cst.Call) -> bool:
        keyword = arg.keyword.value if arg.keyword else ""
        if keyword == "device":
            return True
        if keyword != "dtype":
            return False
        name = self._name(call.func)
        if name.startswith("torch.nn.") and not name.startswith("torch.nn.functional."):
            return True
        return self._removed_here("dtype") and any(name.value == "dtype" for name in find(arg.value, cst.Name))


def _without(call: cst.Call, dropped: list[bool], hands_on: bool) -> cst.Call:
    kept = [arg for arg, gone in zip(call.args, dropped, strict=True) if not gone]
    last = call.args[-1]
    if hands_on:
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        if kept and not isinstance(kept[-1].comma, cst.Comma):
            kept[-1] = kept[-1].with_changes(comma=comma)
        kept.append(cst.Arg(cst.Name("kwargs"), star="**", comma=last.comma))
    elif kept:
        kept[-1] = kept[-1].with_changes(comma=last.comma)
    elif isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        call = call.with_changes(whitespace_before_args=cst.SimpleWhitespace(""))
    return call.with_changes(args=kept)


def remove_factory_arguments(
    source: ModuleSource, node: cst.BaseStatement, resolver: NameResolver
) -> cst.BaseStatement:
    """Apply the pass to a function or class."""
    removing = RemoveFactoryArguments(source, resolver)
    new = transformed(node, removing)
    assert isinstance(new, (cst.FunctionDef, cst.ClassDef))
    return fold_definition(source, new, resolver, {}) if removing.folds else new
