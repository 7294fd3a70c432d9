"""A merge at many scales: Phi is computed once and held, so that each further scale costs a multiplication."""

from collections.abc import Iterator

import numpy as np

from tauspeech.vectors.combination import Combination
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import Values, ranges
from tauspeech.vectors.model_output import moved_by


class Sweep:
    """A base plus a sum at any scale, in float32 and in memory."""

    def __init__(self, base: Model, phi: Combination, execution: Execution):
        self._base, self._phi = base, phi
        sizes = {name: base.tensors[name].size for name in sorted(phi.shapes)}
        self._sums = dict(zip(sizes, execution.each("summing", self._sum, sizes, sizes.__getitem__), strict=True))

    def at(self, scale: float) -> Iterator[tuple[str, Values]]:
        """Every tensor that may differ from the base's, by name."""
        for name, change in self._sums.items():
            tensor = self._base.tensors[name]
            base = tensor.read(0, tensor.size)
            merged = moved_by(base, change, self._phi.amount(name, scale), name, "F32").astype(np.float32)
            yield name, merged.reshape(tensor.shape)

    def _sum(self, name: str) -> Values:
        piece, values = self._phi.piece(name), np.empty(self._base.tensors[name].size, np.float32)
        for start, stop in ranges(values.size):
            values[start:stop] = piece.read(start, stop)
        return values
