"""Selection of the k largest entries of a change, exactly k, without sorting it or holding it in memory.

Magnitudes of float32 numbers are ordered like their bit patterns, so the k-th largest is found by counting: the upper 16
of 31 bits in one pass, the other 15 in a second one. Of equal magnitudes the first win: tensors by name, entries in
row-major order.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import Values, ranges
from tauspeech.vectors.tensor_kinds import is_statistic

_LOW_BITS = 15
_MAGNITUDE, _LOW = np.uint32(0x7FFFFFFF), np.uint32(0x7FFF)


class Cut(NamedTuple):
    """Bound of the kept entries: larger than ``magnitude``, or equal to it and before position ``end``."""

    magnitude: np.float32
    end: int


NOTHING = Cut(np.float32(np.inf), 0)


def kept_count(keep: float, size: int) -> int:
    """k = floor(keep n + 1/2), computed exactly from the decimal notation of ``keep``."""
    return math.floor(Fraction(str(keep)) * size + Fraction(1, 2))


def kept_mask(values: Values, start: int, cut: Cut) -> NDArray[np.bool_]:
    """The mask of kept entries; ``start`` is the position of the first one in its tensor."""
    magnitudes = np.abs(values)
    ties = min(max(cut.end - start, 0), values.size)
    if ties == values.size:
        all_ties: NDArray[np.bool_] = magnitudes >= cut.magnitude
        return all_ties
    mask: NDArray[np.bool_] = magnitudes > cut.magnitude
    mask[:ties] |= magnitudes[:ties] == cut.magnitude
    return mask


class TrimmedPiece:
    """A tensor with only its largest entries, which are counted as it is read."""

    def __init__(self, source: Piece, cut: Cut):
        self._source, self._cut = source, cut
        self._counts: dict[int, int] = {}  # kept entries by the start of the range
        self.shape = source.shape

    def read(self, start: int, stop: int) -> Values:
        values = self._source.read(start, stop)
        mask = kept_mask(values, start, self._cut)
        self._counts[start] = int(np.count_nonzero(mask))
        return np.multiply(values, mask)

    def facts(self) -> dict[str, int]:
        return {"kept": sum(self._counts.values())}


class Trimmed:
    """A trimmed change, as in magnitude pruning and TIES; cuts are found for each tensor unless they are given."""

    def __init__(self, source: Delta, keep: float, cuts: Mapping[str, Cut] | None = None):
        self._source, self._keep, self._cuts = source, keep, cuts
        self.id, self.shapes = source.id, source.shapes

    def piece(self, name: str) -> Piece:
        source = self._source.piece(name)
        if is_statistic(name) or self._keep == 1:
            return source
        if self._cuts is not None:
            return TrimmedPiece(source, self._cuts[name])
        source = held(source)
        return TrimmedPiece(source, cut(source, kept_count(self._keep, math.prod(source.shape))))


# A tensor up to this size, 16 MiB as float32, is read once and held while it is processed.
_SMALL = 1 << 22


class HeldPiece:
    """A tensor in memory."""

    def __init__(self, source: Piece):
        self.shape = source.shape
        self._values = np.empty(math.prod(source.shape), np.float32)
        for start, stop in ranges(self._values.size):
            self._values[start:stop] = source.read(start, stop)
        self._values.flags.writeable = False

    def read(self, start: int, stop: int) -> Values:
        return self._values[start:stop]


def held(piece: Piece) -> Piece:
    """The piece, in memory if it is small, so that reading it several times is cheap."""
    return HeldPiece(piece) if math.prod(piece.shape) <= _SMALL else piece


class Threshold(NamedTuple):
    """The smallest kept magnitude, with the number of entries that equal it and the number of those that are kept."""

    magnitude: np.float32
    ties: int
    quota: int


class _Search:
    """Finds the ``count``-th largest magnitude for several counts, among numbers that are passed twice."""

    def __init__(self, counts: Sequence[int]):
        self._wanted = [(count, 0) for count in counts]  # the rank of each within a bin of the upper bits
        self._upper = np.zeros(1 << 16, np.int64)
        self._lower: dict[int, NDArray[np.int64]] | None = None  # by bin; None in the first pass
        self._lock = threading.Lock()

    def count(self, values: Values) -> None:
        bits = values.view(np.uint32) & _MAGNITUDE
        upper = bits >> _LOW_BITS
        if self._lower is None:
            counted = np.bincount(upper, minlength=self._upper.size)
            with self._lock:
                self._upper += counted
            return
        for chosen, total in self._lower.items():
            counted = np.bincount(bits[upper == chosen] & _LOW, minlength=total.size)
            with self._lock:
                total += counted

    def narrow(self) -> None:
        """End the first pass: find the bins of the wanted magnitudes."""
        self._wanted = [_from_top(self._upper, count)[:2] for count, _ in self._wanted]
        self._lower = {chosen: np.zeros(1 << _LOW_BITS, np.int64) for _, chosen in self._wanted}

    def thresholds(self) -> list[Threshold]:
        """The results after the second pass."""
        assert self._lower is not None
        results = []
        for rank, upper in self._wanted:
            quota, low, ties = _from_top(self._lower[upper], rank)
            results.append(Threshold(np.uint32(upper << _LOW_BITS | low).view(np.float32), ties, quota))
        return results


def _from_top(counts: NDArray[np.int64], rank: int) -> tuple[int, int, int]:
    """Rank within its bin, bin, and size of the bin of the entry that is ``rank``-th from the top."""
    from_top = np.cumsum(counts[::-1])
    index = int(np.searchsorted(from_top, rank))
    chosen = counts.size - 1 - index
    size = int(counts[chosen])
    return rank - (int(from_top[index]) - size), chosen, size


def cut(piece: Piece, count: int) -> Cut:
    """The cut that keeps ``count`` entries of one tensor."""
    return cuts(piece, [count])[0]


def cuts(piece: Piece, counts: Sequence[int]) -> list[Cut]:
    """The cuts for several counts, at the cost of one."""
    size = math.prod(piece.shape)
    wanted = sorted({count for count in counts if 0 < count < size})
    found = {size: Cut(np.float32(0), size), 0: NOTHING}
    if wanted:
        search = _Search(wanted)
        for each in ranges(size):
            search.count(piece.read(*each))
        search.narrow()
        for each in ranges(size):
            search.count(piece.read(*each))
        for count, (magnitude, ties, quota) in zip(wanted, search.thresholds(), strict=True):
            found[count] = Cut(magnitude, size if quota == ties else _position(piece, magnitude, quota))
    return [found[count] for count in counts]


def cuts_over_all(deltas: Sequence[Delta], keep: float, execution: Execution) -> list[dict[str, Cut]]:
    """For each change, the cuts that keep a fraction of the entries of all its tensors together."""
    sizes = [
        {name: math.prod(shape) for name, shape in delta.shapes.items() if not is_statistic(name)} for delta in deltas
    ]
    totals = [sum(each.values()) for each in sizes]
    counts = [kept_count(keep, total) for total in totals]
    searches = [_Search([count] if 0 < count < total else []) for count, total in zip(counts, totals, strict=True)]
    largest = {name: max(each.get(name, 0) for each in sizes) for name in sorted(set().union(*sizes))}

    def count(name: str) -> None:
        pieces = [
            (search, delta.piece(name)) for search, delta in zip(searches, deltas, strict=True) if name in delta.shapes
        ]
        for each in ranges(largest[name]):
            for search, piece in pieces:
                search.count(piece.read(*each))

    execution.each("trimming, 1 of 2", count, largest, largest.__getitem__)
    for search in searches:
        search.narrow()
    execution.each("trimming, 2 of 2", count, largest, largest.__getitem__)

    def cuts_of(j: int) -> dict[str, Cut]:
        if counts[j] in (0, totals[j]):
            return {name: Cut(np.float32(0), size) if counts[j] else NOTHING for name, size in sizes[j].items()}
        return _spread(deltas[j], sizes[j], searches[j].thresholds()[0])

    return execution.each("trimming, ties", cuts_of, range(len(deltas)), lambda j: 1)


def _spread(delta: Delta, sizes: Mapping[str, int], threshold: Threshold) -> dict[str, Cut]:
    """The cuts of several tensors with a common threshold; of equal entries the first by name are kept."""
    if threshold.quota == threshold.ties:
        return {name: Cut(threshold.magnitude, size) for name, size in sizes.items()}
    cuts, quota = {}, threshold.quota
    for name in sorted(sizes):
        piece = delta.piece(name)
        ties = _ties(piece, threshold.magnitude) if quota else 0
        cuts[name] = Cut(threshold.magnitude, _position(piece, threshold.magnitude, min(ties, quota)))
        quota -= min(ties, quota)
    return cuts


def _ties(piece: Piece, magnitude: np.float32) -> int:
    return sum(int(np.count_nonzero(np.abs(piece.read(*each)) == magnitude)) for each in ranges(math.prod(piece.shape)))


def _position(piece: Piece, magnitude: np.float32, quota: int) -> int:
    """The position after the ``quota``-th entry of a magnitude."""
    if quota == 0:
        return 0
    for start, stop in ranges(math.prod(piece.shape)):
        found = np.flatnonzero(np.abs(piece.read(start, stop)) == magnitude)
        if len(found) >= quota:
            return start + int(found[quota - 1]) + 1
        quota -= len(found)
    return math.prod(piece.shape)
