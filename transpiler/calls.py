"""The kind of a call: by rule, by the summary of a function of the source, or by what is called."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from . import patterns as m
from . import rules
from .binding import argument_parameters, bound_call, match_parameters
from .builtin_calls import builtin_kind
from .evidence import axis_evidence, made_into_tokens
from .expressions import CONTAINERS, element_of_mapping, literal_value
from .kinds import (
    NONE,
    PYTHON,
    UNKNOWN,
    AnyFunction,
    ClassValue,
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
    dtype_at_call,
    element_of,
    is_flattened_image,
    join,
    join_all,
    outside,
    with_four_axes,
    with_items,
)
from .module_calls import ModuleCalls
from .names import Origin, dotted_name
from .program import SEQUENTIAL
from .registries import configured_name
from .rules.reshaping import pieces
from .rules.table import Argument, BoundCall, Op, Refusal, same

if TYPE_CHECKING:
    from .inference import Analysis

_MODULE_WALKS: dict[str, Kind] = {
    "parameters": Sequence(Tensor(variable=True)),
    "buffers": Sequence(Tensor()),
    "named_parameters": Sequence(Tuple((PYTHON, Tensor(variable=True)))),
    "named_buffers": Sequence(Tuple((PYTHON, Tensor()))),
    "modules": Sequence(Instance()),
    "named_modules": Sequence(Tuple((PYTHON, Instance()))),
    "keys": Sequence(PYTHON),
    "get_submodule": Instance(),
    "get_parameter": Tensor(variable=True),
    "state_dict": Mapping(Tensor()),
}
# What no tensor has.
DICT_METHODS = frozenset({"items", "keys", "values"})
_OF_SUPER = m.Attribute(value=m.Call(func=m.Name("super")))
_ADDING = frozenset({"append", "extend", "insert"})
_SELF_RETURNING = _ADDING | {"train", "eval", "to", "apply", "requires_grad_", "float", "half", "cuda", "cpu"}


class Calls:
    """Evaluates calls to kinds."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.program = analysis.program
        self.modules = ModuleCalls(analysis, self)

    def kind(self, node: cst.Call) -> Kind:
        arguments = [(arg, self.analysis.expressions.kind(arg.value)) for arg in node.args]
        target = self._external_or_symbol(node.func)
        if target is not None:
            return self._known(node, target, arguments)
        if m.matches(node.func, _OF_SUPER):
            return self._super_call(cst.ensure_type(node.func, cst.Attribute).attr.value, arguments)
        if isinstance(node.func, cst.Attribute):
            return self._method(node, node.func, arguments)
        if isinstance(node.func, cst.Name) and node.func.value not in self.analysis.env:
            return builtin_kind(node.func.value, arguments, self.analysis.expressions.attribute)
        return self.call_value(self.analysis.expressions.kind(node.func), arguments)

    def _external_or_symbol(self, func: cst.BaseExpression) -> Origin | None:
        dotted = dotted_name(func)
        if dotted is None or dotted.partition(".")[0] in self.analysis.env:
            return None
        return self.program.resolver.qualify(self.analysis.module, func)

    # known targets -------------------------------------------------------------------------------------------------

    def _known(self, node: cst.Call, target: Origin, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        self.analysis.targets[node] = target.dotted
        row = rules.find(target.dotted)
        if row is not None:
            return self._by_row(node, row, target.dotted, arguments, None)
        if not target.is_symbol:
            return self._external(target.dotted, arguments)
        if self.program.class_info(target.dotted) is not None:
            self._note_constructor(target.dotted, arguments)
            return Instance(frozenset({target.dotted}))
        found = self.program.function(target.dotted)
        if found is not None:
            return self.function(target.dotted, found[1], arguments, bound=False)
        return self.call_value(self.analysis.origin_kind(target), arguments)

    def _external(self, name: str, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        if name == "functools.partial" and arguments:
            first = arguments[0][1]
            return first if isinstance(first, (ClassValue, FunctionValue)) else UNKNOWN
        if name == "copy.deepcopy" and arguments:
            return arguments[0][1]
        if name in ("collections.OrderedDict", "dict") and arguments:
            pair = element_of(arguments[0][1])
            return Mapping(pair.items[1] if isinstance(pair, Tuple) and len(pair.items) == 2 else UNKNOWN)
        return PYTHON if name.partition(".")[0] != "torch" else UNKNOWN

    def _by_row(
        self,
        node: cst.Call,
        row: rules.Row,
        name: str,
        arguments: list[tuple[cst.Arg, Kind]],
        receiver: tuple[cst.BaseExpression, Kind] | None,
    ) -> Kind:
        if isinstance(row, rules.Layer):
            run = self._run(arguments) if row.torch == SEQUENTIAL else ()
            return Instance(frozenset({row.torch}), self._element(arguments), frozenset({run} if run else ()))
        if isinstance(row, rules.Value):
            if row.tf == "nn.Parameter":
                value = arguments[0][1] if arguments else UNKNOWN
                if not isinstance(value, Tensor):
                    return Tensor(Layout.PLAIN, None, "float", True)
                return Tensor(Layout.PLAIN, value.rank, "float", True, None, value.per_channel)
            if arguments and isinstance(arguments[0][1], Instance):
                return arguments[0][1]  # a module that is made of one
            return PYTHON if not row.torch.startswith("torch.nn.init") else UNKNOWN
        if isinstance(row, rules.Erase):
            return receiver[1] if receiver else PYTHON
        if isinstance(row, Op):
            return self._op(node, row, name, arguments, receiver)
        return UNKNOWN

    @staticmethod
    def _element(arguments: list[tuple[cst.Arg, Kind]]) -> Kind | None:
        """The common kind of a container's modules."""
        kinds = [element_of(kind) if arg.star == "*" else kind for arg, kind in arguments]
        if len(kinds) == 1 and isinstance(kinds[0], (Sequence, Tuple)):
            kinds = [element_of(kinds[0])]
        elif len(kinds) == 1 and isinstance(kinds[0], Mapping):
            kinds = [kinds[0].value]
        modules: list[Kind] = [k for k in kinds if isinstance(k, Instance)]
        return join_all(modules) if modules and len(modules) == len(kinds) else None

    @staticmethod
    def _run(arguments: list[tuple[cst.Arg, Kind]]) -> tuple[Kind, ...]:
        """The modules of a Sequential in order; nothing when one of them is not known.

        A list of blocks of one kind counts once: what one makes of a tensor's layout, many make.
        """
        run: list[Kind] = []
        for arg, kind in arguments:
            kind = Sequence(kind.value) if isinstance(kind, Mapping) else kind
            is_listed = arg.star or isinstance(kind, Sequence)
            run += kind.items if arg.star and isinstance(kind, Tuple) else (element_of(kind),) if is_listed else (kind,)
        return tuple(run) if all(isinstance(item, Instance) for item in run) else ()

    def _op(
        self,
        node: cst.Call,
        row: Op,
        name: str,
        arguments: list[tuple[cst.Arg, Kind]],
        receiver: tuple[cst.BaseExpression, Kind] | None,
    ) -> Kind:
        try:
            call = bound_call(row, name, arguments, receiver, self.analysis.code, self.analysis.typing.literals)
        except Refusal:
            return UNKNOWN
        call = replace(call, layout=self._layout_for(row, call))
        self.analysis.layouts[node] = call.layout
        try:
            return (row.result or same)(call)
        except Refusal:
            return UNKNOWN

    def _layout_for(self, row: Op, call: BoundCall) -> Layout:
        """The layout in which the call takes its first tensor; tells an undecided tensor what is wanted of it."""
        tensor = call.tensor
        if row.layout == "image":
            if tensor.layout is Layout.PLAIN and row.torch_form is not None and row.torch_form(call):
                return Layout.PLAIN
            self.analysis.want(tensor, Layout.IMAGE, strong=True)
            return Layout.IMAGE
        if row.layout == "plain":
            for value in call.arguments.values():
                if isinstance(value, Argument) and isinstance(value.kind, Tensor):
                    self.analysis.want(value.kind, Layout.PLAIN, strong=False)
            self.analysis.want(tensor, Layout.PLAIN, strong=False)
            return Layout.PLAIN
        if row.layout == "axis":
            self._listed_with_images(call)
        if row.layout == "axis" and tensor.layout is Layout.IMAGE and not row.takes_image(call):
            return Layout.PLAIN
        if row.layout == "axis" and tensor.layout is Layout.OPAQUE:
            wanted = axis_evidence(row, call)
            self.analysis.want(tensor, wanted or Layout.PLAIN, strong=wanted is not None)
            if row.result in (same, pieces) and tensor.origin and not self.program.settling:
                return wanted or Layout.OPAQUE  # what comes of it may still say what it is
            return wanted or Layout.PLAIN
        if row.layout == "any":
            found: Kind = tensor
            for value in call.arguments.values():
                if isinstance(value, Argument) and isinstance(value.kind, Tensor):
                    found = self.analysis.expressions.broadcast(found, value.kind)
            return found.layout if isinstance(found, Tensor) else tensor.layout
        return tensor.layout

    def _listed_with_images(self, call: BoundCall) -> None:
        """What is joined with an image is one."""
        members = [kind for kind in call.listed if isinstance(kind, Tensor)]
        if any(kind.layout is Layout.IMAGE for kind in members):
            for kind in members:
                self.analysis.want(kind, Layout.IMAGE, strong=True)

    def _note_constructor(self, cls: str, arguments: list[tuple[cst.Arg, Kind]]) -> None:
        found = self.program.method(cls, "__init__")
        if found is not None:
            self._note_arguments(f"{found[0].name}.__init__", found[1], arguments, bound=True)
            return
        fields = self.program.fields(cls)
        for place, (arg, kind) in enumerate(arguments):
            names = [field.target for field in fields] if arg.keyword is None else [arg.keyword]
            name = names[place if arg.keyword is None else 0] if fields and not arg.star else None
            if isinstance(name, cst.Name):
                self.program.set_attribute(cls, name.value, outside(kind))

    # functions of the source ---------------------------------------------------------------------------------------

    def function(
        self,
        qualified: str,
        node: cst.FunctionDef,
        arguments: list[tuple[cst.Arg, Kind]],
        *,
        bound: bool,
        wants: bool = True,
    ) -> Kind:
        by_parameter = self._note_arguments(qualified, node, arguments, bound=bound)
        summary = self.program.summary(qualified)
        hint = self.program.hints.get(qualified)
        if hint and hint.applies in by_parameter:
            return self._applied(by_parameter, hint.applies, node, arguments, bound=bound)
        passed = with_items(by_parameter)
        for parameter, kind in passed.items():
            layout = summary.layouts.get(parameter)
            held = element_of(kind) if isinstance(kind, (Sequence, Tuple)) else kind
            if wants and layout is not None and isinstance(held, Tensor):
                self.analysis.want(held, layout, strong=True)
            if wants and parameter in summary.ranks and isinstance(kind, Tensor):
                self.analysis.has_axes(kind, summary.ranks[parameter])
        return _substituted(summary.returns, passed)

    def _applied(
        self,
        by_parameter: dict[str, Kind],
        applied: str,
        node: cst.FunctionDef,
        arguments: list[tuple[cst.Arg, Kind]],
        *,
        bound: bool,
    ) -> Kind:
        """The result of a function that calls what it is given, or each of several, with the arguments after that."""
        names = argument_parameters(node, [arg for arg, _ in arguments], bound=bound)
        rest = arguments[names.index(applied) + 1 :]
        value = by_parameter[applied]
        return self.call_value(element_of(value) if isinstance(value, (Sequence, Tuple)) else value, rest)

    def _note_arguments(
        self, qualified: str, node: cst.FunctionDef, arguments: list[tuple[cst.Arg, Kind]], *, bound: bool
    ) -> dict[str, Kind]:
        matched = match_parameters(node, arguments, bound=bound)
        for parameter, kind in matched.items():
            self.program.note_argument(qualified, parameter, outside(kind))
        return matched

    # methods -------------------------------------------------------------------------------------------------------

    def _super_call(self, method: str, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        if self.analysis.owner is None:
            return UNKNOWN
        for base in self.program.ancestry(self.analysis.owner)[1:]:
            info = self.program.class_info(base)
            if info and method in info.methods:
                return self.function(f"{base}.{method}", info.methods[method], arguments, bound=True)
            row = rules.find(base)
            if base == SEQUENTIAL and method == "__init__":
                self._begin_with(self._run(arguments))
            if isinstance(row, rules.Layer) and method == "forward" and arguments:
                return self.modules.layer(row, arguments[0][1])
        return UNKNOWN

    def _method(self, node: cst.Call, func: cst.Attribute, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        name = func.attr.value
        owner = self.analysis.expressions.kind(func.value)
        if name == "build" and isinstance(owner, Instance) and owner.classes & self.program.registries.classes:
            return self._built(func.value, node.args)
        if isinstance(owner, Tensor) and name in DICT_METHODS:
            owner = Mapping(Tensor())  # one of several state dicts in a dict
        if isinstance(owner, Tensor):
            self._tokens_evidence(node)
            if name == "permute" and len(arguments) == 4:
                owner = self.analysis.kinds[func.value] = with_four_axes(owner)
            return self._tensor_method(node, name, func.value, owner, arguments)
        if isinstance(owner, Instance) and name in _ADDING and arguments and self._is_container(owner, name):
            last = arguments[-1][1]
            return self._added(func.value, owner, element_of(last) if name == "extend" else last)
        if isinstance(owner, Instance):
            self.analysis.kinds[func] = self.analysis.expressions.attribute(owner, name)
            return self._instance_method(name, owner, arguments)
        if isinstance(owner, (Sequence, Tuple)):
            return self._list_method(name, func.value, owner, arguments)
        if isinstance(owner, Mapping):
            return self._dict_method(name, func.value, owner, arguments)
        if isinstance(owner, (Python, Shape, NoneValue, FunctionValue)):
            return PYTHON
        if isinstance(owner, ClassValue):
            return UNKNOWN
        if name in self.analysis.only_tensors_have:
            return self._tensor_method(node, name, func.value, Tensor(Layout.OPAQUE), arguments)
        return UNKNOWN

    def _tokens_evidence(self, node: cst.Call) -> None:
        image = made_into_tokens(node)
        kind = self.analysis.kinds.get(image) if image is not None else None
        if isinstance(kind, Tensor):
            self.analysis.want(kind, Layout.IMAGE, strong=True)

    def _built(self, registry: cst.BaseExpression, args: Items[cst.Arg]) -> Kind:
        """What a registry builds of a configuration that is written out, or has a name in this function."""
        cfg = args[0].value if args else None
        if cfg is None:
            return UNKNOWN
        named = self.analysis.configurations.get(cfg.value) if isinstance(cfg, cst.Name) else configured_name(cfg)
        where = self.program.registries.named(self.analysis.module, registry)
        found = self.program.registries.held(where, named) if where is not None and named is not None else None
        return Instance(frozenset({".".join(found)})) if found is not None else UNKNOWN

    def _added(self, node: cst.BaseExpression, owner: Instance, added: Kind) -> Kind:
        """A container of modules with one more of them."""
        module = added if isinstance(added, Instance) else Instance()
        now = replace(owner, element=module if owner.element is None else join(owner.element, module), runs=frozenset())
        if isinstance(node, (cst.Name, cst.Attribute)):
            self.analysis.assign(node, now)
        return now

    def _is_container(self, owner: Instance, method: str) -> bool:
        """Whether what has the method is one of torch's containers, and no class of the source has its own."""
        return not any(self.program.method(cls, method) for cls in owner.classes)

    def _tensor_method(
        self,
        node: cst.Call,
        name: str,
        receiver: cst.BaseExpression,
        owner: Tensor,
        arguments: list[tuple[cst.Arg, Kind]],
    ) -> Kind:
        if name == "copy_" or name == "requires_grad_":
            return owner
        row = rules.find(f"torch.Tensor.{name}")
        if row is None:
            return UNKNOWN
        return self._by_row(node, row, f"torch.Tensor.{name}", arguments, (receiver, owner))

    def _instance_method(self, name: str, owner: Instance, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        results = []
        for cls in sorted(owner.classes):
            found = self.program.method(cls, name)
            if found is not None:
                results.append(self.function(f"{found[0].name}.{name}", found[1], arguments, bound=True))
            self._note_for_subclasses(cls, name, arguments)
        if results:
            return join_all(results)
        if name in ("register_buffer", "register_parameter"):
            self._register(owner, name, arguments)
            return PYTHON
        if name in ("add_module", "register_module"):
            self._add_module(owner, arguments)
            return PYTHON
        if name in ("children", "values"):
            return Sequence(self.program.element(owner))
        if name in ("named_children", "items"):
            return Sequence(Tuple((PYTHON, self.program.element(owner))))
        if name in _MODULE_WALKS:
            return _MODULE_WALKS[name]
        if name in _SELF_RETURNING:
            return owner
        flagged = self.analysis.expressions.under_flag(owner, name)
        attributes = [flagged or self.program.attribute(cls, name) for cls in sorted(owner.classes)]
        if not any(attributes):
            attributes = [self.analysis.expressions.of_subclasses(owner, name)]
        known = [a for a in attributes if a is not None]
        if known:
            return self.call_value(join_all(known), arguments)
        if not owner.classes or CONTAINERS & owner.classes:
            return self.call_value(owner.element or Instance(), arguments)
        return self._of_subclasses(name, owner, arguments)

    def _of_subclasses(self, name: str, owner: Instance, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        """A method that a base class calls, and only its subclasses have."""
        found = [
            self.program.method(sub, name) for cls in sorted(owner.classes) for sub in self.program.subclasses(cls)
        ]
        results = [
            self.function(f"{info.name}.{name}", node, arguments, bound=True)
            for info, node in (member for member in found if member is not None)
        ]
        return join_all(results) if results else UNKNOWN

    def _note_for_subclasses(self, cls: str, name: str, arguments: list[tuple[cst.Arg, Kind]]) -> None:
        """What a class passes to its own method, it passes to the methods that stand for it in subclasses."""
        for sub in self.program.subclasses(cls):
            info = self.program.class_info(sub)
            if info is not None and name in info.methods:
                self._note_arguments(f"{sub}.{name}", info.methods[name], arguments, bound=True)

    def _register(self, owner: Instance, method: str, arguments: list[tuple[cst.Arg, Kind]]) -> None:
        if len(arguments) < 2:
            return
        name = literal_value(arguments[0][0].value)
        kind = arguments[1][1]
        if isinstance(name, str):
            kind = outside(kind)
            if isinstance(kind, Tensor):
                kind = replace(kind, variable=method == "register_parameter")
            for cls in owner.classes:
                self.program.set_attribute(cls, name, kind)

    def _begin_with(self, run: tuple[Kind, ...]) -> None:
        """Note what a Sequential of the source is made of by its base's constructor."""
        owner = self.analysis.owner or ""
        for place, module in enumerate(run):
            self.program.set_place(owner, place, module)
            self.program.set_element(Instance(frozenset({owner})), module)

    def _add_module(self, owner: Instance, arguments: list[tuple[cst.Arg, Kind]]) -> None:
        if len(arguments) < 2 or not isinstance(arguments[1][1], Instance):
            return
        name = literal_value(arguments[0][0].value)
        self.program.set_element(owner, arguments[1][1])
        self.analysis.add_module(owner, arguments[0][0], arguments[1][1])
        if isinstance(name, str):
            for cls in owner.classes:
                self.program.set_attribute(cls, name, arguments[1][1])

    def _list_method(
        self, name: str, node: cst.BaseExpression, owner: Kind, arguments: list[tuple[cst.Arg, Kind]]
    ) -> Kind:
        if name in ("append", "extend", "insert", "add") and arguments:
            added = arguments[-1][1]
            added = element_of(added) if name == "extend" else added
            if name == "append" and is_flattened_image(added):
                added = replace(added, layout=Layout.PLAIN)  # type: ignore[call-arg]
            before = owner.items if isinstance(owner, Tuple) else None
            self._like(element_of(owner), added)
            element = added if before == () else join(element_of(owner), added)
            self.analysis.assign(node, Sequence(element))
            return NONE
        return element_of(owner) if name in ("pop", "popleft") else PYTHON

    def _like(self, first: Kind, added: Kind) -> None:
        """A tensor that images are collected with is an image too."""
        if isinstance(first, Tensor) and isinstance(added, Tensor) and added.layout is Layout.IMAGE:
            self.analysis.want(first, Layout.IMAGE, strong=True)

    def _dict_method(
        self, name: str, node: cst.BaseExpression, owner: Mapping, arguments: list[tuple[cst.Arg, Kind]]
    ) -> Kind:
        if name in ("get", "pop", "setdefault"):
            default = arguments[1][1] if len(arguments) > 1 else NONE
            if isinstance(default, Mapping):
                return default
            return owner.value if owner.value == UNKNOWN else join(owner.value, default)
        if name == "items":
            return Sequence(Tuple((PYTHON, owner.value)))
        if name == "values":
            return Sequence(owner.value)
        if name == "keys":
            return Sequence(PYTHON)
        if name == "copy":
            return owner
        if name == "update" and arguments:
            self.analysis.assign(node, Mapping(join(owner.value, element_of_mapping(arguments[0][1]))))
        return PYTHON

    # values that are called ----------------------------------------------------------------------------------------

    def call_value(self, kind: Kind, arguments: list[tuple[cst.Arg, Kind]]) -> Kind:
        """The result of calling a value: a module, a class, a function."""
        if isinstance(kind, Instance):
            return self.modules.call(kind, arguments)
        if isinstance(kind, ClassValue):
            return Instance(kind.classes)
        if isinstance(kind, AnyFunction):
            return join_all([self.call_value(each, arguments) for each in sorted(kind.functions, key=lambda f: f.name)])
        if isinstance(kind, FunctionValue):
            found = self.analysis.function_of(kind.name)
            if found is not None:
                return self.function(kind.name, found[0], arguments, bound=found[1])
        kinds = [k for _, k in arguments]
        return PYTHON if kinds and all(_plain_value(k) for k in kinds) else UNKNOWN


def _plain_value(kind: Kind) -> bool:
    if isinstance(kind, (Python, ClassValue, NoneValue, Shape)):
        return True
    if isinstance(kind, Sequence):
        return _plain_value(kind.element)
    if isinstance(kind, Tuple):
        return all(_plain_value(item) for item in kind.items)
    return False


def _rank_of_all(passed: Tensor, arguments: dict[str, Kind]) -> int | None:
    """The rank of a result stored as `passed` is: unknown where another argument may broadcast it to more axes."""
    if passed.rank is None:
        return None
    others = [kind for kind in arguments.values() if isinstance(kind, Tensor) and not kind.variable]
    larger = any(kind.rank is None or kind.rank > passed.rank for kind in others)
    return None if larger and passed.layout is not Layout.IMAGE else passed.rank


def _substituted(returns: Kind, arguments: dict[str, Kind]) -> Kind:
    """A function's result with `same as parameter p` replaced by what was passed for p."""
    if isinstance(returns, Tensor) and returns.layout is Layout.OPAQUE and returns.origin:
        passed = arguments.get(returns.origin)
        if isinstance(passed, Tensor):
            rank = returns.rank if returns.rank is not None else _rank_of_all(passed, arguments)
            return Tensor(passed.layout, rank, dtype_at_call(returns.dtype, arguments), False, passed.origin)
        return replace(returns, origin=None, dtype=dtype_at_call(returns.dtype, arguments))
    if isinstance(returns, Tensor):
        passed = arguments.get(returns.origin) if returns.origin else None
        rank = returns.rank
        if rank is None and isinstance(passed, Tensor):
            rank = _rank_of_all(passed, arguments)
        dtype = dtype_at_call(returns.dtype, arguments)
        return replace(returns, origin=None, variable=False, rank=rank, dtype=dtype)
    if isinstance(returns, Sequence):
        return Sequence(_substituted(returns.element, arguments))
    if isinstance(returns, Tuple):
        return Tuple(tuple(_substituted(item, arguments) for item in returns.items))
    if isinstance(returns, Mapping):
        return Mapping(_substituted(returns.value, arguments))
    return returns
