"""A process for every item: in order, whatever happens to one of them."""

import os
import time

import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.speech.children import one_child_each


def slow_when_even(number):
    time.sleep(0.05 * (number % 2 == 0))
    return number, os.getpid()


def test_results_come_in_order_each_from_a_process_of_its_own():
    results = list(one_child_each(slow_when_even, range(20), workers=3))
    assert [number for number, _ in results] == list(range(20))
    assert len({pid for _, pid in results} - {os.getpid()}) == 20


def test_a_result_larger_than_a_pipe_arrives():
    assert [len(result) for result in one_child_each(bytes, [10_000_000, 1], workers=2)] == [10_000_000, 1]


def fails_at_two(number):
    if number == 2:
        raise UserError("two is wrong")
    return number


def test_an_error_is_raised_in_its_turn_and_never_waits_for_ever():
    """A pool of processes hung in about one of some hundred such closings."""
    for _ in range(300):
        results = []
        with pytest.raises(UserError, match="two is wrong"):
            results.extend(one_child_each(fails_at_two, range(3), workers=2))
    results = one_child_each(fails_at_two, range(5), workers=4)
    assert [next(results), next(results)] == [0, 1]


def test_a_killed_child_is_an_error():
    with pytest.raises(ChildProcessError, match="code 7"):
        list(one_child_each(os._exit, [7], workers=1))


def test_nothing_is_left_running_when_the_caller_stops_early():
    results = one_child_each(time.sleep, [0, 60, 60], workers=3)
    next(results)
    begin = time.monotonic()
    results.close()
    assert time.monotonic() - begin < 10


def test_items_are_taken_as_they_are_needed():
    taken = []
    results = one_child_each(abs, (taken.append(n) or n for n in range(1000)), workers=2)
    next(results)
    assert len(taken) < 20
