"""A change as low rank plus sparse, as in LoRS: L = U_r S_r V_r^T, and the largest entries of tau - L."""

import math
from typing import Any

import numpy as np

from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.files.storage import Values
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.transforms.low_rank import Residual, Spectrum, low_rank_piece
from tauspeech.vectors.transforms.trimming import Cut, cut, held, kept_count, kept_mask


class LowRankAndSparse:
    """A change whose tensors are each replaced by their low-rank and sparse part."""

    def __init__(self, source: Delta, rank: float, keep: float):
        self._source, self._rank, self._keep = source, rank, keep
        self.id, self.shapes = source.id, source.shapes

    def piece(self, name: str) -> Piece:
        source = self._source.piece(name)
        if is_statistic(name) or self._keep == 1:
            return source
        return LowRankAndSparsePiece(held(source), self._rank, self._keep)


class LowRankAndSparsePiece:
    """The low-rank and sparse part of a tensor; ``spectrum`` and ``known`` are computed if they are not given."""

    def __init__(
        self, source: Piece, rank: float, keep: float, spectrum: Spectrum | None = None, known: Cut | None = None
    ):
        self.shape = source.shape
        self._low = low_rank_piece(source, rank, spectrum)
        self._residual = held(Residual(source, self._low))
        self._cut = known or cut(self._residual, kept_count(keep, math.prod(self.shape)))
        self._counts: dict[int, int] = {}  # kept entries by the start of the range

    def read(self, start: int, stop: int) -> Values:
        residual = self._residual.read(start, stop)
        mask = kept_mask(residual, start, self._cut)
        self._counts[start] = int(np.count_nonzero(mask))
        return self._low.read(start, stop) + residual * mask

    def facts(self) -> dict[str, Any]:
        return {"kept": sum(self._counts.values())} | self._low.facts()
