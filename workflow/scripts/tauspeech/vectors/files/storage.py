"""Safetensors files, read and written in pieces: a model never has to fit into memory.

Numbers come out as float32, the type that all arithmetic here is written for, and are checked for NaN on the way.
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

from tauspeech.runtime.errors import UserError

# Elements of one piece: large enough that Python's part vanishes, small enough for a processor's cache.
CHUNK = 1 << 18

# Bytes an element, by the names that safetensors gives to types.
WIDTHS = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8,
}  # fmt: skip
NUMBERS = ("F32", "F16", "BF16")
WHOLE_NUMBERS = ("I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL")
LONG_NAMES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "I64": "int64", "I32": "int32",
              "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool"}  # fmt: skip


def ranges(size: int) -> Iterator[tuple[int, int]]:
    """Pieces that cover a tensor of so many elements."""
    for start in range(0, size, CHUNK):
        yield start, min(start + CHUNK, size)


class _OpenFile:
    """A file that several threads read from, closed when nobody needs it any more."""

    def __init__(self, path: Path):
        self.path = path
        self.last = threading.local()  # the piece that each thread read last
        self.descriptor = os.open(path, os.O_RDONLY)

    def fill(self, buffer: np.ndarray, offset: int) -> None:
        view = memoryview(buffer).cast("B") if buffer.size else memoryview(b"")
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
    """Where a tensor lies in a file."""

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
        return self.dtype in NUMBERS

    @property
    def kind(self) -> str:
        return f"{LONG_NAMES.get(self.dtype, self.dtype)}{list(self.shape)}"

    def bytes(self, start: int, stop: int) -> np.ndarray:
        """Elements as they are stored."""
        width = WIDTHS[self.dtype]
        buffer = np.empty((stop - start) * width, np.uint8)
        self.file.fill(buffer, self.offset + start * width)
        return buffer

    def read(self, start: int, stop: int) -> np.ndarray:
        """Elements as float32, not to be written to. Whoever asks for the last ones again gets the same."""
        last = self.file.last  # the reference of several fine-tunes is read once for all of them
        if getattr(last, "piece", None) != (self.name, start, stop):
            values = widened(self.bytes(start, stop), self.dtype)
            if not np.isfinite(values).all():
                raise UserError(
                    f"Tensor {self.name} of {self.file.path} holds NaN or infinity; "
                    "use a checkpoint from before training diverged."
                )
            values.flags.writeable = False
            last.piece, last.values = (self.name, start, stop), values
        return last.values


def widened(stored: np.ndarray, dtype: str) -> np.ndarray:
    """Bytes of a float type as float32, exactly."""
    if dtype == "F32":
        return stored.view(np.float32)
    if dtype == "F16":
        return stored.view(np.float16).astype(np.float32)
    return (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def narrowed(values: np.ndarray, dtype: str) -> np.ndarray:
    """Finite float32 or float64 numbers, rounded to the nearest of a float type, as its bytes."""
    with np.errstate(over="ignore"):
        if dtype == "F16":
            return values.astype(np.float16).view(np.uint8)
        single = values.astype(np.float32)
    if dtype == "F32":
        return single.view(np.uint8)
    bits = single.view(np.uint32)
    if values.dtype == np.float64:
        # What became the middle of two bfloat16 by the first rounding goes to the side that it came from.
        middle = (bits & 0xFFFF) == 0x8000
        bits[middle] += np.sign(np.abs(values[middle]) - np.abs(single[middle])).astype(np.int8).astype(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).view(np.uint8)


def read_header(path: Path) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """The tensors of a file, and what its metadata say."""
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
            raise ValueError("its metadata are no mapping")
        tensors = {name: _located(file, name, entry, 8 + header_length) for name, entry in header.items()}
        _refuse_gaps(tensors, 8 + header_length, length)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; copy or download it again.") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UserError(f"{path} is truncated or no safetensors file ({error}); copy or download it again.") from None
    return tensors, metadata


def _located(file: _OpenFile, name: str, entry: Mapping[str, Any], begin: int) -> StoredTensor:
    start, stop = entry["data_offsets"]
    if any(type(each) is not int or each < 0 for each in (start, stop, *entry["shape"])):
        raise ValueError(f"tensor {name} has no possible shape or place")
    tensor = StoredTensor(name, entry["dtype"], tuple(entry["shape"]), begin + start, file)
    if tensor.dtype not in WIDTHS:
        raise ValueError(f"tensor {name} has the unknown type {tensor.dtype}")
    if stop - start != tensor.size * WIDTHS[tensor.dtype]:
        raise ValueError(f"tensor {name} has {stop - start} bytes, not those of {tensor.kind}")
    return tensor


def _refuse_gaps(tensors: Mapping[str, StoredTensor], begin: int, length: int) -> None:
    """Tensors lie end to end up to the end of the file; otherwise the file was cut short or glued together."""
    position = begin
    for tensor in sorted(tensors.values(), key=lambda each: (each.offset, each.size)):
        if tensor.offset != position:
            raise ValueError(f"tensor {tensor.name} does not begin where the one before it ends")
        position += tensor.size * WIDTHS[tensor.dtype]
    if position != length:
        raise ValueError(f"{length} bytes instead of {position}")


class Writer:
    """A safetensors file of tensors known beforehand, whose bytes may come in any order and from several threads.

    Metadata may come last: room for them is left, which ``room`` characters of JSON must not exceed.
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

    def write(self, name: str, start: int, stored: np.ndarray) -> None:
        """Bytes of a tensor, from its element ``start`` on."""
        entry = self._entries[name]
        offset = 8 + self._header_length + entry["data_offsets"][0] + start * WIDTHS[entry["dtype"]]
        view = memoryview(np.ascontiguousarray(stored)).cast("B") if stored.size else memoryview(b"")
        while len(view):
            count = os.pwrite(self._descriptor, view, offset)
            view, offset = view[count:], offset + count

    def close(self, metadata: Mapping[str, str]) -> None:
        header = self._header(metadata)
        if len(header) > self._header_length:
            raise AssertionError("the metadata exceed the room that was left for them")
        os.pwrite(
            self._descriptor,
            self._header_length.to_bytes(8, "little") + header.ljust(self._header_length),
            0,
        )
        os.close(self._descriptor)

    def _header(self, metadata: Mapping[str, str]) -> bytes:
        about = {"__metadata__": dict(metadata)} if metadata else {}
        return json.dumps(about | self._entries, ensure_ascii=False, separators=(",", ":")).encode()
