"""Singular value pruning (SVP): Phi = sum_i alpha_i U_r S_r V_r^T, of each tensor's largest singular values.

Equations 3-4 of the LoRS paper. Of min(m, n) singular values ceil(rank min(m, n)) are kept. A kernel is a matrix of
output channels by all the rest; a bias is a matrix of one column, whose only singular value stays.
"""

from collections.abc import Sequence

from tauspeech.vectors.combination import Combination, Term
from tauspeech.vectors.low_rank import LowRank


def combine(terms: Sequence[Term], *, rank: float) -> Combination:
    return Combination([term.changed(LowRank(term.delta, rank)) for term in terms])
