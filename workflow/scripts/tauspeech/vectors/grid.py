"""LoRS of one vector at many ranks and keeps, for a search: what they have in common is computed once.

Each tensor is decomposed once, for the highest rank, and its residuals are counted once a rank, for all keeps. With rank
0 among the ranks this is magnitude pruning too, with keep 0 among the keeps singular value pruning.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.low_rank import Residual, Spectrum, low_rank_piece, rank_count
from tauspeech.vectors.methods.lors import LorsPiece
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.trimming import Cut, cuts, held, kept_count


@dataclass(frozen=True)
class _Known:
    """Of one tensor."""

    spectrum: Spectrum | None
    cuts: dict[tuple[float, float], Cut]


class Grid:
    def __init__(self, source: Delta, ranks: Sequence[float], keeps: Sequence[float], execution: Execution):
        self.source, self._ranks, self._keeps = source, ranks, keeps
        names = [name for name in source.shapes if not is_statistic(name)]
        sizes = {name: math.prod(source.shapes[name]) for name in names}
        self.known = dict(zip(names, execution.each("decomposing", self._look, names, sizes.__getitem__), strict=True))

    def at(self, rank: float, keep: float) -> Delta:
        """The vector's low rank and sparse part, the same as the method lors makes of it."""
        return _OfGrid(self, rank, keep)

    def _look(self, name: str) -> _Known:
        source = held(self.source.piece(name))
        size = math.prod(source.shape)
        most = max(rank_count(rank, source.shape) for rank in self._ranks)
        spectrum = Spectrum(source, most) if most else None
        found: dict[tuple[float, float], Cut] = {}
        for rank in self._ranks:
            residual = held(Residual(source, low_rank_piece(source, rank, spectrum)))
            at_rank = cuts(residual, [kept_count(keep, size) for keep in self._keeps])
            found |= {(rank, keep): cut for keep, cut in zip(self._keeps, at_rank, strict=True)}
        return _Known(spectrum, found)


class _OfGrid:
    def __init__(self, grid: Grid, rank: float, keep: float):
        self._grid, self._place = grid, (rank, keep)
        self.id, self.shapes = grid.source.id, grid.source.shapes

    def piece(self, name: str) -> Piece:
        source = self._grid.source.piece(name)
        if is_statistic(name) or self._place[1] == 1:
            return source
        known = self._grid.known[name]
        return LorsPiece(held(source), *self._place, known.spectrum, known.cuts[self._place])
