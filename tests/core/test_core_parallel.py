"""Work that is shared among processes gives what it gives in one."""

from __future__ import annotations

import os
import sys
import time

import pytest

from transpiler.parallel import in_parallel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")


@pytest.mark.parametrize("processes", [1, 2, 3, 9])
def test_results_come_in_the_order_of_the_items(processes):
    items = [5, 1, 4, 2, 3]
    assert in_parallel(lambda n: n * n, items, weight=float, processes=processes) == [25, 1, 16, 4, 9]
    assert in_parallel(lambda n: n * n, [], weight=float, processes=processes) == []


def test_others_take_their_share():
    def work(_):
        time.sleep(0.02)
        return os.getpid()

    found = in_parallel(work, range(8), weight=lambda _: 1.0, processes=2)
    assert len(set(found)) == 2 and os.getpid() in found


def test_the_heaviest_are_begun_first():
    seen = []
    in_parallel(str, [2, 3, 1], weight=float, begun=lambda item, number: seen.append((item, number)), processes=1)
    assert seen == [(3, 0), (2, 1), (1, 2)]


@pytest.mark.parametrize("fault", [lambda: os._exit(1), lambda: os.kill(os.getpid(), 9)])
def test_what_a_process_fails_to_do_is_done_here(fault):
    here = os.getpid()

    def work(number):
        if os.getpid() != here:
            fault()
        return number

    assert in_parallel(work, range(4), weight=lambda _: 1.0, processes=2) == [0, 1, 2, 3]


def test_an_error_is_raised_here_and_no_process_is_left():
    def work(number):
        raise ValueError(number)

    with pytest.raises(ValueError):
        in_parallel(work, range(4), weight=lambda _: 1.0, processes=2)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
