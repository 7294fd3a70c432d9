"""Safetensors files, read and written in pieces: a model never has to fit into memory.

Float tensors are read as float32, the type of all arithmetic here, and are checked for NaN and infinity.
"""

import json
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError

Values = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Layout = dict[str, tuple[str, tuple[int, ...]]]  # types and shapes of the tensors of a file

# Elements of one piece: large enough that Python's overhead is negligible, small enough for a processor's cache.
CHUNK = 1 << 18

# Bytes per element, by the names of types in safetensors.
WIDTHS = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8,
}  # fmt: skip
NUMBERS = ("F32", "F16", "BF16")
WHOLE_NUMBERS = ("I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL")
LONG_NAMES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "I64": "int64", "I32": "int32",
              "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool"}  # fmt: skip


def ranges(size: int) -> Iterator[tuple[int, int]]:
    """The pieces of a tensor with ``size`` elements."""
    for start in range(0, size, CHUNK):
        yield start, min(start + CHUNK, size)


class _OpenFile:
    """A file that several threads read from; it is closed when the last reference is gone."""

    def __init__(self, path: Path):
        self.path = path
        self.last = threading.local()  # the piece that each thread read last
        self.descriptor = os.open(path, os.O_RDONLY)

    def fill(self, buffer: Bytes, offset: int) -> None:
        view = buffer.data.cast("B") if buffer.size else memoryview(b"")
        done = 0
        while done < len(view):
            count = os.preadv(self.descriptor, [view[done:]], offset + done)
            if count == 0:
                raise UserError(f"{self.path} became shorter while it was read; copy or download it again.")
            done += count

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file, not yet read."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    file: _OpenFile

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def number(self) -> bool:
        """True for the float types that are merged."""
        return self.dtype in NUMBERS

    @property
    def kind(self) -> str:
        """Type and shape for messages."""
        return f"{LONG_NAMES.get(self.dtype, self.dtype)}{list(self.shape)}"

    def bytes(self, start: int, stop: int) -> Bytes:
        """Elements as stored."""
        width = WIDTHS[self.dtype]
        buffer = np.empty((stop - start) * width, np.uint8)
        self.file.fill(buffer, self.offset + start * width)
        return buffer

    def read(self, start: int, stop: int) -> Values:
        """Elements as float32; the array must not be written to, since the last one is cached for each thread."""
        last = self.file.last  # so that the reference of several fine-tunes is read once for all of them
        if getattr(last, "piece", None) != (self.name, start, stop):
            values = widened(self.bytes(start, stop), self.dtype)
            if not np.isfinite(values).all():
                raise UserError(
                    f"Tensor {self.name} of {self.file.path} holds NaN or infinity; "
                    "use a checkpoint from before training diverged."
                )
            values.flags.writeable = False
            last.piece, last.values = (self.name, start, stop), values
        cached: Values = last.values
        return cached


def widened(stored: Bytes, dtype: str) -> Values:
    """Bytes of a float type converted to float32, exactly."""
    if dtype == "F32":
        return stored.view(np.float32)
    if dtype == "F16":
        return stored.view(np.float16).astype(np.float32)
    return (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def narrowed(values: NDArray[np.float32] | NDArray[np.float64], dtype: str) -> Bytes:
    """Bytes of finite float32 or float64 numbers, rounded to the nearest number of a float type."""
    with np.errstate(over="ignore"):
        if dtype == "F16":
            return values.astype(np.float16).view(np.uint8)
        single = values.astype(np.float32)
    if dtype == "F32":
        return single.view(np.uint8)
    bits = single.view(np.uint32)
    if values.dtype == np.float64:
        # A number that the first rounding moved to the middle of two bfloat16 is rounded to its original side.
        middle = (bits & 0xFFFF) == 0x8000
        bits[middle] += np.sign(np.abs(values[middle]) - np.abs(single[middle])).astype(np.int8).astype(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).view(np.uint8)


def rounded(values: NDArray[np.float32] | NDArray[np.float64], name: str, dtype: str) -> Bytes:
    """``narrowed``, with a UserError if a number of the tensor ``name`` overflows."""
    stored = narrowed(values, dtype)
    if not np.isfinite(widened(stored, dtype)).all():
        raise UserError(f"Tensor {name} overflows {LONG_NAMES[dtype]}; lower the scale or write float32.")
    return stored


def read_header(path: Path) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """The tensors of a file, and its metadata."""
    try:
        file = _OpenFile(path)
        length = os.fstat(file.descriptor).st_size
        prefix = os.pread(file.descriptor, 8, 0)
        header_length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or header_length > min(length - 8, 100_000_000):
            raise ValueError("its header is longer than the file")
        header: dict[str, Any] = json.loads(os.pread(file.descriptor, header_length, 8))
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict):
            raise ValueError("its metadata are not a mapping")
        tensors = {name: _located(file, name, entry, 8 + header_length) for name, entry in header.items()}
        _refuse_gaps(tensors, 8 + header_length, length)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; copy or download it again.") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UserError(
            f"{path} is truncated or not a safetensors file ({error}); copy or download it again."
        ) from None
    return tensors, metadata


