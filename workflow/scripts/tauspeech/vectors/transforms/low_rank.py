"""The best approximation of a matrix by one of a given rank, without its singular value decomposition.

The right singular vectors of A are the eigenvectors of A^T A, which is a sum over panels of rows: a tall matrix needs
only panels of it in memory. L = A V_r V_r^T is then U_r S_r V_r^T. For float32 numbers the squared condition number is
harmless in float64, and nothing is random.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.files.storage import Values
from tauspeech.vectors.panels import Panels, as_matrix, height
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.transforms.trimming import held

Solution = TypeVar("Solution")


def rank_count(rank: float, shape: tuple[int, ...]) -> int:
    """The number of singular values kept: the fraction of all, rounded up, exact for the decimal notation of ``rank``."""
    return math.ceil(Fraction(str(rank)) * min(as_matrix(shape)))


def low_rank_piece(source: Piece, rank: float, spectrum: "Spectrum | None" = None) -> "LowRankPiece | _Whole | _Zeros":
    """A tensor reduced to a fraction of its singular values; ``spectrum`` is computed if it is not given."""
    count = rank_count(rank, source.shape)
    if count == min(as_matrix(source.shape)):
        return _Whole(source)
    return LowRankPiece(source, count, spectrum) if count else _Zeros(source)


def squared_singular_values(source: Piece) -> NDArray[np.float64]:
    """All squared singular values, largest first."""
    values = np.asarray(_solved(np.linalg.eigvalsh, _Matrix(held(source)).gram()), np.float64)
    return np.maximum(values[::-1], 0)


class _Matrix:
    """A tensor as float64 matrix. A wide one is processed whole, as its transpose; a tall one by panels of rows."""

    def __init__(self, source: Piece):
        self._source = source
        self.rows, self.columns = as_matrix(source.shape)
        self.wide = self.columns > self.rows
        self.height = max(self.rows, 1) if self.wide else height(self.columns)

    def panel(self, first: int, last: int) -> NDArray[np.float64]:
        values = self._source.read(first * self.columns, last * self.columns)
        return values.reshape(last - first, self.columns).astype(np.float64)

    def panels(self) -> list[tuple[int, int]]:
        return [(first, min(first + self.height, self.rows)) for first in range(0, self.rows, self.height)]

    def gram(self) -> NDArray[np.float64]:
        """A A^T or A^T A, whichever is smaller."""
        side = min(self.rows, self.columns)
        total = np.zeros((side, side))
        for each in self.panels():
            panel = self.panel(*each)
            total += panel @ panel.T if self.wide else panel.T @ panel
        return total


class Spectrum:
    """A tensor's squared singular values, and the singular vectors of the first ones."""

    def __init__(self, source: Piece, count: int):
        values, vectors = _solved(np.linalg.eigh, _Matrix(held(source)).gram())
        self.values = np.maximum(values[::-1], 0)
        self.basis = np.ascontiguousarray(vectors[:, ::-1][:, :count])


class LowRankPiece:
    """A tensor reduced to its highest singular values."""

    def __init__(self, source: Piece, count: int, spectrum: Spectrum | None = None):
        source = held(source)
        spectrum = spectrum or Spectrum(source, count)
        self._matrix, self.shape, self.count = _Matrix(source), source.shape, count
        self.values, self._basis = spectrum.values, np.ascontiguousarray(spectrum.basis[:, :count])
        # Not a bound method: a reference cycle would keep the arrays in memory until garbage collection.
        self._panels = Panels(self.shape, self._matrix.height, partial(_projected, self._matrix, self._basis))

    def read(self, start: int, stop: int) -> Values:
        return self._panels.read(start, stop)

    def facts(self) -> dict[str, float]:
        total = float(self.values.sum())
        lost = float(self.values[self.count :].sum()) / total if total else 0.0
        return {"rank": self.count, "rank_error": math.sqrt(max(lost, 0.0))}

    def factors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Two matrices whose product is this tensor: rows x count and count x columns."""
        matrix, basis = self._matrix, self._basis
        if matrix.wide:
            return basis, basis.T @ matrix.panel(0, matrix.rows)
        return np.concatenate([matrix.panel(*each) @ basis for each in matrix.panels()]), basis.T


def _projected(matrix: _Matrix, basis: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    panel = matrix.panel(first, last)
    rows: NDArray[np.float64] = basis @ (basis.T @ panel) if matrix.wide else (panel @ basis) @ basis.T
    return rows


def _solved(solver: Callable[[NDArray[np.float64]], Solution], gram: NDArray[np.float64]) -> Solution:
    try:
        return solver(gram)
    except np.linalg.LinAlgError:
        raise UserError(
            "The singular values of a matrix do not converge in float64; look for extreme weights with `tauspeech inspect`."
        ) from None


class Residual:
    """A tensor minus its low-rank approximation."""

    def __init__(self, source: Piece, low: Piece):
        self._source, self._low, self.shape = source, low, source.shape

    def read(self, start: int, stop: int) -> Values:
        return self._source.read(start, stop) - self._low.read(start, stop)


class _Whole:
    """A tensor with all its singular values: the tensor itself, exactly."""

    def __init__(self, source: Piece):
        self.shape, self.read = source.shape, source.read

    def facts(self) -> dict[str, float]:
        return {}


class _Zeros:
    """A tensor with none of its singular values."""

    def __init__(self, source: Piece):
        self.shape = source.shape

    def read(self, start: int, stop: int) -> Values:
        return np.zeros(stop - start, np.float32)

    def facts(self) -> dict[str, float]:
        return {"rank": 0, "rank_error": 1.0}


class LowRank:
    """A change of low rank, as in singular value pruning."""

    def __init__(self, source: Delta, rank: float):
        self._source, self._rank = source, rank
        self.id, self.shapes = source.id, source.shapes

    def piece(self, name: str) -> Piece:
        source = self._source.piece(name)
        return source if is_statistic(name) else low_rank_piece(source, self._rank)
