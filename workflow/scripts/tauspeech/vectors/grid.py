"""LoRS of one vector at many points (rank, keep), for a search: their common parts are computed once.

Each tensor is decomposed once, for the highest rank, and its residuals are counted once per rank, for all keeps of that
rank. Rank 0 is magnitude pruning, keep 0 singular value pruning.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.transforms.low_rank import Residual, Spectrum, low_rank_piece, rank_count
from tauspeech.vectors.transforms.low_rank_and_sparse import LowRankAndSparsePiece
from tauspeech.vectors.transforms.trimming import Cut, cuts, held, kept_count

Point = tuple[float, float]  # rank and keep


@dataclass(frozen=True)
class _Known:
    """The decomposition of one tensor, and its cuts by rank and keep."""

    spectrum: Spectrum | None
    cuts: dict[Point, Cut]


class Grid:
    """One vector, decomposed for all given points."""

    def __init__(self, source: Delta, points: Iterable[Point], execution: Execution):
        self.source = source
        self._keeps: dict[float, list[float]] = {}  # by rank
        for rank, keep in sorted(set(points)):
            self._keeps.setdefault(rank, []).append(keep)
        names = [name for name in source.shapes if not is_statistic(name)]
        sizes = {name: math.prod(source.shapes[name]) for name in names}
        self.known = dict(
            zip(names, execution.each("decomposing", self._decomposed, names, sizes.__getitem__), strict=True)
        )

    def at(self, rank: float, keep: float) -> Delta:
        """The low-rank and sparse part of the vector, equal to that of the method lors."""
        return _GridPoint(self, rank, keep)

    def _decomposed(self, name: str) -> _Known:
        source = held(self.source.piece(name))
        size = math.prod(source.shape)
        most = max(rank_count(rank, source.shape) for rank in self._keeps)
        spectrum = Spectrum(source, most) if most else None
        found: dict[Point, Cut] = {}
        for rank, keeps in self._keeps.items():
            counts = [kept_count(keep, size) for keep in keeps]
            # Where nothing or everything is kept, there is no residual to count.
            counted = any(0 < count < size for count in counts)
            residual = held(Residual(source, low_rank_piece(source, rank, spectrum))) if counted else source
            found |= {(rank, keep): cut for keep, cut in zip(keeps, cuts(residual, counts), strict=True)}
        return _Known(spectrum, found)


class _GridPoint:
    def __init__(self, grid: Grid, rank: float, keep: float):
        self._grid, self._point = grid, (rank, keep)
        self.id, self.shapes = grid.source.id, grid.source.shapes

    def piece(self, name: str) -> Piece:
        source = self._grid.source.piece(name)
        if is_statistic(name) or self._point[1] == 1:
            return source
        known = self._grid.known[name]
        return LowRankAndSparsePiece(held(source), *self._point, known.spectrum, known.cuts[self._point])
