"""The protocol of encodings of a vector file, and the dense ones: every number, in float32 or rounded to bfloat16."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from tauspeech.vectors.deltas import Piece
from tauspeech.vectors.files.storage import Bytes, Layout, Values, narrowed, ranges, widened

TYPES = {"float32": "F32", "bfloat16": "BF16"}
WriteBytes = Callable[[str, int, Bytes], None]  # writes bytes of a stored tensor, from one of its elements on


class Loss:
    """The loss by storing a tensor: squared norms of the error and of the change itself."""

    def __init__(self, lost: float = 0.0, total: float = 0.0):
        self.lost, self.total = lost, total

    def count(self, values: Values, stored: Values) -> None:
        exact = values.astype(np.float64)
        self.total += float(exact @ exact)
        exact -= stored
        self.lost += float(exact @ exact)

    @property
    def error(self) -> float:
        """Norm of the error, relative to that of the change."""
        return math.sqrt(self.lost / self.total) if self.lost else 0.0


class Encoding(Protocol):
    """The way in which the tensors of a change are stored."""

    @property
    def name(self) -> str: ...

    @property
    def dense(self) -> bool:
        """True if each tensor of the change that is stored is one of the file's."""
        ...

    @property
    def lossy(self) -> bool:
        """True if the loss is measured and stored."""
        ...

    @property
    def options(self) -> Mapping[str, Any]: ...

    def layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        """The stored tensors of one tensor of the change."""
        ...

    def store(self, name: str, piece: Piece, write: WriteBytes) -> Loss: ...


class Dense:
    """The encodings ``float32`` and ``bfloat16``: all entries of each tensor."""

    dense = True

    def __init__(self, name: str, lossy: bool | None = None):
        self.name, self._dtype = name, TYPES[name]
        self.lossy = self._dtype != "F32" if lossy is None else lossy
        self.options: Mapping[str, Any] = {}

    def layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        return {name: (self._dtype, shape)}

    def store(self, name: str, piece: Piece, write: WriteBytes) -> Loss:
        loss = Loss()
        for start, stop in ranges(math.prod(piece.shape)):
            values = piece.read(start, stop)
            stored = narrowed(values, self._dtype)
            write(name, start, stored)
            if self.lossy:
                loss.count(values, widened(stored, self._dtype))
        return loss
