"""Keeping the k largest entries of a change, exactly k of them, without sorting or holding it.

Magnitudes of float32 numbers are ordered as their bit patterns are, so the k-th largest is found by counting: the upper
16 of 31 bits in one pass, the other 15 in a second one. Of equal magnitudes the first win: tensors by name, entries in
row-major order.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import ranges
from tauspeech.vectors.tensor_kinds import is_statistic

_LOW_BITS = 15
_MAGNITUDE, _LOW = np.uint32(0x7FFFFFFF), np.uint32(0x7FFF)


class Cut(NamedTuple):
    """SoundCache is what is larger than ``magnitude``, and as large as it up to (not including) position ``end``."""

    magnitude: np.float32
    end: int


NOTHING = Cut(np.float32(np.inf), 0)


def kept_count(keep: float, size: int) -> int:
    """k of n entries: to the nearest, halves up. Decimals count as they are written."""
    return math.floor(Fraction(str(keep)) * size + Fraction(1, 2))


def kept(values: np.ndarray, start: int, cut: Cut) -> np.ndarray:
    """Which of the entries from position ``start`` on are kept."""
    magnitudes = np.abs(values)
    ties = min(max(cut.end - start, 0), values.size)
    if ties == values.size:
        return magnitudes >= cut.magnitude
    mask = magnitudes > cut.magnitude
    mask[:ties] |= magnitudes[:ties] == cut.magnitude
    return mask


class TrimmedPiece:
    """A tensor of which only the largest entries are left; it counts them as it is read."""

    def __init__(self, source: Piece, cut: Cut):
        self._source, self._cut, self._counts = source, cut, {}
        self.shape = source.shape

    def read(self, start: int, stop: int) -> np.ndarray:
        values = self._source.read(start, stop)
        mask = kept(values, start, self._cut)
        self._counts[start] = int(np.count_nonzero(mask))
        return np.multiply(values, mask)

    def facts(self) -> dict[str, int]:
        return {"kept": sum(self._counts.values())}


class Trimmed:
    """T of magnitude pruning and TIES: each tensor trimmed by itself, or by cuts that were found for all."""

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


# A tensor up to this size is read once and held while it is worked on, 16 MiB as float32.
_SMALL = 1 << 22


class HeldPiece:
    def __init__(self, source: Piece):
        self.shape = source.shape
        self._values = np.empty(math.prod(source.shape), np.float32)
        for start, stop in ranges(self._values.size):
            self._values[start:stop] = source.read(start, stop)
        self._values.flags.writeable = False

    def read(self, start: int, stop: int) -> np.ndarray:
        return self._values[start:stop]


def held(piece: Piece) -> Piece:
    """A piece that can be read several times at little cost, if it is small."""
    return HeldPiece(piece) if math.prod(piece.shape) <= _SMALL else piece


class Found(NamedTuple):
    """The smallest magnitude that is kept, how many entries have just that, and how many of these are kept."""

    magnitude: np.float32
    ties: int
    quota: int


class _Search:
    """For the ``count``-th largest magnitude, of each count asked for, among numbers that are shown twice."""

    def __init__(self, counts: Sequence[int]):
        self._wanted = [(count, 0) for count in counts]  # the rank of each within a bin of the upper bits
        self._upper = np.zeros(1 << 16, np.int64)
        self._lower: dict[int, np.ndarray] | None = None  # by bin, once it is known which ones matter
        self._lock = threading.Lock()

    def show(self, values: np.ndarray) -> None:
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
        """After all numbers were shown for the first time: in which bins those searched for lie."""
        self._wanted = [_from_top(self._upper, count)[:2] for count, _ in self._wanted]
        self._lower = {chosen: np.zeros(1 << _LOW_BITS, np.int64) for _, chosen in self._wanted}

    def found(self) -> list[Found]:
        """After they were shown for the second time."""
        assert self._lower is not None
        results = []
        for rank, upper in self._wanted:
            quota, low, ties = _from_top(self._lower[upper], rank)
            results.append(Found(np.uint32(upper << _LOW_BITS | low).view(np.float32), ties, quota))
        return results


def _from_top(counts: np.ndarray, rank: int) -> tuple[int, int, int]:
    """Of the entry that is ``rank``-th from the top: its rank within its bin, the bin, and how many that has."""
    from_top = np.cumsum(counts[::-1])
    index = int(np.searchsorted(from_top, rank))
    chosen = counts.size - 1 - index
    size = int(counts[chosen])
    return rank - (int(from_top[index]) - size), chosen, size


def cut(piece: Piece, count: int) -> Cut:
    """The cut that keeps ``count`` entries of one tensor."""
    return cuts(piece, [count])[0]


def cuts(piece: Piece, counts: Sequence[int]) -> list[Cut]:
    """The same for several counts, at the cost of one."""
    size = math.prod(piece.shape)
    asked = sorted({count for count in counts if 0 < count < size})
    normalised = {size: Cut(np.float32(0), size), 0: NOTHING}
    if asked:
        search = _Search(asked)
        for each in ranges(size):
            search.show(piece.read(*each))
        search.narrow()
        for each in ranges(size):
            search.show(piece.read(*each))
        for count, (magnitude, ties, quota) in zip(asked, search.found(), strict=True):
            normalised[count] = Cut(magnitude, size if quota == ties else _position(piece, magnitude, quota))
    return [normalised[count] for count in counts]


def cuts_over_all(deltas: Sequence[Delta], keep: float, execution: Execution) -> list[dict[str, Cut]]:
    """For each change the cuts that keep a fraction of all its entries together."""
    sizes = [
        {name: math.prod(shape) for name, shape in delta.shapes.items() if not is_statistic(name)} for delta in deltas
    ]
    totals = [sum(each.values()) for each in sizes]
    counts = [kept_count(keep, total) for total in totals]
    searches = [_Search([count] if 0 < count < total else []) for count, total in zip(counts, totals, strict=True)]
    largest = {name: max(each.get(name, 0) for each in sizes) for name in sorted(set().union(*sizes))}

    def show(name: str) -> None:
        pieces = [
            (search, delta.piece(name)) for search, delta in zip(searches, deltas, strict=True) if name in delta.shapes
        ]
        for each in ranges(largest[name]):
            for search, piece in pieces:
                search.show(piece.read(*each))

    execution.each("trimming, 1 of 2", show, largest, largest.__getitem__)
    for search in searches:
        search.narrow()
    execution.each("trimming, 2 of 2", show, largest, largest.__getitem__)

    def settle(j: int) -> dict[str, Cut]:
        if counts[j] in (0, totals[j]):
            return {name: Cut(np.float32(0), size) if counts[j] else NOTHING for name, size in sizes[j].items()}
        return _spread(deltas[j], sizes[j], searches[j].found()[0])

    return execution.each("trimming, ties", settle, range(len(deltas)), lambda j: 1)


def _spread(delta: Delta, sizes: Mapping[str, int], found: Found) -> dict[str, Cut]:
    """One cut through several tensors: of the last entries that tie, those that come first by name are kept."""
    if found.quota == found.ties:
        return {name: Cut(found.magnitude, size) for name, size in sizes.items()}
    cuts, quota = {}, found.quota
    for name in sorted(sizes):
        piece = delta.piece(name)
        ties = _ties(piece, found.magnitude) if quota else 0
        cuts[name] = Cut(found.magnitude, _position(piece, found.magnitude, min(ties, quota)))
        quota -= min(ties, quota)
    return cuts


def _ties(piece: Piece, magnitude: np.float32) -> int:
    return sum(np.count_nonzero(np.abs(piece.read(*each)) == magnitude) for each in ranges(math.prod(piece.shape)))


def _position(piece: Piece, magnitude: np.float32, quota: int) -> int:
    """Just behind the ``quota``-th entry of a magnitude."""
    if quota == 0:
        return 0
    for start, stop in ranges(math.prod(piece.shape)):
        found = np.flatnonzero(np.abs(piece.read(start, stop)) == magnitude)
        if len(found) >= quota:
            return start + int(found[quota - 1]) + 1
        quota -= len(found)
    return math.prod(piece.shape)
