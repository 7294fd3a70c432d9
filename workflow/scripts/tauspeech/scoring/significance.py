"""Paired bootstrap test of a system against a baseline on the same utterances.

With d the observed difference and d_b that of resample b, p = (1 + #{|d_b - d| >= |d|}) / (1 + resamples), two-sided.
sacrebleu centres |d_b| instead and counts with >, so identical systems get p = 0.001.
"""

from math import nan

import numpy as np

from tauspeech.scoring.tally import Tally

_ROUNDING = 1e-9  # scores are percentages; ties must not depend on the last bit


def paired_p_value(system: Tally, baseline: Tally, seed: int) -> float:
    """Two-sided p-value; NaN if either score is undefined."""
    observed = system.value() - baseline.value()
    if np.isnan(observed):
        return nan
    differences = system.resampled(seed) - baseline.resampled(seed)
    differences = differences[~np.isnan(differences)]
    extreme = np.sum(np.abs(differences - observed) >= abs(observed) - _ROUNDING)
    return float((extreme + 1) / (len(differences) + 1))
