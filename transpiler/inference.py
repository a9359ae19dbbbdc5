"""Types every function of the source: kinds by flow, layouts by evidence, repeated until nothing changes.

Evidence for the layout of a parameter, in this order: what makes it, its rank, how it is used (it goes into a
convolution; `B, C, H, W = x.shape`), a hint, and last the default, torch's order. A choice is never unsafe:
every call between two layouts is coerced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

import libcst as cst
import libcst.matchers as m

from . import rules
from .annotations import annotation_kind
from .calls import Calls
from .diagnostics import Diagnostic
from .evidence import given_first, uses_as_tensor
from .expressions import Expressions
from .flow import are_lists, constants_and_configurations, joined_names, leaves
from .hints import Hint
from .kinds import (
    NONE,
    OPAQUE_TENSOR,
    PYTHON,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Instance,
    Kind,
    Layout,
    Mapping,
    NoneValue,
    Sequence,
    Shape,
    Tensor,
    Tuple,
    element_of,
    hinted_kind,
    item_name,
    join,
    outside,
    plain,
    with_own_dtype,
)
from .method_names import ONLY_TENSORS_HAVE
from .names import Origin, imported_names
from .program import Program
from .scopes import parameter_list
from .walk import find

_CHANNEL_NAMES = frozenset({"C", "c", "channels", "chs"})
_SIDES = (["H", "W"], ["h", "w"], ["height", "width"])
_ASKS_FOR_CLASS = m.Call(func=m.Name("isinstance"), args=[m.Arg(m.Name()), m.Arg()])


@dataclass
class Typing:
    """What the analysis found out about a module: kinds by node, targets and layouts of calls, names of constants."""

    kinds: dict[cst.CSTNode, Kind] = field(default_factory=dict)
    targets: dict[cst.CSTNode, str] = field(default_factory=dict)
    layouts: dict[cst.CSTNode, Layout] = field(default_factory=dict)
    tensors_in: set[cst.CSTNode] = field(default_factory=set)
    diagnostics: dict[int, list[Diagnostic]] = field(default_factory=dict)
    """What went wrong, by top-level statement."""
    literals: dict[cst.CSTNode, object] = field(default_factory=dict)
    per_channel: list[cst.Assign] = field(default_factory=list)
    """What makes parameters of one value a channel; `channels_last` are the calls whose parameter is stored so."""
    channels_last: set[cst.CSTNode] = field(default_factory=set)
    ends: dict[cst.CSTNode, dict[str, tuple[Tensor, Layout]]] = field(default_factory=dict)
    """What is stored in another way after a branch, at the end of its block: names, as they are and as wanted."""

    def update(self, other: Typing) -> None:
        """Take over what was found out about another part of the module."""
        self.kinds.update(other.kinds)
        self.targets.update(other.targets)
        self.layouts.update(other.layouts)
        self.tensors_in.update(other.tensors_in)
        self.literals.update(other.literals)
        self.per_channel += other.per_channel
        self.ends.update(other.ends)
        for index, found in other.diagnostics.items():
            self.diagnostics.setdefault(index, []).extend(found)

    @contextmanager
    def noting(self, statement: cst.CSTNode) -> Iterator[None]:
        """Notes whether a tensor or the shape of one comes up while a top-level statement is typed."""
        before = len(self.kinds)
        yield
        if any(isinstance(kind, (Tensor, Shape)) for kind in islice(self.kinds.values(), before, None)):
            self.tensors_in.add(statement)


class Analysis:
    """The state of typing one function (or a module's top level)."""

    def __init__(self, program: Program, module: str, typing: Typing, owner: str | None = None, name: str = "") -> None:
        self.program = program
        self.module = module
        self.owner = owner
        self.name = name
        self.kinds = typing.kinds
        self.targets = typing.targets
        self.layouts = typing.layouts
        self.typing = typing
        self.env: dict[str, Kind] = {}
        self.constants: dict[str, object] = {}
        self.configurations: dict[str, str] = {}
        self.sums: set[str] = set()
        self.returns: Kind | None = None
        self.strong: dict[str, set[Layout]] = {}
        self.weak: set[str] = set()
        self.places: dict[cst.CSTNode, int] = {}
        self.only_tensors_have = ONLY_TENSORS_HAVE
        self.hint: Hint | None = program.hints.get(name)
        self.expressions = Expressions(self)
        self.calls = Calls(self)

    # names ---------------------------------------------------------------------------------------------------------

    def code(self, node: cst.BaseExpression) -> str:
        return cst.Module(body=[]).code_for_node(node)

    def global_kind(self, node: cst.Name) -> Kind:
        origin = self.program.resolver.resolve(self.module, node.value)
        return UNKNOWN if origin is None else self.origin_kind(origin)

    def origin_kind(self, origin: Origin) -> Kind:
        """The kind of a module-level name, wherever it is defined."""
        row = rules.find(origin.dotted)
        if isinstance(row, rules.Layer):
            return ClassValue(frozenset({row.torch}))
        if row is not None:
            return FunctionValue(origin.dotted) if isinstance(row, rules.Op) else PYTHON
        if not origin.is_symbol or origin.module is None or origin.symbol is None:
            return PYTHON
        if self.program.class_info(origin.dotted) is not None:
            return ClassValue(frozenset({origin.dotted}))
        if self.program.function(origin.dotted) is not None:
            return FunctionValue(origin.dotted)
        return self._variable(origin.module, origin.symbol)

    def _variable(self, module: str, name: str) -> Kind:
        """A module's variable, by what it is assigned."""
        if module == self.module and not self.name and name in self.env:
            return self.env[name]
        for statement in self.program.resolver.tree(module).body:
            for part in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if isinstance(part, cst.Assign) and any(
                    isinstance(t.target, cst.Name) and t.target.value == name for t in part.targets
                ):
                    return Analysis(self.program, module, Typing()).expressions.kind(part.value)
                if isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name) and part.target.value == name:
                    return annotation_kind(self.program, module, part.annotation.annotation)
        return UNKNOWN

    def function_of(self, name: str) -> tuple[cst.FunctionDef, bool] | None:
        """The def of a function value, and whether it is a method (its first parameter is bound)."""
        found = self.program.function(name)
        if found is not None:
            return found[1], False
        owner, _, method = name.rpartition(".")
        member = self.program.method(owner, method) if owner and self.program.class_info(owner) else None
        return (member[1], True) if member else None

    @contextmanager
    def inner_names(self) -> Iterator[None]:
        """Names bound in here (by a comprehension, say) are gone afterwards."""
        before = dict(self.env)
        yield
        self.env = before

    # evidence ------------------------------------------------------------------------------------------------------

    def want(self, tensor: Tensor, layout: Layout, *, strong: bool) -> None:
        """Note that an undecided tensor is used as `layout`."""
        if tensor.layout is not Layout.OPAQUE or not tensor.origin or layout is Layout.OPAQUE:
            return
        if strong:
            self.strong.setdefault(tensor.origin, set()).add(layout)
        else:
            self.weak.add(tensor.origin)

    # what a Sequential of the source holds ---------------------------------------------------------------------------

    def add_module(self, owner: Instance, node: cst.CSTNode, module: Kind) -> None:
        """Note what `self` holds, in the order in which it is added; `node` is where."""
        if self.owner and isinstance(module, Instance) and owner.classes == {self.owner}:
            self.program.set_place(self.owner, self.places.setdefault(node, len(self.places)), module)

    # statements ----------------------------------------------------------------------------------------------------

    def block(self, body: cst.BaseSuite | cst.Module) -> None:
        statements = (
            body.body
            if isinstance(body, (cst.IndentedBlock, cst.Module))
            else [cst.SimpleStatementLine(body=body.body)]
            if isinstance(body, cst.SimpleStatementSuite)
            else ()
        )
        for statement in statements:
            self.statement(statement)

    def statement(self, node: cst.CSTNode) -> None:
        if isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            for part in node.body:
                self.small(part)
        elif isinstance(node, cst.If):
            self._branches(node)
        elif isinstance(node, cst.For):
            self._loop(node)
        elif isinstance(node, cst.While):
            self.expressions.kind(node.test)
            self._twice(lambda: self.block(node.body))
        elif isinstance(node, cst.With):
            for item in node.items:
                kind = self.expressions.kind(item.item)
                if item.asname is not None:
                    self.assign(item.asname.name, kind)  # type: ignore[arg-type]
            self.block(node.body)
        elif isinstance(node, cst.Try):
            self._try(node)
        elif isinstance(node, cst.FunctionDef):
            self._inner_function(node)
        elif isinstance(node, cst.ClassDef):
            self.env[node.name.value] = ClassValue()

    def small(self, node: cst.BaseSmallStatement) -> None:
        if isinstance(node, cst.Assign):
            kind = self.expressions.kind(node.value)
            if isinstance(kind, Tensor) and kind.per_channel and kind.variable:
                self.typing.per_channel.append(node)
            for target in node.targets:
                self.assign(target.target, kind)
        elif isinstance(node, cst.AnnAssign):
            declared = annotation_kind(self.program, self.module, node.annotation.annotation)
            kind = self.expressions.kind(node.value) if node.value is not None else declared
            self.assign(
                node.target, declared if kind == UNKNOWN or (isinstance(kind, Tuple) and not kind.items) else kind
            )
        elif isinstance(node, cst.AugAssign):
            self._augmented(node)
        elif isinstance(node, cst.Return):
            kind = self.expressions.kind(node.value) if node.value is not None else NONE
            self._alike(self.returns, kind)
            self.returns = kind if self.returns is None else join(self.returns, kind)
        elif isinstance(node, cst.Expr):
            self.expressions.kind(node.value)
            self._in_place(node.value)
        elif isinstance(node, cst.Assert):
            self.expressions.kind(node.test)
            if node.msg is not None:
                self.expressions.kind(node.msg)
        elif isinstance(node, cst.Raise):
            if node.exc is not None:
                self.expressions.kind(node.exc)
        elif isinstance(node, cst.Del):
            self.expressions.kind(node.target)
        elif isinstance(node, (cst.Import, cst.ImportFrom)) and self.name:
            self._inner_import(node)

    def _alike(self, before: Kind | None, now: Kind) -> None:
        """A function hands out one layout wherever it returns; a module's is that of images."""
        layouts = {kind.layout for kind in (before, now) if isinstance(kind, Tensor) and kind.rank == 4}
        if layouts == {Layout.IMAGE, Layout.PLAIN}:
            is_module = self.name.endswith(".forward")
            self.program.hand_out(self.name, Layout.IMAGE if is_module else Layout.PLAIN)

    def _inner_import(self, node: cst.Import | cst.ImportFrom) -> None:
        """Names that a function imports for itself."""
        resolver = self.program.resolver
        for name, target in imported_names(node, resolver.source(self.module).package):
            kind: Kind = PYTHON
            if target.symbol and resolver.is_source(target.module) and resolver.has_module(target.module):
                origin = resolver.resolve(target.module, target.symbol)
                kind = self.origin_kind(origin) if origin is not None else UNKNOWN
            self.env[name] = kind

    def _augmented(self, node: cst.AugAssign) -> None:
        target = self.expressions.kind(node.target)
        value = self.expressions.kind(node.value)
        if isinstance(target, Tensor) or isinstance(value, Tensor):
            if isinstance(node.target, cst.Name) and target == PYTHON:
                self.sums.add(node.target.value)
            self.assign(node.target, self.expressions.broadcast(target, value))
        elif isinstance(target, (Sequence, Tuple)):
            items = target.items if isinstance(target, Tuple) else None
            self.assign(
                node.target,
                Sequence(element_of(value)) if items == () else Sequence(join(element_of(target), element_of(value))),
            )

    def _in_place(self, node: cst.BaseExpression) -> None:
        """`x.mul_(y)` as a statement: x is the result afterwards."""
        if (
            isinstance(node, cst.Call)
            and isinstance(node.func, cst.Attribute)
            and isinstance(node.func.value, cst.Name)
        ):
            row = rules.find(f"torch.Tensor.{node.func.attr.value}")
            before = self.env.get(node.func.value.value)
            after = self.kinds.get(node)
            if (
                isinstance(row, rules.Op)
                and row.inplace
                and isinstance(before, Tensor)
                and not before.variable
                and after is not None
            ):
                self.env[node.func.value.value] = after

    def assign(self, target: cst.BaseExpression, kind: Kind) -> None:
        """Bind an assignment target to a kind."""
        if isinstance(target, cst.Name):
            if self.hint and target.value in self.hint.kinds:
                kind = hinted_kind(self.hint.kinds[target.value])
            elif target.value == "state_dict" and not (isinstance(kind, Mapping) and isinstance(kind.value, Tensor)):
                kind = Mapping(plain())
            self.env[target.value] = kind
            self.kinds[target] = kind
        elif isinstance(target, (cst.Tuple, cst.List)):
            self._unpack(target, kind)
        elif isinstance(target, cst.Attribute):
            owner = self.expressions.kind(target.value)
            if isinstance(owner, Instance):
                for cls in owner.classes:
                    self.program.set_attribute(cls, target.attr.value, outside(kind))
                self.add_module(owner, target, kind)
        elif isinstance(target, cst.Subscript):
            owner = self.expressions.kind(target)
            base = self.expressions.kind(target.value)
            if isinstance(base, Mapping) and isinstance(target.value, cst.Name):
                self.env[target.value.value] = Mapping(kind if base.value == UNKNOWN else join(base.value, kind))
            elif isinstance(base, Instance) and isinstance(kind, Instance):
                self.program.set_element(base, kind)
            del owner
        elif isinstance(target, cst.StarredElement):
            self.assign(target.value, Sequence(element_of(kind)))

    def _unpack(self, target: cst.Tuple | cst.List, kind: Kind) -> None:
        elements = list(target.elements)
        self.kinds[target] = kind
        if isinstance(kind, Shape):
            self._shape_evidence(
                [_name(e.value) for e in elements],
                kind.tensor,
                any(isinstance(e, cst.StarredElement) for e in elements),
            )
            kinds: list[Kind] = [PYTHON] * len(elements)
        elif isinstance(kind, Tuple) and len(kind.items) == len(elements):
            kinds = list(kind.items)
        elif any(isinstance(e, cst.StarredElement) for e in elements):
            kinds = [element_of(kind)] * len(elements)
        else:
            kinds = [element_of(kind)] * len(elements)
        for element, item in zip(elements, kinds, strict=True):
            self.assign(element if isinstance(element, cst.StarredElement) else element.value, item)

    def _shape_evidence(self, names: list[str], tensor: Tensor, starred: bool) -> None:
        """`B, C, H, W = x.shape` says what x is."""
        if starred:
            return
        if len(names) == 4 and (names[1] in _CHANNEL_NAMES or names[2:] in _SIDES):
            self.want(tensor, Layout.IMAGE, strong=True)
        elif len(names) == 4 and names[3] in _CHANNEL_NAMES:
            self.want(tensor, Layout.PLAIN, strong=True)
        elif len(names) == 3:
            self.want(tensor, Layout.PLAIN, strong=True)
        else:
            self.want(tensor, Layout.PLAIN, strong=False)
        if tensor.origin:
            current = self.env.get(tensor.origin)
            if isinstance(current, Tensor) and current.rank is None and current.origin == tensor.origin:
                self.env[tensor.origin] = replace(current, rank=len(names))
        for name, kind in list(self.env.items()):
            if kind == tensor and tensor.rank is None:
                self.env[name] = replace(tensor, rank=len(names))

    # control flow --------------------------------------------------------------------------------------------------

    def _branches(self, node: cst.If) -> None:
        self.expressions.kind(node.test)
        before = dict(self.env)
        self._narrow(node.test)
        self.block(node.body)
        taken = None if leaves(node.body) else self.env
        self.env = before
        if isinstance(node.orelse, cst.If):
            self._branches(node.orelse)
        elif node.orelse is not None:
            self.block(node.orelse.body)
        if node.orelse is not None and not isinstance(node.orelse, cst.If) and leaves(node.orelse.body):
            self.env = taken if taken is not None else self.env
        elif taken is not None:
            self._meet(node, taken)

    def _meet(self, node: cst.If, taken: dict[str, Kind]) -> None:
        """After both branches: a tensor that they store differently is stored as what comes after uses it."""
        other = self.env
        self.env = joined_names(taken, other)
        for name in taken.keys() & other.keys():
            pair = (taken[name], other[name])
            if {k.layout for k in pair if isinstance(k, Tensor) and k.rank == 4} != {Layout.IMAGE, Layout.PLAIN}:
                continue
            origin = f"{name}@{self.program.resolver.source(self.module).locate(node).line}"
            want = self.program.summary(self.name).layouts.get(origin, Layout.OPAQUE)
            joined = self.env[name]
            assert isinstance(joined, Tensor)
            self.env[name] = replace(joined, origin=origin)
            orelse = node.orelse.body if isinstance(node.orelse, cst.Else) else None
            for block, kind in zip((node.body, orelse), pair, strict=True):
                if block is not None and isinstance(kind, Tensor) and want not in (kind.layout, Layout.OPAQUE):
                    self.typing.ends.setdefault(block, {})[name] = (kind, want)
                    self.env[name] = replace(joined, layout=want, origin=None)

    def _narrow(self, test: cst.BaseExpression) -> None:
        """Inside `if isinstance(m, nn.Linear)`, an m that could be anything is that; a tensor may be a list of them.

        Inside `if not isinstance(x, list)`, what may be a list of tensors is one.
        """
        is_denied = isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not)
        asked = cst.ensure_type(test, cst.UnaryOperation).expression if is_denied else test
        if not m.matches(asked, _ASKS_FOR_CLASS):
            return
        value, classes = (arg.value for arg in cst.ensure_type(asked, cst.Call).args)
        name = cst.ensure_type(value, cst.Name).value
        held = self.env.get(name, UNKNOWN)
        if is_denied:
            if isinstance(held, Sequence) and isinstance(held.element, Tensor) and are_lists(classes):
                self.env[name] = held.element
            return
        if isinstance(held, Tensor) and are_lists(classes):
            self.env[name] = Sequence(held)  # stored as the tensor that it is otherwise
            return
        kind = self.expressions.kind(classes)
        alternatives = kind.items if isinstance(kind, Tuple) else (kind,)
        found = {cls for item in alternatives if isinstance(item, ClassValue) for cls in item.classes}
        are_modules = len(found) >= len(alternatives) and all(self.program.is_module(cls) for cls in found)
        if are_modules and held in (UNKNOWN, Instance()):
            self.env[name] = Instance(frozenset(found))

    def _loop(self, node: cst.For) -> None:
        kind = self.expressions.kind(node.iter)

        def once() -> None:
            self.assign(node.target, self.item_of(kind))
            self.block(node.body)

        self._twice(once)
        if node.orelse is not None:
            self.block(node.orelse.body)

    def item_of(self, kind: Kind) -> Kind:
        """What iterating over a value gives; a container of the source's own holds what is added to it."""
        if isinstance(kind, Instance) and kind.element is None:
            return self.program.element(kind)
        return element_of(kind)

    def _twice(self, run: Callable[[], None]) -> None:
        before = dict(self.env)
        for _ in range(2):
            run()
            after = self.env
            self.env = joined_names(before, after)
            for name in self.sums:  # a number that tensors are added to in a loop is one after it
                if isinstance(after.get(name), Tensor):
                    self.env[name] = after[name]

    def _try(self, node: cst.Try) -> None:
        before = dict(self.env)
        self.block(node.body)
        after = self.env
        for handler in node.handlers:
            self.env = dict(before)
            if handler.name is not None:
                self.assign(handler.name.name, PYTHON)  # type: ignore[arg-type]
            self.block(handler.body)
            if not leaves(handler.body):
                after = joined_names(after, self.env)
        self.env = after
        for part in (node.orelse, node.finalbody):
            if part is not None:
                self.block(part.body)

    def _inner_function(self, node: cst.FunctionDef) -> None:
        name = f"{self.name}.{node.name.value}"
        self.env[node.name.value] = FunctionValue(name)
        inner = Analysis(self.program, self.module, self.typing, self.owner, name)
        inner.env = dict(self.env)
        summary = self.program.summary(name)
        inner.run(node, summary.arguments)
        self.program.note_result(name, outside(inner.returns or NONE), summary.layouts)

    # a whole function ----------------------------------------------------------------------------------------------

    def run(self, node: cst.FunctionDef, arguments: dict[str, Kind]) -> None:
        """Type a function's body; `arguments` are what its callers pass."""
        self.constants, self.configurations = self.program.read_off(constants_and_configurations, node)
        for parameter in parameter_list(node.params):
            kind = self._parameter(node, parameter, arguments)
            self.env[parameter.name.value] = with_own_dtype(kind, parameter.name.value)
            if parameter.default is not None:
                self.expressions.kind(parameter.default)
        self.block(node.body)

    def _parameter(self, node: cst.FunctionDef, parameter: cst.Param, arguments: dict[str, Kind]) -> Kind:
        name = parameter.name.value
        if self.owner and name == "self":
            return Instance(frozenset({self.owner}))
        if parameter is node.params.star_arg:
            return Sequence(arguments.get(name, UNKNOWN))
        if parameter is node.params.star_kwarg:
            return Mapping(UNKNOWN)
        hinted = {**self.hint.kinds, **self.hint.parameters}.get(name) if self.hint else None
        if hinted is not None:
            return hinted_kind(hinted)
        kind = self._declared(node, parameter, arguments)
        if isinstance(kind, Tensor) and kind.layout is Layout.OPAQUE:
            chosen = self.program.summary(self.name).layouts.get(name, Layout.OPAQUE)
            rank = 4 if chosen is Layout.IMAGE and kind.rank is None else kind.rank
            return Tensor(chosen, rank, kind.dtype, kind.variable, name)
        if isinstance(kind, Sequence) and kind.element == OPAQUE_TENSOR:
            chosen = self.program.summary(self.name).layouts.get(name, Layout.OPAQUE)
            return Sequence(Tensor(chosen, 4 if chosen is Layout.IMAGE else None, origin=name))
        if isinstance(kind, Tuple):
            return Tuple(tuple(self._item(item_name(name, i), item) for i, item in enumerate(kind.items)))
        return kind

    def _item(self, name: str, kind: Kind) -> Kind:
        """A tensor of a tuple that is a parameter: as it is used, like a parameter of its own."""
        if kind != OPAQUE_TENSOR:
            return kind
        chosen = self.program.summary(self.name).layouts.get(name, Layout.OPAQUE)
        return Tensor(chosen, 4 if chosen is Layout.IMAGE else None, origin=name)

    def _declared(self, node: cst.FunctionDef, parameter: cst.Param, arguments: dict[str, Kind]) -> Kind:
        passed = arguments.get(parameter.name.value)
        default = self.expressions.kind(parameter.default) if parameter.default is not None else None
        if parameter.annotation is not None:
            kind = annotation_kind(self.program, self.module, parameter.annotation.annotation)
            if kind == Mapping(UNKNOWN) and parameter.name.value == "state_dict":
                return Mapping(plain())
            says_no_class = isinstance(kind, ClassValue) and not kind.classes or kind == Instance()
            if says_no_class and isinstance(default, ClassValue):
                return default  # `norm_layer: nn.Module = nn.LayerNorm` is a class too
            if kind == OPAQUE_TENSOR and isinstance(passed, Tensor) and passed.rank is not None and passed.rank <= 2:
                return Tensor(Layout.PLAIN, passed.rank)  # too few axes for an image
            if kind == OPAQUE_TENSOR and isinstance(passed, Tensor) and passed.variable:
                return replace(OPAQUE_TENSOR, variable=True)  # a parameter, whoever calls
            if kind != UNKNOWN:
                return kind
        if isinstance(passed, (Sequence, Tuple)) and isinstance(element_of(passed), Tensor):
            return Sequence(OPAQUE_TENSOR)
        if node.name.value == "forward" and self.owner and (default is None or isinstance(default, NoneValue)):
            return OPAQUE_TENSOR
        if isinstance(passed, Tensor):
            return Tensor(Layout.OPAQUE, passed.rank, passed.dtype)
        if default is not None and not isinstance(default, NoneValue):
            return default
        if passed is not None and passed != UNKNOWN:
            return passed
        if parameter.name.value == "state_dict":
            return Mapping(plain())
        if uses_as_tensor(node, parameter.name.value) or self._is_torchs_input(node, parameter.name.value):
            return OPAQUE_TENSOR
        return PYTHON if self._uses_as_array(node, parameter.name.value) else UNKNOWN

    def _is_torchs_input(self, node: cst.FunctionDef, name: str) -> bool:
        """Whether a function gives a parameter to a torch function as its `input`, which is a tensor."""
        given = (call.func for call in find(node.body, cst.Call) if m.matches(call, given_first(name)))
        origins = (self.program.resolver.qualify(self.module, func) for func in given)
        rows = (rules.find(origin.dotted) for origin in origins if origin is not None)
        return any(isinstance(row, rules.Op) and row.params.partition(",")[0] == "input" for row in rows)

    def _uses_as_array(self, node: cst.FunctionDef, name: str) -> bool:
        """Whether a function makes a tensor of a parameter that is a NumPy array until then."""
        made = (call for call in find(node.body, cst.Call) if call.args and m.matches(call.args[0].value, m.Name(name)))
        origins = (self.program.resolver.qualify(self.module, call.func) for call in made)
        return any(origin is not None and origin.dotted == "torch.from_numpy" for origin in origins)

    def decided(self) -> dict[str, Layout]:
        """The layouts that the evidence in this function gives its parameters."""
        layouts: dict[str, Layout] = {}
        for name, wanted in self.strong.items():
            if len(wanted) == 1:
                layouts[name] = next(iter(wanted))
        if self.program.settling:
            for name in self.weak - self.strong.keys():
                layouts[name] = Layout.PLAIN
        return layouts


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""
