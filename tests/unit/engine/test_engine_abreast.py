"""Work on several files abreast: in order, some at a time, and never in the way of the process's end."""

import threading

import pytest

from connector.engine.abreast import AT_ONCE, abreast
from connector.kernel.errors import PostrailError


def test_results_come_in_the_order_of_the_items() -> None:
    last = threading.Event()

    def work(number: int) -> int:
        if number == AT_ONCE - 1:
            last.set()
        assert last.wait(20)
        return number * number

    assert abreast(work, range(10), lambda: False) == [number * number for number in range(10)]


def test_so_many_are_worked_on_at_once_and_no_more() -> None:
    together, lock = threading.Barrier(AT_ONCE), threading.Lock()
    under_way, most = 0, 0

    def work(_: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(20)
        with lock:
            under_way -= 1

    abreast(work, range(3 * AT_ONCE), lambda: False)
    assert most == AT_ONCE


def test_nothing_is_done_for_no_items() -> None:
    assert abreast(lambda item: item, [], lambda: True) == []


def test_a_defect_reaches_who_waits() -> None:
    def work(number: int) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        abreast(work, [1, 0], lambda: False)


def test_no_thread_keeps_the_process_from_ending() -> None:
    assert abreast(lambda _: threading.current_thread().daemon, range(3), lambda: False) == [True] * 3


def test_what_is_under_way_may_end_while_the_process_drains() -> None:
    assert abreast(lambda number: number, range(9), lambda: True, grace_s=20) == list(range(9))


def test_who_waits_for_what_does_not_end_is_told_that_the_process_drains() -> None:
    begun: list[int] = []
    ending = threading.Event()
    drained = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if len(begun) == AT_ONCE:
            drained.set()
        ending.wait(20)

    with pytest.raises(PostrailError) as caught:
        abreast(work, range(2 * AT_ONCE), drained.is_set, grace_s=0)
    ending.set()
    for thread in threading.enumerate():
        if thread.name.startswith("abreast-"):
            thread.join(20)
    assert caught.value.code == "server_draining"
    assert sorted(begun) == list(range(AT_ONCE))