def _located(file: _OpenFile, name: str, entry: Mapping[str, Any], begin: int) -> StoredTensor:
    start, stop = entry["data_offsets"]
    if any(type(each) is not int or each < 0 for each in (start, stop, *entry["shape"])):
        raise ValueError(f"tensor {name} has an impossible shape or place")
    tensor = StoredTensor(name, entry["dtype"], tuple(entry["shape"]), begin + start, file)
    if tensor.dtype not in WIDTHS:
        raise ValueError(f"tensor {name} has the unknown type {tensor.dtype}")
    if stop - start != tensor.size * WIDTHS[tensor.dtype]:
        raise ValueError(f"tensor {name} has {stop - start} bytes, which is not the size of {tensor.kind}")
    return tensor


def _refuse_gaps(tensors: Mapping[str, StoredTensor], begin: int, length: int) -> None:
    """Raise a ValueError unless tensors lie end to end up to the end of the file, as in every complete file."""
    position = begin
    for tensor in sorted(tensors.values(), key=lambda each: (each.offset, each.size)):
        if tensor.offset != position:
            raise ValueError(f"tensor {tensor.name} does not begin at the end of the previous one")
        position += tensor.size * WIDTHS[tensor.dtype]
    if position != length:
        raise ValueError(f"the file has {length} bytes instead of {position}")


class Writer:
    """A safetensors file that is written in any order and by several threads; names, types and shapes are given first.

    Metadata are given last, as at most ``room`` characters of JSON, for which space is reserved.
    """

    def __init__(self, path: Path, tensors: Mapping[str, tuple[str, Sequence[int]]], room: int = 0):
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        # Widest types first, so that every tensor is aligned; then by name.
        order = sorted(tensors, key=lambda name: (-WIDTHS[tensors[name][0]], name))
        self._entries: dict[str, dict[str, Any]] = {}
        position = 0
        for name in order:
            dtype, shape = tensors[name]
            end = position + math.prod(shape) * WIDTHS[dtype]
            self._entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, end]}
            position = end
        self._header_length = -(-(len(self._header({})) + room) // 8) * 8
        self.size = 8 + self._header_length + position
        os.truncate(self._descriptor, self.size)

    def write(self, name: str, start: int, stored: Bytes) -> None:
        """Write bytes of a tensor, from its element ``start`` on."""
        entry = self._entries[name]
        offset = 8 + self._header_length + entry["data_offsets"][0] + start * WIDTHS[entry["dtype"]]
        view = np.ascontiguousarray(stored).data.cast("B") if stored.size else memoryview(b"")
        while len(view):
            count = os.pwrite(self._descriptor, view, offset)
            view, offset = view[count:], offset + count

    def close(self, metadata: Mapping[str, str]) -> None:
        header = self._header(metadata)
        if len(header) > self._header_length:
            raise AssertionError("the metadata exceed the reserved space")
        os.pwrite(
            self._descriptor,
            self._header_length.to_bytes(8, "little") + header.ljust(self._header_length),
            0,
        )
        os.close(self._descriptor)

    def _header(self, metadata: Mapping[str, str]) -> bytes:
        about = {"__metadata__": dict(metadata)} if metadata else {}
        return json.dumps(about | self._entries, ensure_ascii=False, separators=(",", ":")).encode()
