"""Entries of a change dropped at random, as DARE does before it rescales the sum.

Whether an entry is kept depends on nothing but the seed, the vector's id, the tensor's name and the entry's index: not
on the other vectors and tensors, nor on their order.
"""

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.files.storage import Values
from tauspeech.vectors.tensor_kinds import is_statistic


class Dropped:
    """A change with each entry kept with probability ``keep``."""

    def __init__(self, source: Delta, keep: float, seed: int):
        self._source, self._keep, self._seed = source, keep, seed
        self.id, self.shapes = source.id, source.shapes

    def piece(self, name: str) -> Piece:
        source = self._source.piece(name)
        if is_statistic(name) or self._keep == 1:
            return source
        key = int(sha256_text(canonical_json([self._seed, "dare", self.id, name]))[:32], 16)
        return _DroppedPiece(source, self._keep, key)


class _DroppedPiece:
    def __init__(self, source: Piece, keep: float, key: int):
        self._source, self._keep, self._key = source, keep, key
        self._counts: dict[int, int] = {}  # kept entries by the start of the range
        self.shape = source.shape

    def read(self, start: int, stop: int) -> Values:
        mask = random_mask(self._key, start, stop, self._keep)
        self._counts[start] = int(np.count_nonzero(mask))
        return np.multiply(self._source.read(start, stop), mask)

    def facts(self) -> dict[str, int]:
        return {"kept": sum(self._counts.values())}


def random_mask(key: int, start: int, stop: int, keep: float) -> NDArray[np.bool_]:
    """The mask of kept entries from ``start`` to ``stop``: a function of their index."""
    # Raw integers, because NumPy promises the same ones in every version, but not the same samples of distributions.
    generator = np.random.Philox(key=key)
    generator.advance(start // _DRAWS)
    draws = generator.random_raw(stop - start + start % _DRAWS)[start % _DRAWS :]
    return (draws >> np.uint64(11)) < np.uint64(round(keep * 2**53))


_DRAWS = 4  # numbers from one step of Philox's counter
