"""The kind of every expression in a function, given what its names are."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from . import patterns as m
from . import rules
from .evidence import pooled_either_way, size_evidence
from .flags import under_flag
from .kinds import (
    NONE,
    PYTHON,
    UNKNOWN,
    FunctionValue,
    Instance,
    Kind,
    Layout,
    Mapping,
    NoneValue,
    Python,
    Sequence,
    Shape,
    Tensor,
    Tuple,
    element_of,
    hinted_kind,
    is_tensor,
    join,
    join_all,
)
from .names import dotted_name
from .promotion import promoted_kind
from .rules.table import NOT_LITERAL

if TYPE_CHECKING:
    from .inference import Analysis

CONTAINERS = frozenset({"torch.nn.Sequential", "torch.nn.ModuleDict"})  # their modules are attributes by name
VARIABLE_ATTRIBUTES = frozenset({"weight", "bias", "gamma", "running_mean", "running_var"})

_LITERALS = frozenset({cst.Integer, cst.Float, cst.SimpleString, cst.ConcatenatedString})
_LITERALS |= {cst.Name, cst.UnaryOperation, cst.Tuple, cst.List}


def literal_value(node: cst.BaseExpression) -> object:
    """The value of a constant expression (numbers, strings, None, tuples of them), else NOT_LITERAL."""
    if isinstance(node, cst.Name) and node.value not in ("None", "True", "False"):
        return NOT_LITERAL
    if type(node) in _LITERALS:
        try:
            return ast.literal_eval(cst.Module(body=[]).code_for_node(node).strip())
        except (ValueError, SyntaxError):
            return NOT_LITERAL
    return NOT_LITERAL


_EVERYTHING = m.Slice(lower=None, upper=None, step=None) | m.Index(value=m.Ellipsis())


class Expressions:
    """Evaluates expressions to kinds; every result is noted on the analysis, by node."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.program = analysis.program

    def kind(self, node: cst.BaseExpression) -> Kind:
        """The kind of `node`; the kinds of its parts are noted on the way."""
        handler = getattr(self, f"_{type(node).__name__}", None)
        found = handler(node) if handler else self._other(node)
        self.analysis.kinds[node] = found
        return found

    def _other(self, node: cst.BaseExpression) -> Kind:
        for child in node.children:
            if isinstance(child, cst.BaseExpression):
                self.kind(child)
        return UNKNOWN

    # constants and names -------------------------------------------------------------------------------------------

    def _Integer(self, node: cst.Integer) -> Kind:
        return PYTHON

    _Float = _Imaginary = _SimpleString = _ConcatenatedString = _Ellipsis = _Integer  # type: ignore[assignment]

    def _FormattedString(self, node: cst.FormattedString) -> Kind:
        for part in node.parts:
            if isinstance(part, cst.FormattedStringExpression):
                self.kind(part.expression)
        return PYTHON

    def _Name(self, node: cst.Name) -> Kind:
        if node.value == "None":
            return NONE
        if node.value in ("True", "False"):
            return PYTHON
        if node.value in self.analysis.constants:
            self.analysis.typing.literals[node] = self.analysis.constants[node.value]
        if node.value in self.analysis.floats:
            self.analysis.typing.floats.add(node)
        if node.value in self.analysis.env:
            return self.analysis.env[node.value]
        return self.analysis.global_kind(node)

    def _Attribute(self, node: cst.Attribute) -> Kind:
        dotted = dotted_name(node)
        if dotted and dotted.partition(".")[0] not in self.analysis.env:
            origin = self.program.resolver.qualify(self.analysis.module, node)
            if origin is not None and (origin.is_symbol or origin.module is None):
                return self.analysis.origin_kind(origin)
        found = self.attribute(self.kind(node.value), node.attr.value)
        return self._said(node) or found

    def _said(self, node: cst.Attribute | cst.Subscript) -> Kind | None:
        """What a hint says of an expression."""
        hint = self.analysis.hint
        said = hint.kinds.get(self.analysis.code(node)) if hint is not None else None
        return hinted_kind(said) if said is not None else None

    def attribute(self, owner: Kind, name: str) -> Kind:
        """The kind of an attribute of a value."""
        if isinstance(owner, Tensor):
            return self._tensor_attribute(owner, name)
        if isinstance(owner, Instance):
            return self._instance_attribute(owner, name)
        return PYTHON if isinstance(owner, Python) else UNKNOWN

    @staticmethod
    def _tensor_attribute(owner: Tensor, name: str) -> Kind:
        if name == "shape":
            return Shape(owner)
        if name in ("T", "mT"):
            return Tensor(Layout.PLAIN, owner.rank, owner.dtype)
        if name in ("data", "grad"):
            return owner
        if name in ("real", "imag"):
            return replace(owner, dtype="float")
        return PYTHON

    def _instance_attribute(self, owner: Instance, name: str) -> Kind:
        found = self.under_flag(owner, name)
        if found is not None:
            return found
        for cls in sorted(owner.classes):
            kind = self.program.attribute(cls, name)
            if kind is None and name in VARIABLE_ATTRIBUTES and self.program.is_module(cls):
                kind = Tensor(variable=True)
            if kind is None:
                info = self.program.method(cls, name)
                kind = FunctionValue(f"{info[0].name}.{name}") if info else None
            if kind is not None:
                found = kind if found is None else join(found, kind)
        if found is None:
            found = self.of_subclasses(owner, name)
        if found is not None:
            return found
        if name in VARIABLE_ATTRIBUTES:
            return Tensor(variable=True)
        if name == "training":
            return PYTHON
        if CONTAINERS & owner.classes:
            return owner.element or Instance()
        return Instance() if not owner.classes else UNKNOWN

    def under_flag(self, owner: Instance, name: str) -> Kind | None:
        """What an attribute of `self` is under the flag that holds here."""
        flag = self.analysis.flag
        if flag is None or self.analysis.assumed or owner.classes != {self.analysis.owner}:
            return None
        return self.program.attribute(self.analysis.owner or "", under_flag(name, *flag))

    def of_subclasses(self, owner: Instance, name: str) -> Kind | None:
        """An attribute that a base class reads of `self`, and only its subclasses have."""
        if self.analysis.owner is None or owner.classes != {self.analysis.owner}:
            return None
        subclasses = self.program.subclasses(self.analysis.owner)
        kinds = [kind for sub in subclasses if (kind := self.program.attribute(sub, name)) is not None]
        return join_all(kinds) if kinds else None

    # operators -----------------------------------------------------------------------------------------------------

    def _BinaryOperation(self, node: cst.BinaryOperation) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        if is_tensor(left) or is_tensor(right):
            if isinstance(node.operator, cst.MatrixMultiply):
                return self._matmul(left, right)
            return promoted_kind(node, left, right, self.broadcast(left, right), self.analysis.typing.floats)
        if isinstance(node.operator, cst.Add):
            lists = [isinstance(side, (Sequence, Tuple, Shape)) for side in (left, right)]
            if all(lists):
                return self._concatenated(left, right)
            if any(lists):
                return Sequence(join(element_of(left), element_of(right)))
        if isinstance(left, (Sequence, Tuple)) and isinstance(node.operator, cst.Multiply):
            return Sequence(element_of(left))
        if isinstance(right, (Sequence, Tuple)) and isinstance(node.operator, cst.Multiply):
            return Sequence(element_of(right))
        return PYTHON if isinstance(left, (Python, Shape)) or isinstance(right, (Python, Shape)) else UNKNOWN

    @staticmethod
    def _concatenated(left: Kind, right: Kind) -> Kind:
        if isinstance(left, Tuple) and isinstance(right, Tuple):
            return Tuple(left.items + right.items)
        if isinstance(left, Tuple) and not left.items:
            return right
        return Sequence(join(element_of(left), element_of(right)))

    def _matmul(self, left: Kind, right: Kind) -> Kind:
        ranks = [k.rank for k in (left, right) if isinstance(k, Tensor)]
        for side in (left, right):
            if isinstance(side, Tensor):
                self.analysis.want(side, Layout.PLAIN, strong=False)
        rank = None if None in ranks or not ranks else max(r for r in ranks if r is not None)
        return Tensor(Layout.PLAIN, rank)

    def broadcast(self, left: Kind, right: Kind) -> Kind:
        """The result of an elementwise operation of two values, at least one of them a tensor."""
        if not isinstance(left, Tensor):
            return replace(right, variable=False) if isinstance(right, Tensor) else UNKNOWN
        if not isinstance(right, Tensor):
            return replace(left, variable=False)
        self._meet(left, right)
        layouts = {k.layout for k in (left, right) if k.rank is None or k.rank >= 3}
        if Layout.IMAGE in layouts:
            layout = Layout.IMAGE
            for side in (left, right):
                self.analysis.want(side, Layout.IMAGE, strong=True)
        elif layouts == {Layout.OPAQUE} or (Layout.OPAQUE in layouts and Layout.PLAIN not in layouts):
            layout = Layout.OPAQUE
        elif Layout.OPAQUE in layouts:
            opaque = left if left.layout is Layout.OPAQUE else right
            other = right if opaque is left else left
            layout = Layout.OPAQUE if other.variable or other.rank is None else Layout.PLAIN
        else:
            layout = Layout.PLAIN
        rank = None if left.rank is None or right.rank is None else max(left.rank, right.rank)
        if rank is None and left.layout is Layout.IMAGE:
            rank = left.rank
        elif rank is None and right.layout is Layout.IMAGE:
            rank = right.rank
        origin = (
            left.origin if left.layout is Layout.OPAQUE else right.origin if right.layout is Layout.OPAQUE else None
        )
        dtype = left.dtype if left.dtype == right.dtype else None
        of_images = layout is Layout.PLAIN and any(side.of_images and side.rank == rank for side in (left, right))
        return Tensor(layout, rank, dtype, False, origin if layout is Layout.OPAQUE else None, of_images=of_images)

    def _meet(self, left: Tensor, right: Tensor) -> None:
        """What an undecided operand is, by the one that it meets."""
        for opaque, other in ((left, right), (right, left)):
            if opaque.layout is not Layout.OPAQUE or other.layout is not Layout.PLAIN:
                continue
            if other.per_channel and other.variable:
                self.analysis.want(opaque, Layout.IMAGE, strong=True)
            elif other.rank is not None and other.rank >= (2 if other.variable else 3):
                self.analysis.want(opaque, Layout.PLAIN, strong=False)

    def _UnaryOperation(self, node: cst.UnaryOperation) -> Kind:
        kind = self.kind(node.expression)
        if isinstance(kind, Tensor) and not isinstance(node.operator, cst.Not):
            return replace(kind, variable=False)
        return PYTHON

    def _Comparison(self, node: cst.Comparison) -> Kind:
        left = self.kind(node.left)
        rights = [(self.kind(c.comparator), c.operator) for c in node.comparisons]
        for right, operator in rights:
            if isinstance(operator, (cst.Is, cst.IsNot, cst.In, cst.NotIn)):
                return PYTHON
            if is_tensor(left) or is_tensor(right):
                found = self.broadcast(left, right)
                return replace(found, dtype="bool") if isinstance(found, Tensor) else found
        return PYTHON

    def _BooleanOperation(self, node: cst.BooleanOperation) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        return join(left, right) if isinstance(node.operator, cst.Or) else right

    def _IfExp(self, node: cst.IfExp) -> Kind:
        self.kind(node.test)
        assumed = self.analysis.assumed.get(self.analysis.code(node.test))
        if assumed is not None:
            return self.kind(node.body if assumed else node.orelse)
        pooled = self.analysis.env.get(pooled_either_way(node) or "")
        if isinstance(pooled, Tensor) and pooled.layout is Layout.OPAQUE:
            return self._pooled(node, pooled)
        return join(self.kind(node.body), self.kind(node.orelse))

    def _pooled(self, node: cst.IfExp, pooled: Tensor) -> Kind:
        """A mean over the places of an image, or over tokens."""
        name = pooled_either_way(node) or ""
        self.analysis.is_of_three_or_four(pooled)
        with self.analysis.inner_names():
            self.analysis.env[name] = replace(pooled, layout=Layout.IMAGE, rank=4, of_four=None)
            first = self.kind(node.body)
            self.analysis.env[name] = replace(pooled, layout=Layout.PLAIN, rank=3, of_four=None)
            return join(first, self.kind(node.orelse))

    def _NamedExpr(self, node: cst.NamedExpr) -> Kind:
        kind = self.kind(node.value)
        self.analysis.assign(node.target, kind)
        return kind

    # containers ----------------------------------------------------------------------------------------------------

    def _Tuple(self, node: cst.Tuple | cst.List) -> Kind:
        items: list[Kind] = []
        starred = False
        for element in node.elements:
            kind = self.kind(element.value)
            if isinstance(element, cst.StarredElement):
                if isinstance(kind, Tuple):
                    items.extend(kind.items)
                else:
                    starred = True
                    items.append(element_of(kind))
            else:
                items.append(kind)
        if starred:
            found = items[0]
            for item in items[1:]:
                found = join(found, item)
            return Sequence(found)
        return Tuple(tuple(items))

    _List = _Tuple

    def _Set(self, node: cst.Set) -> Kind:
        for element in node.elements:
            self.kind(element.value)
        return PYTHON

    def _Dict(self, node: cst.Dict) -> Kind:
        found: Kind | None = None
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                self.kind(element.key)
                value = self.kind(element.value)
            else:
                value = element_of_mapping(self.kind(element.value))
            found = value if found is None else join(found, value)
        return Mapping(found if found is not None else NONE)  # an empty one becomes what is put into it

    def _ListComp(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Kind:
        with self.analysis.inner_names():
            self._bind_comprehension(node.for_in)
            return Sequence(self.kind(node.elt))

    _GeneratorExp = _SetComp = _ListComp

    def _DictComp(self, node: cst.DictComp) -> Kind:
        with self.analysis.inner_names():
            self._bind_comprehension(node.for_in)
            self.kind(node.key)
            return Mapping(self.kind(node.value))

    def _bind_comprehension(self, clause: cst.CompFor) -> None:
        self.analysis.assign(clause.target, self.analysis.item_of(self.kind(clause.iter)))
        for condition in clause.ifs:
            self.kind(condition.test)
        if clause.inner_for_in is not None:
            self._bind_comprehension(clause.inner_for_in)

    def _Lambda(self, node: cst.Lambda) -> Kind:
        with self.analysis.inner_names():
            for parameter in node.params.params:
                self.analysis.env[parameter.name.value] = UNKNOWN
            self.kind(node.body)
        return FunctionValue("<lambda>")

    # subscripts ----------------------------------------------------------------------------------------------------

    def _Subscript(self, node: cst.Subscript) -> Kind:
        owner = self.kind(node.value)
        indices = [self._index(element.slice) for element in node.slice]
        said = self._said(node)
        if said is not None:
            return said
        if isinstance(owner, Tensor):
            if not all(keeps_axes(element) for element in node.slice[1:]):
                self.analysis.want(owner, Layout.PLAIN, strong=False)
            return subscript_kind(owner, node, indices)
        if isinstance(owner, Shape):
            if not owner.is_slice and not reads_batch_size(node):
                wanted = size_evidence(owner.tensor, node)
                self.analysis.want(owner.tensor, wanted or Layout.PLAIN, strong=wanted is not None)
            return Shape(owner.tensor, is_slice=True) if isinstance(node.slice[0].slice, cst.Slice) else PYTHON
        if isinstance(owner, Tuple):
            return self._tuple_item(owner, node)
        if isinstance(owner, Sequence):
            return owner if isinstance(node.slice[0].slice, cst.Slice) else owner.element
        if isinstance(owner, Mapping):
            return owner.value
        if isinstance(owner, Instance):
            if isinstance(node.slice[0].slice, cst.Slice):
                return replace(owner, runs=frozenset())
            return owner.element or Instance()
        return owner if isinstance(owner, Python) else UNKNOWN

    def _tuple_item(self, owner: Tuple, node: cst.Subscript) -> Kind:
        index = node.slice[0].slice
        if isinstance(index, cst.Index):
            value = literal_value(index.value)
            if isinstance(value, int) and -len(owner.items) <= value < len(owner.items):
                return owner.items[value]
            return element_of(owner)
        return Sequence(element_of(owner))

    def _index(self, index: cst.BaseSlice) -> Kind:
        if isinstance(index, cst.Index):
            return self.kind(index.value)
        assert isinstance(index, cst.Slice)
        for part in (index.lower, index.upper, index.step):
            if part is not None:
                self.kind(part)
        return PYTHON

    # calls ---------------------------------------------------------------------------------------------------------

    def _Call(self, node: cst.Call) -> Kind:
        return self.analysis.calls.kind(node)

    def _Await(self, node: cst.Await) -> Kind:
        return self.kind(node.expression)

    def _Yield(self, node: cst.Yield) -> Kind:
        if isinstance(node.value, cst.From):
            self.kind(node.value.item)
        elif node.value is not None:
            self.kind(node.value)
        return UNKNOWN


def element_of_mapping(kind: Kind) -> Kind:
    return kind.value if isinstance(kind, Mapping) else UNKNOWN


def keeps_axes(element: cst.SubscriptElement) -> bool:
    """Whether an index takes a whole axis: `:` or `...`."""
    return m.matches(element.slice, _EVERYTHING)


def reads_batch_size(node: cst.Subscript) -> bool:
    """Whether an index of a shape is 0: the one size that has the same place in every layout."""
    index = node.slice[0].slice
    return isinstance(index, cst.Index) and literal_value(index.value) == 0


def subscript_kind(owner: Tensor, node: cst.Subscript, indices: list[Kind]) -> Kind:
    """The kind of `x[...]`: slices keep an axis, integers drop one, None adds one, a tensor gathers."""
    rank = owner.rank
    tensors = [k for k in indices if isinstance(k, Tensor)]
    if tensors:
        if rank is None or tensors[0].rank is None or tensors[0].dtype == "bool":
            return Tensor(Layout.PLAIN, None, owner.dtype)
        return Tensor(Layout.PLAIN, rank - len(tensors) + tensors[0].rank, owner.dtype)
    kept_all = True
    for element, kind in zip(node.slice, indices, strict=True):
        if isinstance(element.slice, cst.Slice):
            continue
        assert isinstance(element.slice, cst.Index)
        if isinstance(element.slice.value, cst.Ellipsis):
            continue
        kept_all = False
        if isinstance(kind, NoneValue):
            rank = None if rank is None else rank + 1
        elif isinstance(kind, (Sequence, Tuple)):
            rank = None
        else:
            rank = None if rank is None else rank - 1
    layout = owner.layout if kept_all else Layout.PLAIN
    return Tensor(layout, rank, owner.dtype, False, owner.origin if layout is Layout.OPAQUE else None)


__all__ = ["Expressions", "literal_value", "subscript_kind", "rules"]
