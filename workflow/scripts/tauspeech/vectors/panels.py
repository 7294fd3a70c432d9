"""Matrices that are computed when they are read, one panel of rows at a time, so that no large one is held whole."""

import math
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tauspeech.vectors.files.storage import Values

# Elements of a panel. A constant, since sums over other panels could differ in their last bit.
PANEL = 1 << 20


def as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a tensor as a matrix: a kernel's output channels by all the rest, a vector as one column."""
    return (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (math.prod(shape), 1)


def height(columns: int) -> int:
    """Rows of a panel."""
    return max(1, PANEL // max(columns, 1))


class Panels:
    """A tensor whose rows ``compute(first, last)`` returns in float64; each thread caches the last panel that it read."""

    def __init__(self, shape: tuple[int, ...], height: int, compute: Callable[[int, int], NDArray[np.float64]]):
        self.shape, self._height, self._compute = shape, height, compute
        self._rows, self._columns = as_matrix(shape)
        self._last = threading.local()

    def read(self, start: int, stop: int) -> Values:
        """Entries rounded to float32."""
        out = np.empty(stop - start, np.float32)
        step = self._height * self._columns
        for index in range(start // step, -(-stop // step)) if out.size else ():
            first = index * step
            low, high = max(start, first), min(stop, first + step)
            out[low - start : high - start] = self._panel(index)[low - first : high - first]
        return out

    def _panel(self, index: int) -> Values:
        if getattr(self._last, "index", None) != index:
            first = index * self._height
            rows = self._compute(first, min(first + self._height, self._rows))
            self._last.index, self._last.values = index, rows.astype(np.float32).reshape(-1)
        values: Values = self._last.values
        return values
