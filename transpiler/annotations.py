"""What an annotation says about a value."""

from __future__ import annotations

import libcst as cst

from .kinds import (
    NONE,
    OPAQUE_TENSOR,
    PYTHON,
    UNKNOWN,
    ClassValue,
    Instance,
    Kind,
    Mapping,
    Sequence,
    Tensor,
    Tuple,
    join_all,
    plain,
)
from .program import Program
from .walk import find

_SEQUENCES = frozenset(
    {"List", "list", "Sequence", "Iterable", "Iterator", "Set", "set", "FrozenSet", "Deque", "Collection"}
)
_MAPPINGS = frozenset({"Dict", "dict", "Mapping", "OrderedDict", "MutableMapping", "DefaultDict"})
_FACTORIES = frozenset({"Type", "type", "Callable"})
_PLAIN = frozenset(
    {"int", "float", "str", "bool", "bytes", "complex", "Path", "Literal", "device", "dtype", "Size", "object"}
)


def annotation_kind(program: Program, module: str, node: cst.BaseExpression) -> Kind:
    """The kind that an annotation stands for; UNKNOWN when it says nothing."""
    if isinstance(node, cst.SimpleString):
        return _from_string(program, module, node)
    if isinstance(node, cst.Subscript):
        return _subscripted(program, module, node)
    if isinstance(node, (cst.Name, cst.Attribute)):
        return _named(program, module, node)
    return UNKNOWN


def _from_string(program: Program, module: str, node: cst.SimpleString) -> Kind:
    try:
        return annotation_kind(program, module, cst.parse_expression(str(node.evaluated_value)))
    except cst.ParserSyntaxError:
        return UNKNOWN


def _named(program: Program, module: str, node: cst.Name | cst.Attribute) -> Kind:
    last = node.value if isinstance(node, cst.Name) else node.attr.value
    if last == "None":
        return NONE
    origin = program.resolver.qualify(module, node)
    dotted = origin.dotted if origin else ""
    if dotted == "torch.Tensor":
        return OPAQUE_TENSOR
    if dotted in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
        return Tensor(variable=True)
    if dotted == "torch.nn.Module":
        return Instance()
    if dotted.startswith("torch.nn."):
        return Instance(frozenset({dotted}))
    if origin is not None and origin.is_symbol:
        if program.class_info(dotted) is not None:
            is_object = program.is_module(dotted) or _holds_classes(program, dotted)
            return Instance(frozenset({dotted})) if is_object else PYTHON
        return _alias(program, origin.module or "", origin.symbol or "")
    if last in _PLAIN:
        return PYTHON
    if last == "Callable":
        return ClassValue()
    if last in _SEQUENCES:
        return Sequence(UNKNOWN)
    if last in ("tuple", "Tuple"):
        return Sequence(UNKNOWN)
    if last in _MAPPINGS:
        return Mapping(UNKNOWN)
    return UNKNOWN


def _holds_classes(program: Program, cls: str) -> bool:
    """Whether a dataclass says of a field that it holds a class, or a function that makes objects."""
    annotations = (field.annotation.annotation for field in program.fields(cls))
    return any(name.value in _FACTORIES for annotation in annotations for name in find(annotation, cst.Name))


def _alias(program: Program, module: str, name: str) -> Kind:
    """An alias such as `LayerType = Union[str, Callable, Type[nn.Module]]`."""
    for statement in program.resolver.tree(module).body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for part in statement.body:
            if isinstance(part, cst.Assign) and any(
                isinstance(t.target, cst.Name) and t.target.value == name for t in part.targets
            ):
                return annotation_kind(program, module, part.value)
    return UNKNOWN


def _subscripted(program: Program, module: str, node: cst.Subscript) -> Kind:
    last = (
        node.value.value
        if isinstance(node.value, cst.Name)
        else node.value.attr.value
        if isinstance(node.value, cst.Attribute)
        else ""
    )
    items = [s.slice.value for s in node.slice if isinstance(s.slice, cst.Index)]
    if last in ("Optional", "Final", "ClassVar"):
        return annotation_kind(program, module, items[0])
    if last == "Union":
        kinds = [annotation_kind(program, module, item) for item in items]
        return _union(kinds)
    if last == "Literal":
        return PYTHON
    if last in ("Type", "type"):
        return _class_of(annotation_kind(program, module, items[0]))
    if last == "Callable":
        return ClassValue()
    if last in _SEQUENCES:
        return Sequence(annotation_kind(program, module, items[0]))
    if last in _MAPPINGS:
        value = annotation_kind(program, module, items[1]) if len(items) == 2 else UNKNOWN
        return Mapping(plain() if value == OPAQUE_TENSOR else value)
    if last in ("Tuple", "tuple"):
        if len(items) == 2 and isinstance(items[1], cst.Ellipsis):
            return Sequence(annotation_kind(program, module, items[0]))
        return Tuple(tuple(annotation_kind(program, module, item) for item in items))
    return UNKNOWN


def _union(kinds: list[Kind]) -> Kind:
    """A union of plain values is a plain value, whatever containers are among them."""
    flat = [k for k in kinds if k != NONE]
    if any(isinstance(k, ClassValue) for k in flat):
        return ClassValue()
    if all(_is_python(k) for k in flat):
        return PYTHON
    return join_all(flat) if flat else NONE


def _is_python(kind: Kind) -> bool:
    if isinstance(kind, Sequence):
        return _is_python(kind.element)
    if isinstance(kind, Tuple):
        return all(_is_python(item) for item in kind.items)
    return kind in (PYTHON, NONE)


def _class_of(kind: Kind) -> Kind:
    return ClassValue(kind.classes) if isinstance(kind, Instance) else ClassValue()
