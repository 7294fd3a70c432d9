"""LoRS: Phi = sum_i alpha_i (L_i + S_i), with L = U_r S_r V_r^T and S = M * (tau - L).

Equations 5-8 of the LoRS paper: the top singular values of each tensor, and the largest entries of what they leave.
With rank 0 this is magnitude pruning, with keep 0 singular value pruning; counts are as there.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Fraction, Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]", *, rank: float, keep: float) -> "Combination":
    from tauspeech.vectors.combination import Combination
    from tauspeech.vectors.transforms.low_rank_and_sparse import LowRankAndSparse

    return Combination([term.with_delta(LowRankAndSparse(term.delta, rank, keep)) for term in terms])


METHOD = Method(
    name="lors",
    title="LoRS",
    formula="sum alpha_i (L_i + S_i), L_i as in `svd`, S_i = the largest entries of tau_i - L_i",
    use="For vectors of several languages or tasks that share structure and also differ in single weights.",
    reference="LoRS paper, eqs. 5-8",
    combine=combine,
    options=(
        Fraction(name="rank", description="fraction of singular values kept", zero=True, example=0.03),
        Fraction(name="keep", description="fraction of entries kept", zero=True, example=0.2),
    ),
)
