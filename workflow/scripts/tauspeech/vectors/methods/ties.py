"""TIES: trim, elect sign, merge.

    tau'_i = tau_i where |tau_i| is among the k largest, else 0
    s*     = sign(sum_i tau'_i)
    Phi    = sum_i alpha_i tau'_i [sign(tau'_i) = s*]

Yadav et al., "TIES-Merging", NeurIPS 2023; equations 9-11 of the rare-words paper. As there, the sum is weighted and
not divided by the number of vectors that agree, and the election is unweighted. k = floor(keep n + 1/2) is exact: of
equal magnitudes the first win, tensors by name and entries in row-major order. n counts the whole vector (scope
"global", as published) or each tensor by itself (scope "tensor").
"""

from collections.abc import Sequence

import numpy as np

from tauspeech.vectors.combination import Combination, Rule, Term, add, weighted_sum
from tauspeech.vectors.deltas import Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.trimming import Trimmed, cuts_over_all


def combine(terms: Sequence[Term], *, keep: float, scope: str = "global", execution: Execution) -> Combination:
    deltas = [term.delta for term in terms]
    cuts = cuts_over_all(deltas, keep, execution) if scope == "global" and keep < 1 else [None] * len(deltas)
    return _Elected([term.changed(Trimmed(term.delta, keep, each)) for term, each in zip(terms, cuts, strict=True)])


class _Elected(Combination):
    def rule(self, name: str) -> Rule:
        return weighted_sum if is_statistic(name) else _sum_of_elected


def _sum_of_elected(weights: Sequence[float], pieces: Sequence[Piece], start: int, stop: int) -> np.ndarray:
    trimmed = [piece.read(start, stop) for piece in pieces]
    votes = np.zeros(stop - start)
    for values in trimmed:
        votes += values
    elected = np.sign(votes).astype(np.float32)
    total = np.zeros(stop - start)
    for weight, values in zip(weights, trimmed, strict=True):
        if weight:
            # |tau'| where the sign is the elected one, else 0: without a branch for each entry
            add(total, weight, np.maximum(values * elected, 0))
    return (total * elected).astype(np.float32)
