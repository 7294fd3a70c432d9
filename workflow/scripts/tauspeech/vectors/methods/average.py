"""Averaging: Phi = sum_i alpha_i tau_i / sum_i alpha_i, so that theta_0 + Phi is the mean of the fine-tuned models.

Wortsman et al., "Model Soups", ICML 2022. Weights are relative to each other: equal ones give the plain mean.
"""

from collections.abc import Sequence

from tauspeech.vectors.combination import Combination, Term


def combine(terms: Sequence[Term]) -> Combination:
    return Combination(terms, relative=True)
