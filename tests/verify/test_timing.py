"""Benchmark arithmetic, and the hand-written yardstick's layouts."""

from transpiler.bench.timing import median_ratio, summarise, time_interleaved


def test_rivals_take_turns_going_first() -> None:
    order: list[str] = []
    seconds = time_interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=2, warm_up=1)
    assert order == ["a", "b", "a", "b", "b", "a"]
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "b": 2}


def test_ratio_is_taken_round_by_round() -> None:
    assert median_ratio([2.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == 2.0


def test_summary() -> None:
    assert summarise([3.0]).median == 3.0
    timing = summarise([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (timing.lower, timing.median, timing.upper, timing.repeats) == (2.0, 3.0, 4.0, 5)
