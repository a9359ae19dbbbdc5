"""The classes and functions of the source as the analysis sees them, with the summaries it has reached so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import libcst as cst

from . import rules
from .flags import flags_of
from .hints import Hint
from .kinds import UNKNOWN, Instance, Kind, Layout, Sequence, Tensor, hinted_kind, join, join_all
from .names import NameResolver, dotted_name
from .registries import Registries
from .replay import Replay
from .scopes import parameter_list

T = TypeVar("T")

_ELEMENT = "[]"  # stands among the attributes of a container
_PLACE = "[{}]"
SEQUENTIAL = "torch.nn.Sequential"
MODULE_BASES = frozenset({"torch.nn.Module"})


@dataclass
class ClassInfo:
    """A class of the source: its bases (qualified), its own methods, and what its attributes were seen to be."""

    name: str
    module: str
    node: cst.ClassDef
    bases: tuple[str, ...]
    methods: dict[str, cst.FunctionDef]
    attributes: dict[str, Kind] = field(default_factory=dict)
    earlier: dict[str, Kind] = field(default_factory=dict)

    def attribute(self, name: str) -> Kind | None:
        """What an attribute was seen to be in this round, or in the one before."""
        return self.attributes.get(name, self.earlier.get(name))


@dataclass
class Summary:
    """What is known of a function: the layouts its parameters want, what it returns, what its callers pass.

    `arguments` is what the last round's callers passed, `passed` collects this round's. `result` is the layout in
    which a tensor of rank four is handed out, whatever was returned: one that goes with the others beside it. `ranks`
    are the numbers of axes that parameters have, where the function says so. A layout of OPAQUE is a decision too: the
    parameter is an image where it has four axes, and tokens where it has three.
    """

    layouts: dict[str, Layout] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    returns: Kind = UNKNOWN
    parameters: tuple[str, ...] = ()
    arguments: dict[str, Kind] = field(default_factory=dict)
    passed: dict[str, Kind] = field(default_factory=dict)
    result: Layout | None = None


class Program:
    """Looks up classes, methods and functions by qualified name."""

    def __init__(self, resolver: NameResolver, hints: dict[str, Hint], registries: Registries) -> None:
        self.resolver = resolver
        self.registries = registries
        self.hints = hints
        self.summaries: dict[str, Summary] = {}
        self.changed = False
        self.recording: Replay | None = None
        self._settling = False
        self._definitions: dict[str, dict[str, int]] = {}
        self._classes: dict[str, ClassInfo | None] = {}
        self._fields: dict[str, tuple[cst.AnnAssign, ...]] = {}
        self._flags: dict[str, dict[str, str]] = {}
        self._ancestries: dict[str, tuple[str, ...]] = {}
        self._below: dict[str, set[str]] = {}
        self._unplaced: list[str] = []
        self._layers: dict[str, rules.Layer | None] = {}
        self._read_off: dict[tuple[Callable[..., object], cst.FunctionDef], object] = {}

    # questions and notes -------------------------------------------------------------------------------------------

    def _ask(self, question: Callable[..., T], *arguments: str) -> T:
        """The answer to a question about what was noted so far."""
        answer = question(*arguments)
        if self.recording is not None:
            self.recording.answers.setdefault((question, arguments), answer)
        return answer

    def _note(self, note: Callable[..., None], *arguments: object) -> None:
        if self.recording is not None:
            self.recording.notes.append((note, arguments))
        note(*arguments)

    def read_off(self, reading: Callable[[cst.FunctionDef], T], function: cst.FunctionDef) -> T:
        """What a function's text alone says; read once, however often the function is typed."""
        key = reading, function
        if key not in self._read_off:
            self._read_off[key] = reading(function)
        return self._read_off[key]  # type: ignore[return-value]

    # definitions ---------------------------------------------------------------------------------------------------

    def definition(self, module: str, name: str) -> cst.BaseStatement | None:
        """The top-level def or class called `name`."""
        if module not in self._definitions:
            table: dict[str, int] = {}
            for index, statement in enumerate(self.resolver.tree(module).body):
                if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
                    table[statement.name.value] = index
            self._definitions[module] = table
        found = self._definitions[module].get(name)
        return None if found is None else self.resolver.statement(module, found)

    def function(self, qualified: str) -> tuple[str, cst.FunctionDef] | None:
        """(module, def) of a qualified top-level function."""
        module, _, name = qualified.rpartition(".")
        if not module or not self.resolver.has_module(module):
            return None
        node = self.definition(module, name)
        return (module, node) if isinstance(node, cst.FunctionDef) else None

    def class_info(self, qualified: str) -> ClassInfo | None:
        """The class of a qualified name; None when it is no class of the source."""
        if qualified not in self._classes:
            self._classes[qualified] = info = self._read_class(qualified)
            if info is not None:
                self._unplaced.append(qualified)
        return self._classes[qualified]

    def _read_class(self, qualified: str) -> ClassInfo | None:
        module, _, name = qualified.rpartition(".")
        if not module or not self.resolver.has_module(module):
            return None
        node = self.definition(module, name)
        if not isinstance(node, cst.ClassDef):
            return None
        bases = []
        for base in node.bases:
            origin = self.resolver.qualify(module, base.value)
            if origin is not None:
                bases.append(origin.dotted)
        methods = {s.name.value: s for s in node.body.body if isinstance(s, cst.FunctionDef)}
        return ClassInfo(qualified, module, node, tuple(bases), methods)

    # classes -------------------------------------------------------------------------------------------------------

    def ancestry(self, qualified: str) -> tuple[str, ...]:
        """The class and its bases, nearest first (depth first is enough: the source has no diamonds)."""
        if qualified not in self._ancestries:
            self._ancestries[qualified] = tuple(self._bases_first_to_last(qualified))
        return self._ancestries[qualified]

    def _bases_first_to_last(self, qualified: str) -> list[str]:
        found: list[str] = []
        pending = [qualified]
        while pending:
            name = pending.pop(0)
            if name in found:
                continue
            found.append(name)
            info = self.class_info(name)
            if info:
                pending = [*info.bases, *pending]
        return found

    def subclasses(self, qualified: str) -> list[str]:
        """The classes met so far that derive from a class."""
        return self._ask(self._subclasses, qualified)

    def _subclasses(self, qualified: str) -> list[str]:
        unplaced, self._unplaced = self._unplaced, []
        for name in unplaced:
            for base in self.ancestry(name)[1:]:
                self._below.setdefault(base, set()).add(name)
        return sorted(self._below.get(qualified, ()))

    def is_module(self, qualified: str) -> bool:
        """Whether a class is a torch.nn.Module or a torch layer."""
        return any(
            name in MODULE_BASES or isinstance(rules.find(name), rules.Layer) for name in self.ancestry(qualified)
        )

    def fields(self, qualified: str) -> tuple[cst.AnnAssign, ...]:
        """The fields of a dataclass of the source, in order; none where a class is no dataclass."""
        if qualified not in self._fields:
            info = self.class_info(qualified)
            self._fields[qualified] = tuple(_fields(info.node)) if info is not None else ()
        return self._fields[qualified]

    def flags(self, qualified: str) -> dict[str, str]:
        """The flags of a class of the source, with the parameters of its constructor that they hold."""
        if qualified not in self._flags:
            info = self.class_info(qualified)
            self._flags[qualified] = flags_of(info.node) if info is not None else {}
        return self._flags[qualified]

    def method(self, qualified: str, name: str) -> tuple[ClassInfo, cst.FunctionDef] | None:
        """The class that defines a method, and the method; looked up through the bases."""
        for base in self.ancestry(qualified):
            info = self.class_info(base)
            if info and name in info.methods:
                return info, info.methods[name]
        return None

    def layer(self, qualified: str) -> rules.Layer | None:
        """The torch layer that a class is or derives from, when it doesn't define `forward` itself."""
        if qualified not in self._layers:
            self._layers[qualified] = self._find_layer(qualified)
        return self._layers[qualified]

    def _find_layer(self, qualified: str) -> rules.Layer | None:
        for base in self.ancestry(qualified):
            row = rules.find(base)
            if isinstance(row, rules.Layer):
                return row
            info = self.class_info(base)
            if info and "forward" in info.methods:
                return None
        return None

    def input_layouts(self, module: Instance) -> set[Layout]:
        """The layouts that a module wants of its first argument; one for each of its possible classes."""
        choosy = {cls for cls in module.classes if not self._takes_any_layout(cls)}
        wanted = {self._input_layout(cls) for cls in choosy}
        for cls in filter(self.is_sequential, module.classes):
            wanted.update(self._run_layouts(module, cls))
        return wanted or {Layout.OPAQUE}

    def _run_layouts(self, module: Instance, cls: str) -> Iterator[Layout]:
        """What the first choosy module of a Sequential wants, for each way that it may be made in."""
        for run in self.runs(module, cls):
            each = (self.input_layouts(item) for item in run if isinstance(item, Instance))
            yield from next((wanted for wanted in each if wanted != {Layout.OPAQUE}), set())

    def is_sequential(self, qualified: str) -> bool:
        """Whether a class is a torch.nn.Sequential that runs its modules as torch does."""
        layer = self.layer(qualified)
        return layer is not None and layer.torch == SEQUENTIAL

    def runs(self, module: Instance, cls: str) -> frozenset[tuple[Kind, ...]]:
        """The modules of a Sequential in order, for each way that it may be made in; none where they are not known."""
        if cls == SEQUENTIAL:
            return module.runs
        added = [run for base in self.ancestry(cls) if (run := self._added(base))]
        return frozenset(added) if len(added) == 1 else frozenset()

    def _added(self, cls: str) -> tuple[Kind, ...]:
        """The modules that a class of the source adds to itself, in order."""
        run: list[Kind] = []
        while (kind := self._ask(self._own_attribute, cls, _PLACE.format(len(run)))) is not None:
            run.append(kind)
        return tuple(run)

    def set_place(self, cls: str, place: int, module: Kind) -> None:
        """Note what a class of the source adds to itself in `place`."""
        if self.is_sequential(cls) and isinstance(module, Instance) and cls not in module.classes:
            self.set_attribute(cls, _PLACE.format(place), module)

    def _takes_any_layout(self, qualified: str) -> bool:
        layer = self.layer(qualified)
        return layer is not None and layer.layout == "any"

    def _input_layout(self, qualified: str) -> Layout:
        layer = self.layer(qualified)
        if layer is not None:
            return {"image": Layout.IMAGE, "plain": Layout.PLAIN, "any": Layout.OPAQUE}[layer.layout]
        found = self.method(qualified, "forward")
        if found is None:
            return Layout.OPAQUE
        names = [p.name.value for p in parameter_list(found[1].params)][1:2]
        layouts = self.summary(f"{found[0].name}.forward").layouts
        return layouts.get(names[0], Layout.OPAQUE) if names else Layout.OPAQUE

    def attribute(self, qualified: str, name: str) -> Kind | None:
        """What an attribute was seen to be, in the class or its bases."""
        found: Kind | None = None
        for base in self.ancestry(qualified):
            kind = self._ask(self._own_attribute, base, name)
            if kind is not None:
                found = kind if found is None else join(found, kind)
        return found

    def _own_attribute(self, qualified: str, name: str) -> Kind | None:
        info = self.class_info(qualified)
        return info.attribute(name) if info else None

    def set_attribute(self, qualified: str, name: str, kind: Kind) -> None:
        """Note one more thing that an attribute was seen to be."""
        if self.class_info(qualified) is not None:
            self._ask(self._attribute_so_far, qualified, name)
            self._note(self._set_attribute, qualified, name, kind)

    def _attribute_so_far(self, qualified: str, name: str) -> Kind | None:
        info = self.class_info(qualified)
        return info.attributes.get(name) if info else None

    def _set_attribute(self, qualified: str, name: str, kind: Kind) -> None:
        info = self.class_info(qualified)
        assert info is not None
        before = info.attributes.get(name)
        info.attributes[name] = kind if before is None else _join_attribute(before, kind)

    def set_element(self, container: Instance, kind: Kind) -> None:
        """Note one more module that a container of the source holds."""
        for cls in container.classes:
            self.set_attribute(cls, _ELEMENT, kind)

    def element(self, container: Instance) -> Instance:
        """What the modules of a container are."""
        if container.element is not None:
            return container.element if isinstance(container.element, Instance) else Instance()
        kinds = [self.attribute(cls, _ELEMENT) for cls in sorted(container.classes)]
        known: list[Kind] = [kind for kind in kinds if isinstance(kind, Instance)]
        found = join_all(known) if known and len(known) == len(kinds) else Instance()
        return found if isinstance(found, Instance) else Instance()

    # summaries -----------------------------------------------------------------------------------------------------

    def summary(self, function: str) -> Summary:
        """What is known of a function; to be changed by the methods below only."""
        self._ask(self._known, function)
        return self.summaries[function]

    def _known(self, function: str) -> tuple[object, ...]:
        summary = self._summary(function)
        return summary.arguments, summary.layouts, summary.ranks, summary.returns, summary.result

    def _summary(self, function: str) -> Summary:
        if function not in self.summaries:
            hint = self.hints.get(function)
            hinted = {**hint.kinds, **hint.parameters} if hint else {}
            layouts = {name: _layout(hinted_kind(kind)) for name, kind in hinted.items()}
            decided = {name: layout for name, layout in layouts.items() if layout is not None}
            returns = hinted_kind(hint.returns) if hint and hint.returns else UNKNOWN
            self.summaries[function] = Summary(decided, returns=returns)
        return self.summaries[function]

    def hand_out(self, function: str, layout: Layout) -> None:
        """Note in which layout a function's result is wanted; the first word counts."""
        self._note(self._hand_out, function, layout)

    def _hand_out(self, function: str, layout: Layout) -> None:
        summary = self._summary(function)
        if summary.result is None:
            summary.result = layout
            self.changed = True

    def note_argument(self, function: str, parameter: str, kind: Kind) -> None:
        """Note what a caller passes for a parameter."""
        self._note(self._note_argument, function, parameter, kind)

    def _note_argument(self, function: str, parameter: str, kind: Kind) -> None:
        summary = self._summary(function)
        before = summary.passed.get(parameter)
        if before is None or kind != UNKNOWN:  # who passes what nobody knows says nothing
            summary.passed[parameter] = kind if before in (None, UNKNOWN) else join(before, kind)

    def note_result(self, function: str, returns: Kind, layouts: dict[str, Layout], ranks: dict[str, int]) -> None:
        """Note what a function returns, and the layouts and axes of its arguments."""
        self._note(self._note_result, function, returns, layouts, ranks)

    def _note_result(self, function: str, returns: Kind, layouts: dict[str, Layout], ranks: dict[str, int]) -> None:
        summary = self._summary(function)
        summary.returns = returns
        summary.layouts = layouts
        summary.ranks = ranks

    # rounds --------------------------------------------------------------------------------------------------------

    @property
    def settling(self) -> bool:
        """Whether weak evidence counts too."""
        return self._ask(self._is_settling)

    def _is_settling(self) -> bool:
        return self._settling

    def settle(self) -> None:
        """Let weak evidence count from here on."""
        self._settling = True

    @contextmanager
    def record(self) -> Iterator[Replay]:
        """Records what is asked and noted in the `with` block."""
        outer, self.recording = self.recording, Replay()
        try:
            yield self.recording
        finally:
            self.recording = outer

    def begin_round(self) -> None:
        """Start collecting afresh; what the last round saw is what this one reads."""
        self.changed = False
        for info in self._classes.values():
            if info is not None:
                info.earlier, info.attributes = info.attributes, {}
        for summary in self.summaries.values():
            summary.arguments, summary.passed = summary.passed, {}

    def settled(self) -> bool:
        """Whether the round saw what the one before saw."""
        if self.changed:
            return False
        classes = all(info is None or info.attributes == info.earlier for info in self._classes.values())
        return classes and all(summary.passed == summary.arguments for summary in self.summaries.values())


def _fields(node: cst.ClassDef) -> Iterator[cst.AnnAssign]:
    names = {dotted_name(getattr(d.decorator, "func", d.decorator)) for d in node.decorators}
    if names & {"dataclass", "dataclasses.dataclass"}:
        for statement in node.body.body:
            if isinstance(statement, cst.SimpleStatementLine):
                yield from (part for part in statement.body if isinstance(part, cst.AnnAssign))


def _layout(kind: Kind) -> Layout | None:
    """The layout of a tensor, or of the tensors in a list."""
    held = kind.element if isinstance(kind, Sequence) else kind
    return held.layout if isinstance(held, Tensor) and held.layout is not Layout.OPAQUE else None


def _join_attribute(before: Kind, after: Kind) -> Kind:
    if isinstance(before, type(UNKNOWN)):
        return after
    if isinstance(after, type(UNKNOWN)):
        return before
    joined = join(before, after)
    if joined == UNKNOWN and isinstance(before, Instance):
        return before
    return joined
