"""How a vector file stores a change of weights; here with every number, rounded to a type at most."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from tauspeech.vectors.deltas import Piece
from tauspeech.vectors.encodings.parts import Layout
from tauspeech.vectors.files.storage import narrowed, ranges, widened

TYPES = {"float32": "F32", "bfloat16": "BF16"}
Put = Callable[[str, int, np.ndarray], None]  # bytes of a stored tensor, from one of its elements on


class Loss:
    """What storing a tensor lost: squared norms of the error and of the change itself."""

    def __init__(self, lost: float = 0.0, total: float = 0.0):
        self.lost, self.total = lost, total

    def count(self, exact: np.ndarray, stored: np.ndarray) -> None:
        exact = exact.astype(np.float64)
        self.total += float(exact @ exact)
        exact -= stored
        self.lost += float(exact @ exact)

    @property
    def error(self) -> float:
        """Relative to the norm of the change."""
        return math.sqrt(self.lost / self.total) if self.lost else 0.0


class Encoding(Protocol):
    name: str
    dense: bool  # whether the file's tensors are those of the change
    lossy: bool  # whether it is known what was lost
    options: Mapping[str, Any]

    def layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        """The stored tensors that one of the change becomes."""
        ...

    def store(self, name: str, piece: Piece, put: Put) -> Loss: ...


class Dense:
    """The tensors as they are."""

    dense = True

    def __init__(self, name: str, lossy: bool | None = None):
        self.name, self._dtype = name, TYPES[name]
        self.lossy = self._dtype != "F32" if lossy is None else lossy
        self.options: Mapping[str, Any] = {}

    def layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        return {name: (self._dtype, shape)}

    def store(self, name: str, piece: Piece, put: Put) -> Loss:
        loss = Loss()
        for start, stop in ranges(math.prod(piece.shape)):
            values = piece.read(start, stop)
            stored = narrowed(values, self._dtype)
            put(name, start, stored)
            if self.lossy:
                loss.count(values, widened(stored, self._dtype))
        return loss
