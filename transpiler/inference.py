"""Types every function of the source: kinds by flow, layouts by evidence, repeated until nothing changes.

Evidence for the layout of a parameter, in this order: what makes it, its rank, how it is used (it goes into a
convolution; `B, C, H, W = x.shape`), a hint, and last the default, torch's order. A choice is never unsafe:
every call between two layouts is coerced.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

import libcst as cst

from . import patterns as m
from . import rules
from .annotations import annotation_kind
from .calls import Calls
from .control_flow import ControlFlow, are_stored_differently
from .diagnostics import Diagnostic
from .evidence import given_first, names_of_channels_last, names_of_image, uses_as_tensor
from .expressions import Expressions
from .flags import under_flag
from .flow import constants_and_configurations, names_of_floats
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
    with_four_axes,
    with_own_dtype,
)
from .method_names import ONLY_TENSORS_HAVE
from .names import Origin, imported_names
from .program import Program
from .scopes import parameter_list
from .walk import find


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
    """What is stored in another way after a branch, at the end of its block: names, as they are and as wanted.

    The block is the `if` itself where it has no `else`.
    """
    floats: set[cst.CSTNode] = field(default_factory=set)
    """Uses of names that hold a Python float."""

    def update(self, other: Typing) -> None:
        """Take over what was found out about another part of the module."""
        self.kinds.update(other.kinds)
        self.targets.update(other.targets)
        self.layouts.update(other.layouts)
        self.tensors_in.update(other.tensors_in)
        self.literals.update(other.literals)
        self.per_channel += other.per_channel
        self.ends.update(other.ends)
        self.floats |= other.floats
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
        self.floats: set[str] = set()
        self.sums: set[str] = set()
        self.returns: Kind | None = None
        self.assumed: dict[str, bool] = {}  # conditions by their code: only what runs under them is typed
        self.flag: tuple[str, bool] | None = None  # under which attributes are noted, and read where it holds
        self.by_axes: dict[str, set[tuple[int, Layout]]] = {}
        self.strong: dict[str, set[Layout]] = {}
        self.weak: set[str] = set()
        self.met: set[str] = set()
        self.counts: dict[str, set[int]] = {}
        self.places: dict[cst.CSTNode, int] = {}
        self.only_tensors_have = ONLY_TENSORS_HAVE
        self.hint: Hint | None = program.hints.get(name)
        self.expressions = Expressions(self)
        self.calls = Calls(self)
        self.control = ControlFlow(self)

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

    def is_of_three_or_four(self, tensor: Tensor) -> None:
        """Note that a parameter may be tokens or an image."""
        if tensor.origin:
            self.by_axes[tensor.origin] = {(4, Layout.IMAGE), (3, Layout.PLAIN)}
            self.strong[tensor.origin] = {Layout.IMAGE, Layout.PLAIN}

    def has_axes(self, tensor: Tensor, count: int) -> None:
        """Note how many axes a parameter is taken to have."""
        if tensor.origin:
            self.counts.setdefault(tensor.origin, set()).add(count)

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
            self.control.branches(node)
        elif isinstance(node, cst.For):
            self.control.loop(node)
        elif isinstance(node, cst.While):
            self.expressions.kind(node.test)
            self.control.twice(lambda: self.block(node.body), node.body)
        elif isinstance(node, cst.With):
            for item in node.items:
                kind = self.expressions.kind(item.item)
                if item.asname is not None:
                    self.assign(item.asname.name, kind)  # type: ignore[arg-type]
            self.block(node.body)
        elif isinstance(node, cst.Try):
            self.control.attempt(node)
        elif isinstance(node, cst.FunctionDef):
            self._inner_function(node)
        elif isinstance(node, cst.ClassDef):
            self.env[node.name.value] = ClassValue()

    def small(self, node: cst.BaseSmallStatement) -> None:
        if isinstance(node, cst.Assign):
            kind = self._counted(node, self.expressions.kind(node.value))
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
        if before is not None and are_stored_differently(before, now):
            self.program.hand_out(self.name, self.usual_layout)
        elif isinstance(now, Tensor) and now.of_images and now.rank == 4:
            # Who calls a module of unknown class takes what it gives for an image, as it was given one.
            self.program.hand_out(self.name, self.usual_layout)

    @property
    def usual_layout(self) -> Layout:
        """How a tensor of four axes is stored that is an image on one path, where nothing else decides."""
        return Layout.IMAGE if self.name.endswith(".forward") else Layout.PLAIN

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
                name = under_flag(target.attr.value, *self.flag) if self.assumed and self.flag else target.attr.value
                for cls in owner.classes:
                    self.program.set_attribute(cls, name, outside(kind))
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
            if not kind.is_slice and not any(isinstance(e, cst.StarredElement) for e in elements):
                self._shape_evidence([_name(e.value) for e in elements], kind.tensor)
            kinds: list[Kind] = [PYTHON] * len(elements)
        elif isinstance(kind, Tuple) and len(kind.items) == len(elements):
            kinds = list(kind.items)
        elif any(isinstance(e, cst.StarredElement) for e in elements):
            kinds = [element_of(kind)] * len(elements)
        else:
            kinds = [element_of(kind)] * len(elements)
        for element, item in zip(elements, kinds, strict=True):
            self.assign(element if isinstance(element, cst.StarredElement) else element.value, item)

    def _counted(self, node: cst.Assign, kind: Kind) -> Kind:
        """`B, C, H, W = x.shape`: from here on x has four axes, and is stored as it is where it has four.

        `B, N, C = x.shape`: it is tokens.
        """
        if not isinstance(kind, Shape) or kind.tensor.of_four is None:
            return kind
        unpacked = [each.target for each in node.targets if isinstance(each.target, (cst.Tuple, cst.List))]
        counts = {len(each.elements) for each in unpacked if not any(find(each, cst.StarredElement))}
        if counts not in ({3}, {4}):
            return kind
        flat = replace(kind.tensor, layout=Layout.PLAIN, rank=3, of_four=None)
        tensor = with_four_axes(kind.tensor) if counts == {4} else flat
        self.env |= {name: tensor for name, held in self.env.items() if held == kind.tensor}
        found = self.kinds[node.value] = Shape(tensor)
        return found

    def _shape_evidence(self, names: list[str], tensor: Tensor) -> None:
        """`B, C, H, W = x.shape` says what x is."""
        self.has_axes(tensor, len(names))
        if tensor.origin:
            layout = Layout.IMAGE if names_of_image(names) else Layout.PLAIN
            self.by_axes.setdefault(tensor.origin, set()).add((len(names), layout))
        if names_of_image(names):
            self.want(tensor, Layout.IMAGE, strong=True)
        elif names_of_channels_last(names):
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

    # functions -------------------------------------------------------------------------------------------------------

    def item_of(self, kind: Kind) -> Kind:
        """What iterating over a value gives; a container of the source's own holds what is added to it."""
        if isinstance(kind, Instance) and kind.element is None:
            return self.program.element(kind)
        return element_of(kind)

    def _inner_function(self, node: cst.FunctionDef) -> None:
        name = f"{self.name}.{node.name.value}"
        self.env[node.name.value] = FunctionValue(name)
        inner = Analysis(self.program, self.module, self.typing, self.owner, name)
        inner.env = dict(self.env)
        summary = self.program.summary(name)
        inner.run(node, summary.arguments)
        self.program.note_result(name, outside(inner.returns or NONE), summary.layouts, summary.ranks)

    # a whole function ----------------------------------------------------------------------------------------------

    def run(self, node: cst.FunctionDef, arguments: dict[str, Kind]) -> None:
        """Type a function's body; `arguments` are what its callers pass."""
        self.constants, self.configurations = self.program.read_off(constants_and_configurations, node)
        self.floats = self.program.read_off(names_of_floats, node)
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
            if chosen is Layout.OPAQUE and name in self.program.summary(self.name).layouts:
                return Tensor(chosen, None, kind.dtype, kind.variable, name, of_four=Layout.IMAGE)
            rank = 4 if chosen is Layout.IMAGE and kind.rank is None else kind.rank
            rank = rank or self.program.summary(self.name).ranks.get(name)
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
                # `norm_layer: nn.Module = nn.LayerNorm` is a class too
                return join(default, passed) if isinstance(passed, ClassValue) else default
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
        first = given_first(name)
        given = (call.func for call in find(node.body, cst.Call) if m.matches(call, first))
        origins = (self.program.resolver.qualify(self.module, func) for func in given)
        rows = (rules.find(origin.dotted) for origin in origins if origin is not None)
        return any(isinstance(row, rules.Op) and row.params.partition(",")[0] == "input" for row in rows)

    def _uses_as_array(self, node: cst.FunctionDef, name: str) -> bool:
        """Whether a function makes a tensor of a parameter that is a NumPy array until then."""
        own = m.Name(name)
        made = (call for call in find(node.body, cst.Call) if call.args and m.matches(call.args[0].value, own))
        origins = (self.program.resolver.qualify(self.module, call.func) for call in made)
        return any(origin is not None and origin.dotted == "torch.from_numpy" for origin in origins)

    def tokens(self, before: dict[str, int]) -> dict[str, int]:
        """The parameters that are tokens, (B, N, C), wherever their axes are counted; `before` is what was known."""
        found = before.keys() | self.counts.keys()
        return {name: 3 for name in sorted(found) if self.counts.get(name, {3}) == {3}}

    def decided(self) -> dict[str, Layout]:
        """The layouts that the evidence in this function gives its parameters."""
        layouts: dict[str, Layout] = {}
        for name, wanted in self.strong.items():
            if len(wanted) == 1:
                layouts[name] = next(iter(wanted))
            elif self.by_axes.get(name) == {(4, Layout.IMAGE), (3, Layout.PLAIN)}:
                layouts[name] = Layout.OPAQUE
        if not self.program.settling:
            return layouts
        waiting = self.met - self.weak - self.strong.keys() - self.program.summary(self.name).layouts.keys()
        if waiting:  # what is decided here may say something of the others
            return layouts | dict.fromkeys(sorted(waiting), self.usual_layout)
        return layouts | dict.fromkeys(sorted(self.weak - self.strong.keys()), Layout.PLAIN)


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""
