"""A part of a module is typed again only when what it asked about has changed."""

import pytest

from transpiler.kinds import PYTHON, Instance, Layout, Tensor
from transpiler.names import NameResolver
from transpiler.prepare import prepare
from transpiler.program import Program
from transpiler.registries import Registries
from transpiler.source import SourceFinder

BASE = "class Base:\n    pass\n\n\nclass Derived(Base):\n    pass\n"


@pytest.fixture
def program(tmp_path):
    (tmp_path / "one.py").write_text(BASE)
    resolver = NameResolver(SourceFinder(tmp_path), {"one"}, prepare)
    return Program(resolver, {}, Registries(resolver, frozenset()))


def _recorded(program, work):
    program.begin_round()
    with program.record() as replay:
        work()
    program.begin_round()
    return replay


def test_an_attribute_that_is_seen_to_be_something_else_is_a_new_answer(program):
    program.set_attribute("one.Base", "size", PYTHON)
    replay = _recorded(program, lambda: program.attribute("one.Derived", "size"))
    program.set_attribute("one.Base", "size", PYTHON)
    assert replay.holds()
    program.set_attribute("one.Derived", "size", Instance())
    assert not replay.holds()


def test_what_a_function_is_passed_or_takes_is_a_new_answer(program):
    replay = _recorded(program, lambda: program.summary("one.f"))
    assert replay.holds()
    program.note_result("one.f", PYTHON, {"x": Layout.IMAGE}, {})
    assert not replay.holds()


def test_what_one_writes_after_others_depends_on_what_they_wrote(program):
    replay = _recorded(program, lambda: program.set_attribute("one.Base", "scale", Tensor(Layout.PLAIN)))
    assert replay.holds()
    program.set_attribute("one.Base", "scale", Tensor(Layout.IMAGE))
    assert not replay.holds()


def test_that_weak_evidence_counts_is_a_new_answer(program):
    replay = _recorded(program, lambda: program.settling)
    program.settle()
    assert not replay.holds()


def test_what_was_noted_is_noted_again(program):
    def notes():
        program.set_attribute("one.Base", "size", PYTHON)
        program.note_argument("one.f", "x", Tensor(Layout.IMAGE))

    replay = _recorded(program, notes)
    program.begin_round()
    assert program.attribute("one.Base", "size") is None
    replay.run()
    assert program.attribute("one.Base", "size") == PYTHON
    program.begin_round()
    assert program.summary("one.f").arguments == {"x": Tensor(Layout.IMAGE)}
