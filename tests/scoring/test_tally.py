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


def test_takes_of_a_sentence_are_resampled_together():
    """Four sentences of two takes each: the interval is that of four sums, not of eight utterances."""
    errors = np.array([[0, 5], [0, 5], [5, 5], [5, 5], [0, 5], [0, 5], [5, 5], [5, 5]])
    ids = [f"music-test-{number}{take}" for number in range(4) for take in ("", "--take2")]
    single = Tally("wer", "", errors, percentage)
    found = single.by_sentence(ids)
    assert found.counts.tolist() == [[0, 10], [10, 10], [0, 10], [10, 10]] and found.n() == 4
    assert found.value() == single.value() == 50
    assert np.std(found.resampled(1)) > 1.2 * np.std(single.resampled(1))
    assert single.by_sentence([f"music-test-{number}" for number in range(8)]) is single
    proportion = Proportion("recall", "", errors, percentage).by_sentence(ids)
    assert isinstance(proportion, Proportion) and proportion.n() == 40
