"""Tensors that a vector file stores in parts: two factors, and entries that are added to their product.

The parts of a tensor, taken as an m x n matrix (a kernel's output channels by all the rest), are

    <tensor>//left          m x r, and
    <tensor>//right         r x n, whose product is taken in float64 and rounded to float32,
    <tensor>//starts        int64: the number of added entries before each block of 65536 entries of the flat tensor,
                            and their total number,
    <tensor>//index         uint16: the positions of the added entries within their block, ascending,
    <tensor>//values        the added values,

either the first two, the last three or all. Numbers are float32; or int8 with float32 scales as further parts:
<tensor>//left_scales, one for each column, <tensor>//right_scales, one for each row, and <tensor>//value_scales, one
for each block.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.storage import Bytes, Layout, Values
from tauspeech.vectors.panels import Panels, as_matrix, height

BLOCK = 1 << 16  # the range of a uint16 index
BETWEEN = "//"

FACTORS = {"left", "right"}
_SCALES = {"left": "left_scales", "right": "right_scales", "values": "value_scales"}


class Array(Protocol):
    """A stored tensor, in a file or in memory."""

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def bytes(self, start: int, stop: int) -> Bytes: ...

    def read(self, start: int, stop: int) -> Values: ...


@dataclass(frozen=True)
class InMemory:
    """A stored tensor before it is written."""

    dtype: str
    values: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def bytes(self, start: int, stop: int) -> Bytes:
        return self.values.reshape(-1)[start:stop].view(np.uint8)

    def read(self, start: int, stop: int) -> Values:
        return self.values.reshape(-1)[start:stop]


def blocks(size: int) -> int:
    return -(-size // BLOCK)


def factors_layout(shape: tuple[int, ...], count: int, dtype: str) -> Layout:
    rows, columns = as_matrix(shape)
    layout: Layout = {"left": (dtype, (rows, count)), "right": (dtype, (count, columns))}
    return layout | ({"left_scales": ("F32", (count,)), "right_scales": ("F32", (count,))} if dtype == "I8" else {})


def sparse_layout(shape: tuple[int, ...], count: int, dtype: str) -> Layout:
    number = blocks(math.prod(shape))
    layout: Layout = {"starts": ("I64", (number + 1,)), "index": ("U16", (count,)), "values": (dtype, (count,))}
    return layout | ({"value_scales": ("F32", (number,))} if dtype == "I8" else {})


def refuse_ill_formed(name: str, shape: tuple[int, ...], parts: Mapping[str, Array]) -> None:
    """Raise a ValueError for missing or unexpected parts, or parts of other types and shapes."""
    expected: Layout = {}
    for main, number, layout in (("left", 1, factors_layout), ("values", 0, sparse_layout)):
        if main in parts:
            stored = parts[main]
            if stored.dtype not in ("F32", "I8") or len(stored.shape) != number + 1:
                raise ValueError(f"{name}{BETWEEN}{main} is {stored.dtype}{list(stored.shape)}")
            expected |= layout(shape, stored.shape[number], stored.dtype)
    for part in sorted(parts.keys() | expected.keys() or FACTORS):
        if part not in parts:
            raise ValueError(f"{name}{BETWEEN}{part} is missing")
        found = (parts[part].dtype, tuple(parts[part].shape))
        if part not in expected or found != expected[part]:
            raise ValueError(f"{name}{BETWEEN}{part} is not expected as {found[0]}{list(found[1])}")


class PartsPiece:
    """The tensor that its parts represent."""

    def __init__(self, name: str, shape: tuple[int, ...], parts: Mapping[str, Array], origin: str):
        self.shape, self._name, self._parts, self._origin = shape, name, parts, origin
        _, self._columns = as_matrix(shape)
        self._product = self._factors() if "left" in parts else None
        self._starts = self._read_starts() if "starts" in parts else None

    def read(self, start: int, stop: int) -> Values:
        out = self._product.read(start, stop) if self._product else np.zeros(stop - start, np.float32)
        if self._starts is not None and out.size:
            where, values = self._added(self._starts, start // BLOCK, blocks(stop))
            low, high = np.searchsorted(where, (start, stop))
            out[where[low:high] - start] += values[low:high]
        return out

    def factors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both factors, of a tensor that has them."""
        rows, _ = as_matrix(self.shape)
        return self._left(0, rows), self._right()

    def _factors(self) -> Panels:
        """The product of the factors; the right one is held, the left one read in panels of rows."""
        right = self._right()

        def product(first: int, last: int) -> NDArray[np.float64]:
            rows: NDArray[np.float64] = self._left(first, last) @ right
            return rows

        return Panels(self.shape, height(self._columns), product)

    def _left(self, first: int, last: int) -> NDArray[np.float64]:
        count = self._parts["left"].shape[1]
        numbers = _numbers(self._parts["left"], first * count, last * count).reshape(last - first, count)
        return numbers * self._scales("left", 0, count)

    def _right(self) -> NDArray[np.float64]:
        count = self._parts["right"].shape[0]
        numbers = _numbers(self._parts["right"], 0, count * self._columns).reshape(count, self._columns)
        return numbers * self._scales("right", 0, count)[:, None]

    def _added(
        self, all_starts: NDArray[np.int64], first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Positions and values of the added entries in the blocks from ``first`` to before ``last``."""
        starts = all_starts[first : last + 1]
        begin, end = int(starts[0]), int(starts[-1])
        block = np.repeat(np.arange(first, last), np.diff(starts))
        where = block * BLOCK + self._parts["index"].bytes(begin, end).view(np.uint16)
        if where.size and (where[-1] >= math.prod(self.shape) or np.any(np.diff(where) <= 0)):
            raise self._damaged("index")
        values = _numbers(self._parts["values"], begin, end) * self._scales("values", first, last)[block - first]
        return where, values.astype(np.float32)

    def _read_starts(self) -> NDArray[np.int64]:
        starts = self._parts["starts"].bytes(0, self._parts["starts"].shape[0]).view(np.int64)
        if starts[0] != 0 or starts[-1] != self._parts["values"].shape[0] or np.any(np.diff(starts) < 0):
            raise self._damaged("starts")
        return starts

    def _scales(self, part: str, start: int, stop: int) -> NDArray[np.float64]:
        scales = self._parts.get(_SCALES[part])
        return scales.read(start, stop).astype(np.float64) if scales else np.ones(stop - start)

    def _damaged(self, part: str) -> UserError:
        return UserError(f"{self._origin} is damaged ({self._name}{BETWEEN}{part} is inconsistent); make it again.")


def _numbers(stored: Array, start: int, stop: int) -> NDArray[np.float64]:
    """Stored numbers in float64, not multiplied by their scales."""
    if stored.dtype == "I8":
        return stored.bytes(start, stop).view(np.int8).astype(np.float64)
    return stored.read(start, stop).astype(np.float64)
