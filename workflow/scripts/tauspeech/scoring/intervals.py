"""95 % intervals of a value: from bootstrap resamples of utterances, or from repetitions with other seeds."""

from collections.abc import Sequence
from math import cos, pi, sin, sqrt, tan
from statistics import fmean, stdev

import numpy as np

CONFIDENCE = 0.95


def percentile_interval(resamples: np.ndarray) -> tuple[float, float]:
    """Percentile interval of a bootstrap; resamples in which the value is undefined (NaN) are ignored."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(resamples, [tail, 1 - tail])
    return float(low), float(high)


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """mean ± t * s / sqrt(n), with Student's t of n - 1 degrees of freedom."""
    margin = t_quantile(len(values) - 1) * stdev(values) / sqrt(len(values))
    return fmean(values) - margin, fmean(values) + margin


def t_quantile(freedom: int) -> float:
    """The t with P(|T| < t) = CONFIDENCE. Computed here, since scipy would be a large dependency for one number."""
    low, high = 0.0, pi / 2
    for _ in range(60):  # each step halves the range: beyond double precision
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < CONFIDENCE else (low, middle)
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
