import numpy as np
import pytest

from tauspeech.scoring.intervals import Estimate, over_seeds, over_utterances, t_quantile


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (9, 2.2622), (10, 2.2281), (120, 1.9799)],
)
def test_quantiles_of_students_t_are_the_published_ones(freedom, quantile):
    assert t_quantile(freedom, 0.025) == pytest.approx(quantile, abs=5e-5)


@pytest.mark.parametrize(("freedom", "quantile"), [(2, 22.3271), (3, 10.2145), (10, 4.1437), (30, 3.3852)])
def test_quantiles_far_out_are_the_published_ones(freedom, quantile):
    assert t_quantile(freedom, 0.001) == pytest.approx(quantile, abs=5e-5)


def test_the_normal_distribution_takes_over_without_a_step():
    assert t_quantile(1999, 0.0005) == pytest.approx(t_quantile(2000, 0.0005), abs=5e-3)


def test_three_seeds_by_hand():
    # Mean 2, standard deviation 1.
    found, margin = over_seeds([1.0, 2.0, 3.0]), 4.302653 / 3**0.5
    assert (found.low(0.025), found.high(0.025)) == pytest.approx((2 - margin, 2 + margin), abs=1e-5)


@pytest.mark.parametrize(
    "estimate", [over_seeds, lambda values: over_utterances(0.1, np.array(values * 9), len(values))]
)
def test_equal_values_say_nothing_about_their_spread_unless_there_are_many(estimate):
    """All of n values lie on one side in 2^-n of cases: of 5 in 3.1 %, of 6 in 1.6 %."""
    few, more = estimate([0.1] * 5), estimate([0.1] * 6)
    assert (few.low(0.025), few.high(0.025)) == (-np.inf, np.inf)
    assert (more.low(0.025), more.high(0.025)) == pytest.approx((0.1, 0.1))
    assert more.low(0.025 / 40) == -np.inf


def test_resamples_give_a_standard_error_and_undefined_ones_are_ignored():
    found = over_utterances(2.0, np.array([1.0, 2.0, 3.0, np.nan]), utterances=5)
    assert found == Estimate(2.0, pytest.approx((5 / 4) ** 0.5), 4)


def test_a_single_utterance_says_nothing():
    found = over_utterances(2.0, np.array([2.0, 2.0]), utterances=1)
    assert (found.low(0.025), found.high(0.025)) == (-np.inf, np.inf)
