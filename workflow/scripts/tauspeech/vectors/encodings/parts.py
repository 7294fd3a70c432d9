"""Tensors that a vector file keeps in parts: two factors, and entries that are added to their product.

With a tensor as m x n matrix (a kernel's output channels by all the rest) there are

    <tensor>//left          m x r, and
    <tensor>//right         r x n, whose product is taken in float64 and rounded to float32,
    <tensor>//starts        int64: how many of the added entries lie before each block of 65536 entries of the flat
                            tensor, and how many there are in all,
    <tensor>//index         uint16: where in its block each of them lies, ascending,
    <tensor>//values        what is added there,

either the first two, the last three or all. Numbers are float32; or int8, to be multiplied by float32 scales that stand
beside them: <tensor>//left_scales, one for each column, <tensor>//right_scales, one for each row, and
<tensor>//value_scales, one for each block.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.storage import StoredTensor
from tauspeech.vectors.panels import Panels, as_matrix, height

BLOCK = 1 << 16  # what an index of two bytes reaches
BETWEEN = "//"

Layout = dict[str, tuple[str, tuple[int, ...]]]  # types and shapes of stored tensors
_FACTORS = {"left", "right"}
_SCALES = {"left": "left_scales", "right": "right_scales", "values": "value_scales"}


class Array(Protocol):
    """A stored tensor, in a file or in memory."""

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def bytes(self, start: int, stop: int) -> np.ndarray: ...

    def read(self, start: int, stop: int) -> np.ndarray: ...


@dataclass(frozen=True)
class InMemory:
    """Numbers that are about to be stored."""

    dtype: str
    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def bytes(self, start: int, stop: int) -> np.ndarray:
        return self.read(start, stop).view(np.uint8)

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.values.reshape(-1)[start:stop]


def blocks(size: int) -> int:
    return -(-size // BLOCK)


def factors_layout(shape: tuple[int, ...], count: int, dtype: str) -> Layout:
    rows, columns = as_matrix(shape)
    scales = {"left_scales": ("F32", (count,)), "right_scales": ("F32", (count,))} if dtype == "I8" else {}
    return {"left": (dtype, (rows, count)), "right": (dtype, (count, columns))} | scales


def sparse_layout(shape: tuple[int, ...], count: int, dtype: str) -> Layout:
    number = blocks(math.prod(shape))
    scales = {"value_scales": ("F32", (number,))} if dtype == "I8" else {}
    return {"starts": ("I64", (number + 1,)), "index": ("U16", (count,)), "values": (dtype, (count,))} | scales


def refuse_ill_formed(name: str, shape: tuple[int, ...], parts: Mapping[str, Array]) -> None:
    """Which parts there are, and their types and shapes; the message of the ValueError says what is wrong."""
    expected: Layout = {}
    for main, number, layout in (("left", 1, factors_layout), ("values", 0, sparse_layout)):
        if main in parts:
            found = parts[main]
            if found.dtype not in ("F32", "I8") or len(found.shape) != number + 1:
                raise ValueError(f"{name}{BETWEEN}{main} is {found.dtype}{list(found.shape)}")
            expected |= layout(shape, found.shape[number], found.dtype)
    for part in sorted(parts.keys() | expected.keys() or _FACTORS):
        if part not in parts:
            raise ValueError(f"{name}{BETWEEN}{part} is missing")
        found = (parts[part].dtype, tuple(parts[part].shape))
        if part not in expected or found != expected[part]:
            raise ValueError(f"{name}{BETWEEN}{part} does not belong there as {found[0]}{list(found[1])}")


class PartsPiece:
    """The tensor that its parts make."""

    def __init__(self, name: str, shape: tuple[int, ...], parts: Mapping[str, Array], origin: str):
        self.shape, self._name, self._parts, self._origin = shape, name, parts, origin
        _, self._columns = as_matrix(shape)
        self._product = self._factors() if "left" in parts else None
        self._starts = self._read_starts() if "starts" in parts else None

    def read(self, start: int, stop: int) -> np.ndarray:
        out = self._product.read(start, stop) if self._product else np.zeros(stop - start, np.float32)
        if self._starts is not None and out.size:
            where, values = self._added(start // BLOCK, blocks(stop))
            low, high = np.searchsorted(where, (start, stop))
            out[where[low:high] - start] += values[low:high]
        return out

    def _factors(self) -> Panels:
        """The right one is held, the left one read in panels of rows."""
        count = self._parts["left"].shape[1]
        right = _numbers(self._parts["right"], 0, count * self._columns).reshape(count, self._columns)
        right *= self._scales("right", 0, count)[:, None]
        stored, scales = self._parts["left"], self._scales("left", 0, count)

        def product(first: int, last: int) -> np.ndarray:
            left = _numbers(stored, first * count, last * count).reshape(last - first, count)
            return (left * scales) @ right

        return Panels(self.shape, height(self._columns), product)

    def _added(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and values in some blocks."""
        starts = self._starts[first : last + 1]
        begin, end = int(starts[0]), int(starts[-1])
        block = np.repeat(np.arange(first, last), np.diff(starts))
        where = block * BLOCK + self._parts["index"].bytes(begin, end).view(np.uint16)
        if where.size and (where[-1] >= math.prod(self.shape) or np.any(np.diff(where) <= 0)):
            raise self._damaged("index")
        values = _numbers(self._parts["values"], begin, end) * self._scales("values", first, last)[block - first]
        return where, values.astype(np.float32)

    def _read_starts(self) -> np.ndarray:
        starts = self._parts["starts"].bytes(0, self._parts["starts"].shape[0]).view(np.int64)
        if starts[0] != 0 or starts[-1] != self._parts["values"].shape[0] or np.any(np.diff(starts) < 0):
            raise self._damaged("starts")
        return starts

    def _scales(self, part: str, start: int, stop: int) -> np.ndarray:
        scales = self._parts.get(_SCALES[part])
        return scales.read(start, stop).astype(np.float64) if scales else np.ones(stop - start)

    def _damaged(self, part: str) -> UserError:
        return UserError(f"{self._origin} is damaged ({self._name}{BETWEEN}{part} makes no sense); make it again.")


def _numbers(stored: StoredTensor, start: int, stop: int) -> np.ndarray:
    """As they are stored, without their scales, in float64."""
    if stored.dtype == "I8":
        return stored.bytes(start, stop).view(np.int8).astype(np.float64)
    return stored.read(start, stop).astype(np.float64)
