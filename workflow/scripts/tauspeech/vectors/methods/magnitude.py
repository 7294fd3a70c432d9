"""Magnitude pruning (MP): Phi = sum_i alpha_i M_i * tau_i, where M_i keeps the largest entries of each tensor.

Equations 1-2 of the LoRS paper, which prunes each weight matrix by itself. Of n entries floor(keep n + 1/2) are kept, of
equal magnitudes the first in row-major order.
"""

from collections.abc import Sequence

from tauspeech.vectors.combination import Combination, Term
from tauspeech.vectors.trimming import Trimmed


def combine(terms: Sequence[Term], *, keep: float) -> Combination:
    return Combination([term.changed(Trimmed(term.delta, keep)) for term in terms])
