"""Singular value pruning (SVP): Phi = sum_i alpha_i U_r S_r V_r^T, with the largest singular values of each tensor.

Equations 3-4 of the LoRS paper. Of min(m, n) singular values ceil(rank min(m, n)) are kept. A kernel is a matrix of
output channels by all the rest; a bias is a matrix of one column, whose only singular value stays.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Fraction, Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]", *, rank: float) -> "Combination":
    from tauspeech.vectors.combination import Combination
    from tauspeech.vectors.transforms.low_rank import LowRank

    return Combination([term.with_delta(LowRank(term.delta, rank)) for term in terms])


METHOD = Method(
    name="svd",
    title="Singular value pruning (SVP)",
    formula="sum alpha_i U_r S_r V_r^T, the largest singular values of each tensor",
    use="For vectors whose change is of low rank, such as those of short fine-tunes.",
    reference="LoRS paper, eqs. 3-4",
    combine=combine,
    options=(Fraction(name="rank", description="fraction of singular values kept", example=0.03),),
)
