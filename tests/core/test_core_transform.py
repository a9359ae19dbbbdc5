"""Trees rewritten without visiting layout, against libcst's own way."""

from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from transpiler.transform import transformed
from transpiler.walk import children, walk

SAMPLES = sorted(Path(__file__).parents[2].glob("transpiler/passes/[a-z]*.py"))
MORE = """
@decorated(1)
class Block(Base, metaclass=Meta):
    def run(self, a, /, b: int = 1, *rest, c=2, **others) -> int:
        try:
            x = a if b else c
        except (ValueError, TypeError) as error:
            print(error, *rest, key=b, **others)
        match a:
            case [1, *tail] if tail:
                pass
        return [y for y in {**others, "k": 1} if not y] and a[1:2, ::3] or (lambda z, w=1: z)(b)

    async def wait(self):
        async with a as b, c:
            del a, b
        while a < b <= c:
            a += -1; b = yield a
        else:
            assert a, b
"""


class _Rewrite(cst.CSTTransformer):
    """Renames, removes a statement, puts two in the place of one, and doesn't look into lambdas."""

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return (
            updated_node.with_changes(value=updated_node.value + "_") if len(updated_node.value) == 1 else updated_node
        )

    def leave_Del(self, original_node: cst.Del, updated_node: cst.Del) -> cst.RemovalSentinel:
        return cst.RemoveFromParent()

    def leave_SimpleStatementLine(self, original_node, updated_node):  # type: ignore[no-untyped-def]
        if updated_node.body and isinstance(updated_node.body[0], cst.Return):
            return cst.FlattenSentinel([cst.parse_statement("before = 1"), updated_node])
        return updated_node


@pytest.fixture(params=[*SAMPLES, MORE], ids=[*(path.stem for path in SAMPLES), "all statements"])
def tree(request: pytest.FixtureRequest) -> cst.Module:
    return cst.parse_module(request.param if isinstance(request.param, str) else request.param.read_text())


def test_rewritten_as_libcst_does(tree: cst.Module) -> None:
    expected = tree.visit(_Rewrite())
    actual = transformed(tree, _Rewrite())
    assert actual.code == expected.code != tree.code


def test_what_nothing_changes_stays_the_same_node(tree: cst.Module) -> None:
    assert transformed(tree, cst.CSTTransformer()) is tree


def test_parts_come_in_source_order(tree: cst.Module) -> None:
    positions = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(PositionProvider)
    for node in walk(tree):
        starts = [positions[part].start for part in children(node) if part in positions]
        lines = [(start.line, start.column) for start in starts]
        assert lines == sorted(lines), type(node).__name__
