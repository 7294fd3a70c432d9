import numpy as np
import pytest

from tauspeech.scoring.intervals import percentile_interval, t_interval, t_quantile


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (9, 2.2622), (10, 2.2281), (120, 1.9799)],
)
def test_quantiles_of_students_t_are_the_published_ones(freedom, quantile):
    assert t_quantile(freedom) == pytest.approx(quantile, abs=5e-5)


def test_three_seeds_by_hand():
    # Mean 2, standard deviation 1.
    margin = 4.302653 / 3**0.5
    assert t_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - margin, 2 + margin), abs=1e-5)


def test_equal_seeds_give_an_empty_interval():
    assert t_interval([0.1, 0.1, 0.1]) == pytest.approx((0.1, 0.1))


def test_undefined_resamples_are_ignored():
    assert percentile_interval(np.append(np.arange(1001.0), [np.nan] * 50)) == pytest.approx((25, 975))
