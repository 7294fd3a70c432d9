"""Estimates with their standard errors: from bootstrap resamples of utterances, or from repetitions with other seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, inf, pi, sin, sqrt, tan
from statistics import NormalDist, fmean, stdev

import numpy as np

_NEARLY_NORMAL = 2000  # degrees of freedom from which Student's t and the normal distribution agree to four digits
_EQUAL = 1e-9  # standard error, in points, of values that are equal but for rounding


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error, and the degrees of freedom of that error."""

    value: float
    error: float
    freedom: int

    def low(self, tail: float) -> float:
        """Lower bound, which lies above the true value with the probability ``tail``."""
        return self.value - self._margin(tail)

    def high(self, tail: float) -> float:
        """Upper bound, which lies below the true value with the probability ``tail``."""
        return self.value + self._margin(tail)

    def _margin(self, tail: float) -> float:
        """Infinite where all of n values are equal, as they are by chance in 2^-n of cases, unless that is below ``tail``.

        Equal values say nothing about their spread; scores of small sets have few values, so that they often are equal.
        """
        if self.error < _EQUAL:
            return inf if 0.5 ** (self.freedom + 1) > tail else 0.0
        return t_quantile(self.freedom, tail) * self.error if self.freedom else inf


def over_utterances(value: float, resamples: np.ndarray, utterances: int) -> Estimate:
    """Standard error from a bootstrap; resamples in which the value is undefined (NaN) are ignored.

    Quantiles of the resamples would be too narrow for few utterances, and cannot be had far out in the tails.
    """
    freedom = utterances - 1
    spread = float(np.nanstd(resamples, ddof=1))
    return Estimate(value, spread * sqrt(utterances / freedom) if freedom else inf, freedom)


def over_seeds(values: Sequence[float]) -> Estimate:
    """Mean and standard error of two values or more."""
    return Estimate(fmean(values), stdev(values) / sqrt(len(values)), len(values) - 1)


@cache
def t_quantile(freedom: int, tail: float) -> float:
    """The t with P(T > t) = tail. Computed here, since scipy would be a large dependency for one number."""
    if freedom >= _NEARLY_NORMAL:
        return NormalDist().inv_cdf(1 - tail)
    low, high = 0.0, pi / 2
    for _ in range(60):  # each step halves the range: beyond double precision
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 1 - 2 * tail else (low, middle)
    return sqrt(freedom) * tan(low)


def _within(angle: float, freedom: int) -> float:
    """P(|T| < sqrt(freedom) * tan(angle)), a finite sum for whole degrees (Abramowitz and Stegun 26.7.3, 26.7.4)."""
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = 0.0
    for power in range(1 + odd, freedom, 2):
        total += term
        term *= power / (power + 1) * cos(angle) ** 2
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
