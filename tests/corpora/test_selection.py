"""Random order and hours: properties for any corpus."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.data.selection import Lengths, in_seeded_order, within

NAMES = st.lists(st.text("abc0123_", min_size=1), unique=True, max_size=30)
SECONDS = st.lists(st.floats(0.5, 30), max_size=40)
HOURS = st.floats(0, 0.1)


def lots(names, seed=1, language="ca"):
    return in_seeded_order(names, str, seed, language)


def cut(seconds, hours):
    return [
        row["utterance"]
        for row in within(({"utterance": id, "seconds": each} for id, each in enumerate(seconds)), hours)
    ]


@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_corpus_is_stored(names, shuffler: random.Random):
    shuffled = names.copy()
    shuffler.shuffle(shuffled)
    assert lots(shuffled) == lots(names)


@given(NAMES)
def test_taking_away_utterances_moves_no_other(names):
    rest = set(names[::2])
    assert lots(rest) == [name for name in lots(names) if name in rest]


def test_the_order_depends_on_seed_and_language_and_is_uniform():
    names = [f"clip{number:04d}" for number in range(2000)]
    orders = [lots(names), lots(names, seed=2), lots(names, language="sv")]
    assert len({tuple(order) for order in orders}) == 3
    for order in orders:
        # Of 1000 drawn among 2000, 500 of the first half; 5 standard deviations are 79.
        assert sum(name < "clip1000" for name in order[:1000]) == pytest.approx(500, abs=79)


@given(SECONDS, HOURS)
def test_the_hours_are_filled_until_the_next_utterance_does_not_fit(seconds, hours):
    taken = cut(seconds, hours)
    assert taken == list(range(len(taken)))
    assert sum(seconds[: len(taken)]) <= hours * 3600
    if len(taken) < len(seconds):
        assert sum(seconds[: len(taken) + 1]) > hours * 3600


@given(SECONDS, HOURS, HOURS)
def test_more_hours_hold_what_fewer_hold(seconds, one, other):
    few, many = cut(seconds, min(one, other)), cut(seconds, max(one, other))
    assert many[: len(few)] == few


def test_a_shorter_utterance_after_the_limit_is_not_sought():
    assert cut([1800, 1200, 900, 1], 1) == [0, 1]
    assert cut([1800, 1800, 1], 1) == [0, 1]


def test_nothing_is_read_beyond_the_utterance_that_does_not_fit():
    read = []

    def rows():
        for number in range(9):
            read.append(number)
            yield {"seconds": 1800}

    assert len(list(within(rows(), 1))) == 2
    assert read == [0, 1, 2]


def test_both_ends_of_the_lengths_are_allowed():
    lengths = Lengths(0.5, 30)
    assert [lengths.fault(seconds) for seconds in (0.49, 0.5, 30, 30.01)] == ["too short", None, None, "too long"]
