"""DARE: drop entries at random and rescale the rest, Phi = (1 / (1 - p)) sum_i alpha_i m_i tau_i.

Yu et al., "Language Models are Super Mario", ICML 2024; equations 12-13 of the rare-words paper. The masks m_i keep
each entry with probability keep = 1 - p. Whether an entry is kept depends on nothing but the seed, the vector's id, the
tensor's name and the entry's index: not on the other vectors and tensors, nor on their order.
"""

from collections.abc import Sequence

import numpy as np

from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors.combination import Combination, Term
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.tensor_kinds import is_statistic


def combine(terms: Sequence[Term], *, keep: float, seed: int) -> Combination:
    return _Rescaled([term.changed(_Dropped(term.delta, keep, seed)) for term in terms], keep)


class _Rescaled(Combination):
    def __init__(self, terms: Sequence[Term], keep: float):
        super().__init__(terms)
        self._keep = keep

    def weights(self, name: str) -> list[float]:
        weights = super().weights(name)
        return weights if is_statistic(name) else [weight / self._keep for weight in weights]


class _Dropped:
    def __init__(self, source: Delta, keep: float, seed: int):
        self._source, self._keep, self._seed = source, keep, seed
        self.id, self.shapes = source.id, source.shapes

    def piece(self, name: str) -> Piece:
        source = self._source.piece(name)
        if is_statistic(name) or self._keep == 1:
            return source
        key = int(sha256_text(canonical_json([self._seed, "dare", self.id, name]))[:32], 16)
        return _Piece(source, self._keep, key)


class _Piece:
    def __init__(self, source: Piece, keep: float, key: int):
        self._source, self._keep, self._key, self._counts = source, keep, key, {}
        self.shape = source.shape

    def read(self, start: int, stop: int) -> np.ndarray:
        mask = drawn(self._key, start, stop, self._keep)
        self._counts[start] = int(np.count_nonzero(mask))
        return np.multiply(self._source.read(start, stop), mask)

    def facts(self) -> dict[str, int]:
        return {"kept": sum(self._counts.values())}


def drawn(key: int, start: int, stop: int, keep: float) -> np.ndarray:
    """Which entries from ``start`` to ``stop`` are kept: a function of their index."""
    # Raw integers, because NumPy promises the same ones in every version, and no such thing of its distributions.
    generator = np.random.Philox(key=key)
    generator.advance(start // _DRAWS)
    draws = generator.random_raw(stop - start + start % _DRAWS)[start % _DRAWS :]
    return (draws >> np.uint64(11)) < np.uint64(round(keep * 2**53))


_DRAWS = 4  # numbers from one step of Philox's counter
