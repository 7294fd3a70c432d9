import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.tally import Proportion, Tally, percentage, wilson_interval


def tally(counts, kind=Tally):
    return kind("errors", "by hand", np.array(counts), percentage)


def test_bootstrap_interval_of_a_proportion_is_close_to_the_normal_one():
    # 50 of 100: 1.96 * sqrt(0.5 * 0.5 / 100) = 9.8 percent either way.
    metric = tally([[1, 1], [0, 1]] * 50).metric(seed=0)
    assert metric.value == 50
    assert (metric.low, metric.high) == (pytest.approx(40.2, abs=1.5), pytest.approx(59.8, abs=1.5))


def test_wilson_interval_matches_published_values():
    assert wilson_interval(81, 263) == (pytest.approx(25.53, abs=0.01), pytest.approx(36.62, abs=0.01))  # Newcombe 1998
    assert wilson_interval(0, 20) == (pytest.approx(0), pytest.approx(16.11, abs=0.01))


@given(st.integers(1, 200), st.data())
def test_wilson_interval_holds_the_proportion(trials, data):
    successes = data.draw(st.integers(0, trials))
    metric = tally([[successes, trials]], Proportion).metric(seed=0)
    assert 0 <= metric.low <= metric.value <= metric.high <= 100
    assert metric.n == trials
    assert metric.high > metric.low


def test_the_seed_decides_the_interval():
    skewed = tally([[i % 7, 5] for i in range(40)])
    assert skewed.metric(seed=1) == skewed.metric(seed=1)
    assert skewed.metric(seed=1) != skewed.metric(seed=2)


def test_undefined_resamples_are_ignored():
    # A quarter of the resamples draw the utterance without a reference twice.
    metric = tally([[1, 0], [1, 2]]).metric(seed=0)
    assert (metric.value, metric.low, metric.high) == (100, 50, 100)


def test_recordings_of_a_sentence_are_drawn_together():
    # Sentences of four recordings each, all of them wrong or all right: the interval is that of 25 sentences, not of 100.
    names = [f"s-{n:02d}" + (f"--take{take}" if take > 1 else "") for take in (1, 2, 3, 4) for n in range(25)]
    errors = {f"s-{n:02d}": n % 2 for n in range(25)}
    recordings = tally([[errors[name[:4]], 1] for name in names])
    sentences = tally([[errors[name], 1] for name in sorted(errors)])
    grouped, single = recordings.by_sentence(names).metric(seed=0), sentences.metric(seed=0)
    assert (grouped.value, grouped.low, grouped.high, grouped.n) == (single.value, single.low, single.high, 25)
    assert grouped.high - grouped.low > 1.5 * (recordings.metric(seed=0).high - recordings.metric(seed=0).low)


def test_utterances_of_one_take_each_stay_as_they_are():
    recordings = tally([[1, 2], [0, 3], [2, 5]])
    assert recordings.by_sentence(["c", "a", "b"]) is recordings
