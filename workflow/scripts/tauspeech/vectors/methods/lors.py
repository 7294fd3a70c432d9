"""LoRS: Phi = sum_i alpha_i (L_i + S_i), with L = U_r S_r V_r^T and S = M * (tau - L).

Equations 5-8 of the LoRS paper: the top singular values of each tensor, and the largest entries of what they leave.
With rank 0 this is magnitude pruning, with keep 0 singular value pruning; counts are as there.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tauspeech.vectors.combination import Combination, Term
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.low_rank import Residual, Spectrum, low_rank_piece
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.trimming import Cut, cut, held, kept, kept_count


def combine(terms: Sequence[Term], *, rank: float, keep: float) -> Combination:
    return Combination([term.changed(_LowRankAndSparse(term.delta, rank, keep)) for term in terms])


class _LowRankAndSparse:
    def __init__(self, source: Delta, rank: float, keep: float):
        self._source, self._rank, self._keep = source, rank, keep
        self.id, self.shapes = source.id, source.shapes

    def piece(self, name: str) -> Piece:
        source = self._source.piece(name)
        return source if is_statistic(name) or self._keep == 1 else LorsPiece(held(source), self._rank, self._keep)


class LorsPiece:
    """A tensor's low rank and its sparse part; what is known of either beforehand need not be computed."""

    def __init__(
        self, source: Piece, rank: float, keep: float, spectrum: Spectrum | None = None, known: Cut | None = None
    ):
        self.shape = source.shape
        self._low = low_rank_piece(source, rank, spectrum)
        self._residual = held(Residual(source, self._low))
        self._cut = known or cut(self._residual, kept_count(keep, math.prod(self.shape)))
        self._counts: dict[int, int] = {}

    def read(self, start: int, stop: int) -> np.ndarray:
        residual = self._residual.read(start, stop)
        mask = kept(residual, start, self._cut)
        self._counts[start] = int(np.count_nonzero(mask))
        return self._low.read(start, stop) + residual * mask

    def facts(self) -> dict[str, Any]:
        return {"kept": sum(self._counts.values())} | self._low.facts()
