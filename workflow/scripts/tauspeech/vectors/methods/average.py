"""Averaging: Phi = sum_i alpha_i tau_i / sum_i alpha_i, so that theta_0 + Phi is the mean of the fine-tuned models.

Wortsman et al., "Model Soups", ICML 2022. Weights are relative to each other: equal ones give the plain mean.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]") -> "Combination":
    from tauspeech.vectors.combination import Combination

    return Combination(terms, relative=True)


METHOD = Method(
    name="average",
    title="Average",
    formula="sum alpha_i tau_i / sum alpha_i: the mean of the fine-tunes when weights are equal",
    use="For fine-tunes of one task, or as the baseline that needs no tuning.",
    reference="Wortsman et al., Model Soups, 2022",
    combine=combine,
    weighted_sum=True,
)
