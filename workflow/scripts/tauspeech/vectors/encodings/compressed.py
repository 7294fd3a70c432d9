"""Encodings of a change of weights by matrices of low rank, at a fraction of the size of all its numbers.

``lora``: the factors of an adapter, and the changes of single embeddings, exactly. ``compressed``: the highest singular values of each matrix, as two factors,
and the largest entries of the residual, as in LoRS; the entries are chosen after the factors were rounded, so that they
correct the largest errors. Vectors, scalars and running statistics are stored whole, and so are matrices whose parts
would not be smaller. The loss is measured on the stored numbers.
"""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.encodings.dense import Dense, Loss, WriteBytes
from tauspeech.vectors.encodings.parts import (
    BETWEEN,
    BLOCK,
    Array,
    InMemory,
    PartsPiece,
    blocks,
    factors_layout,
    sparse_layout,
)
from tauspeech.vectors.files.storage import WIDTHS, Layout, Values, ranges
from tauspeech.vectors.panels import as_matrix
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.transforms.low_rank import LowRankPiece, Residual, rank_count
from tauspeech.vectors.transforms.trimming import cut, held, kept_count, kept_mask


class Factored(Delta, Protocol):
    """A change given as products of matrices."""

    def factors(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The factors m x r and r x n; None for a tensor that is given otherwise."""
        ...

    def entries(self, name: str) -> tuple[NDArray[np.int64], Values] | None:
        """The only entries that change: positions in the flat tensor, ascending, and values; None if all may change."""
        ...


class Factors:
    """The encoding ``lora``: factors, or the entries that change, where they are smaller than the tensor."""

    name, dense, lossy = "lora", False, False

    def __init__(self, change: Factored):
        self._change = change
        self.options: Mapping[str, Any] = {}

    def layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        parts = {part: (array.dtype, array.shape) for part, array in self._parts(name, shape).items()}
        return _named(name, parts) or {name: ("F32", shape)}

    def store(self, name: str, piece: Piece, write: WriteBytes) -> Loss:
        if parts := self._parts(name, piece.shape):
            _write_all(name, parts, write)
            return Loss()
        return Dense("float32").store(name, piece, write)

    def _parts(self, name: str, shape: tuple[int, ...]) -> dict[str, Array]:
        """The parts of a tensor; empty if it is stored whole."""
        parts: dict[str, Array] = {}
        if factors := self._change.factors(name):
            parts = dict(zip(("left", "right"), map(_float32, factors), strict=True))
        elif entries := self._change.entries(name):
            parts = _added_entries(shape, *entries)
        needed = sum(WIDTHS[each.dtype] * math.prod(each.shape) for each in parts.values())
        return parts if needed < WIDTHS["F32"] * math.prod(shape) else {}


class Compressed:
    """The encoding ``compressed``: low rank plus sparse, in float32 or int8."""

    name, dense, lossy = "compressed", False, True

    def __init__(self, rank: float = 0.05, keep: float = 0.02, bits: int = 32):
        for option, value in (("rank", rank), ("keep", keep)):
            if not 0 <= value <= 1:
                raise UserError(f"The {option} is {value:g}, but it is a fraction: give a number from 0 to 1.")
        if rank == keep == 0:
            raise UserError("The rank and keep are both 0, which stores nothing; raise one of them.")
        if bits not in (8, 32):
            raise UserError(f"Numbers of {bits} bits are not supported; choose 8 or 32.")
        self._rank, self._keep, self._dtype = rank, keep, "I8" if bits == 8 else "F32"
        self.options: Mapping[str, Any] = {"rank": rank, "keep": keep, "bits": bits}

    def layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        return _named(name, self._parts(name, shape)) or {name: ("F32", shape)}

    def store(self, name: str, piece: Piece, write: WriteBytes) -> Loss:
        layout = self._parts(name, piece.shape)
        if not layout:
            return Dense("float32", lossy=True).store(name, piece, write)
        source = held(piece)
        parts: dict[str, Array] = {}
        residual = source
        if "left" in layout:
            parts |= self._factors(LowRankPiece(source, layout["left"][1][1]))
            residual = held(Residual(source, PartsPiece(name, piece.shape, parts, name)))
        if "values" in layout:
            parts |= self._sparse(residual, layout["values"][1][0])
        _write_all(name, parts, write)
        loss, stored = Loss(), PartsPiece(name, piece.shape, parts, name)
        for each in ranges(math.prod(piece.shape)):
            loss.count(source.read(*each), stored.read(*each))
        return loss

    def _parts(self, name: str, shape: tuple[int, ...]) -> Layout:
        """The parts of a tensor; empty if it is stored whole."""
        count, size = rank_count(self._rank, shape), math.prod(shape)
        if is_statistic(name) or len(shape) < 2 or count == min(as_matrix(shape)):
            return {}
        layout = factors_layout(shape, count, self._dtype) if count else {}
        if number := kept_count(self._keep, size):
            layout |= sparse_layout(shape, number, self._dtype)
        needed = sum(WIDTHS[dtype] * math.prod(part) for dtype, part in layout.values())
        return layout if needed < WIDTHS["F32"] * size else {}

    def _factors(self, low: LowRankPiece) -> dict[str, Array]:
        left, right = low.factors()
        if self._dtype == "F32":
            return {"left": _float32(left), "right": _float32(right)}
        (columns, left_scales), (rows, right_scales) = _int8(left.T), _int8(right)
        return {
            "left": InMemory("I8", np.ascontiguousarray(columns.T)),
            "left_scales": left_scales,
            "right": InMemory("I8", rows),
            "right_scales": right_scales,
        }

    def _sparse(self, source: Piece, count: int) -> dict[str, Array]:
        size = math.prod(source.shape)
        chosen = cut(source, count)
        starts, index, values, scales = [0], [], [], []
        for start in range(0, size, BLOCK):
            block = source.read(start, min(start + BLOCK, size))
            where = np.flatnonzero(kept_mask(block, start, chosen))
            starts.append(starts[-1] + where.size)
            index.append(where.astype(np.uint16))
            numbers = block[where]
            if self._dtype == "I8":
                (numbers,), scale = _int8(numbers[None])
                scales.append(scale.values)
            values.append(numbers)
        found: dict[str, Array] = {
            "starts": InMemory("I64", np.array(starts, np.int64)),
            "index": InMemory("U16", np.concatenate(index)),
            "values": InMemory(self._dtype, np.concatenate(values)),
        }
        return found | ({"value_scales": InMemory("F32", np.concatenate(scales))} if scales else {})


def _added_entries(shape: tuple[int, ...], positions: NDArray[np.int64], values: Values) -> dict[str, Array]:
    """Parts of a tensor of zeros with some entries, whose positions ascend."""
    edges = np.arange(blocks(math.prod(shape)) + 1) * BLOCK
    return {
        "starts": InMemory("I64", np.searchsorted(positions, edges).astype(np.int64)),
        "index": InMemory("U16", (positions % BLOCK).astype(np.uint16)),
        "values": InMemory("F32", np.ascontiguousarray(values, np.float32)),
    }


def _int8(rows: NDArray[Any]) -> tuple[NDArray[np.int8], InMemory]:
    """Each row in steps of 1/127 of its largest magnitude, and these steps."""
    steps = (np.max(np.abs(rows), axis=1, initial=0) / 127).astype(np.float32)
    divisors = np.where(steps > 0, steps, np.inf).astype(np.float64)[:, None]
    return np.clip(np.rint(rows / divisors), -127, 127).astype(np.int8), InMemory("F32", steps)


def _float32(values: NDArray[np.float64]) -> InMemory:
    return InMemory("F32", np.ascontiguousarray(values, np.float32))


def _named(name: str, parts: Layout) -> Layout:
    return {f"{name}{BETWEEN}{part}": stored for part, stored in parts.items()}


def _write_all(name: str, parts: Mapping[str, Array], write: WriteBytes) -> None:
    for part, array in parts.items():
        write(f"{name}{BETWEEN}{part}", 0, array.bytes(0, math.prod(array.shape)))
