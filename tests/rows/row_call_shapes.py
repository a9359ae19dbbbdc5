"""The ways to write one call: positional, by keyword, shuffled, with defaults left out or written, by every name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from row_cases import Example, arrays
from row_snippets import HEADER

from transpiler.rules.table import Op
from transpiler.rules.template import Parameter, parameters


@dataclass(frozen=True)
class Arguments:
    """A call's arguments as code, by the row's parameter names; a variadic one is a tuple of them."""

    given: dict[str, str | tuple[str, ...]]

    def without(self, names: list[str]) -> Arguments:
        return Arguments({name: value for name, value in self.given.items() if name not in names})


def call_shapes(example: Example) -> list[str]:
    """Every way to write an example's call that torch accepts, the example itself first."""
    tree = ast.parse(example.case.code, mode="eval")
    call = _call_of(example.row, tree)
    if call is None:
        return [example.case.code]
    shapes = [code for code in dict.fromkeys(_shapes(example.row, call)) if _is_python(code)]
    written = [ast.unparse(_Replace(call, code).visit(ast.parse(example.case.code, mode="eval"))) for code in shapes]
    return list(dict.fromkeys(code for code in [example.case.code, *written] if torch_accepts(code, example)))


def _is_python(code: str) -> bool:
    """Some of torch's parameters, such as `from`, can't be written as keywords."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def torch_accepts(code: str, example: Example) -> bool:
    import torch

    namespace: dict[str, object] = {}
    exec(HEADER, namespace)
    namespace |= {name: torch.from_numpy(value.copy()) for name, value in arrays(example.case).items()}
    try:
        eval(code, namespace)
    except (TypeError, RuntimeError, ValueError, AttributeError, SyntaxError):
        return False
    return True


# Reading the example -------------------------------------------------------------------------------------------------


def _names(row: Op) -> tuple[str, ...]:
    return (row.torch, *row.also)


def _is_method(name: str) -> bool:
    return name.startswith("torch.Tensor.")


def _call_of(row: Op, tree: ast.AST) -> ast.Call | None:
    """The outermost call of the row's function or method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _row_name(row, node) is not None:
            return node
    return None


def _row_name(row: Op, call: ast.Call) -> str | None:
    dotted = ast.unparse(call.func)
    if dotted in _names(row):
        return dotted
    method = f"torch.Tensor.{call.func.attr}" if isinstance(call.func, ast.Attribute) else ""
    return method if method in _names(row) and not dotted.startswith("torch.") else None


def _arguments(row: Op, call: ast.Call) -> Arguments:
    values = [ast.unparse(argument) for argument in call.args]
    if isinstance(call.func, ast.Attribute) and _is_method(_row_name(row, call) or ""):
        values.insert(0, f"({ast.unparse(call.func.value)})")
    given: dict[str, str | tuple[str, ...]] = {}
    for parameter in parameters(row):
        if parameter.variadic:
            given[parameter.name], values = tuple(values), []
        elif values:
            given[parameter.name] = values.pop(0)
    return Arguments(given | {word.arg or "": ast.unparse(word.value) for word in call.keywords})


# Writing it in other ways --------------------------------------------------------------------------------------------


def _shapes(row: Op, call: ast.Call) -> Iterator[str]:
    arguments = _arguments(row, call)
    defaults = {p.name: p.default for p in parameters(row) if p.default not in ("", "None")}
    same_as_default = [name for name, value in arguments.given.items() if defaults.get(name) == value]
    missing = {name: value for name, value in defaults.items() if name not in arguments.given}
    for name in _names(row):
        yield _positional(row, name, arguments)
        yield _by_keyword(row, name, arguments)
        yield _by_keyword(row, name, arguments, shuffled=True)
        yield _by_keyword(row, name, arguments.without(same_as_default))
        yield _by_keyword(row, name, Arguments(arguments.given | missing))
        yield _positional(row, name, Arguments(arguments.given | missing))


def _positional(row: Op, name: str, arguments: Arguments) -> str:
    """As many arguments by position as there can be."""
    values: list[str] = []
    words: list[str] = []
    gap = False
    for parameter in parameters(row):
        value = arguments.given.get(parameter.name)
        if value is None:
            gap = True
        elif isinstance(value, tuple):
            values += value
        elif gap or parameter.keyword_only:
            words.append(f"{parameter.name}={value}")
        else:
            values.append(value)
    return _call(name, values, words)


def _by_keyword(row: Op, name: str, arguments: Arguments, *, shuffled: bool = False) -> str:
    """Everything by keyword but the receiver."""
    values: list[str] = []
    words: list[str] = []
    for number, parameter in enumerate(parameters(row)):
        value = arguments.given.get(parameter.name)
        if value is None:
            continue
        if number == 0 and _is_method(name) or isinstance(value, tuple) and not _takes_tuple(parameter):
            values += (value,) if isinstance(value, str) else value
        else:
            words.append(f"{parameter.name}={value if isinstance(value, str) else _tuple(value)}")
    return _call(name, values, words[::-1] if shuffled else words)


def _takes_tuple(parameter: Parameter) -> bool:
    """Whether a variadic parameter is torch's `int... sizes`, which is also taken as one tuple by keyword."""
    return parameter.name not in ("tensors", "operands", "args", "range")


def _tuple(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 and values[0].startswith(("(", "[")) else f"({', '.join(values)},)"


def _call(name: str, values: list[str], words: list[str]) -> str:
    if _is_method(name):
        return f"{values[0]}.{name.rpartition('.')[2]}({', '.join([*values[1:], *words])})"
    return f"{name}({', '.join([*values, *words])})"


class _Replace(ast.NodeTransformer):
    """Puts other code in the place of a call."""

    def __init__(self, call: ast.Call, code: str) -> None:
        self.place = (call.lineno, call.col_offset, call.end_col_offset)
        self.code = code

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if (node.lineno, node.col_offset, node.end_col_offset) == self.place:
            return ast.parse(self.code, mode="eval").body
        return self.generic_visit(node)
