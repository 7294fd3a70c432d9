"""The file of a task vector: safetensors, with the base, origin and encoding of the vector in its metadata.

Metadata have a single key, because safetensors writers put several keys in an order that differs from run to run. In the
dense encodings the file's tensors are the vector's, in the others a tensor may be stored in parts. A tensor of zeros, as
all of a frozen encoder are, is not stored; where tensors are not stored or in parts, the metadata list all names and
shapes.
"""

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tauspeech.data import pickles
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text, write_atomic
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.encodings.dense import TYPES, Dense, Encoding, Loss
from tauspeech.vectors.encodings.parts import BETWEEN, FACTORS, PartsPiece, refuse_ill_formed
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import Layout, StoredTensor, Values, Writer, ranges, read_header

FORMAT_VERSION = "2"
IN_PARTS = ("lora", "compressed")
_HEADER = "task_vector"
_WIDEST = 1.23457e-300  # no fraction takes more characters with six digits


class VectorFile:
    """A stored change of weights, with tensors named as in the model that it is a difference to."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self._id: str | None = None
        if self.path.suffix in pickles.ENDINGS:
            raise UserError(
                f"{path} is pickle, which is never loaded; convert it, if you trust it, with {pickles.command(self.path)}, "
                "and make a vector of the model with `tauspeech vector`."
            )
        if not self.path.is_file():
            raise UserError(f"There is no task vector at {path}; check the path.")
        self.tensors, metadata = read_header(self.path)
        if _HEADER not in metadata:
            raise UserError(f"{path} has tensors but is not a task vector; make one with `tauspeech vector`.")
        try:
            self.about: dict[str, Any] = json.loads(metadata[_HEADER])
            version = self.about["version"]
            if version == FORMAT_VERSION:
                self._parse()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is damaged or not a task vector ({error!r}); make it again.") from None
        if version != FORMAT_VERSION:
            raise UserError(
                f"{path} is a task vector of format {version}, but this version reads format {FORMAT_VERSION}; make it "
                "again with this version of tauspeech."
            )

    @property
    def id(self) -> str:
        """Identity of the difference, so that random masks are the same in any encoding and place."""
        if self._id is None:
            origin = self.metadata.get("origin", {}).get("fingerprint")
            self._id = sha256_text(canonical_json([origin or self.fingerprint(Execution()), self.base_fingerprint]))
        return self._id

    @id.setter
    def id(self, id: str) -> None:
        self._id = id

    def fingerprint(self, execution: Execution) -> str:
        return fingerprint(self.tensors, digests(self.tensors, execution))

    def piece(self, name: str) -> Piece:
        if name in self.tensors:
            return self.tensors[name]
        if name in self._parts:
            return PartsPiece(name, self.shapes[name], self._parts[name], str(self.path))
        return Unchanged(self.shapes[name])

    def factors(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The factors of a tensor that is stored as their product; None for other ones."""
        parts = self._parts.get(name, {})
        return PartsPiece(name, self.shapes[name], parts, str(self.path)).factors() if parts.keys() == FACTORS else None

    def _parse(self) -> None:
        self.base_fingerprint: str = self.about["base_fingerprint"]
        self.encoding: str = self.about["encoding"]
        self.metadata: dict[str, Any] = self.about["metadata"]
        self.partial: bool = self.about.get("partial", False)  # True if missing tensors mean no change
        _check_types(self.about)
        self.shapes: Mapping[str, tuple[int, ...]]
        self._parts: dict[str, dict[str, StoredTensor]] = {}
        if self.encoding not in (*TYPES, *IN_PARTS):
            raise ValueError(f"the encoding {self.encoding} is unknown")
        if self.encoding in TYPES and "unchanged" not in self.about:
            self.shapes = {name: each.shape for name, each in self.tensors.items()}
        else:
            self.shapes = {name: _shape(shape) for name, shape in self.about["shapes"].items()}
            self._assign_parts(set(self.about["unchanged"]))
        if self.encoding in TYPES and self._parts:
            raise ValueError(f"{self.encoding} has no parts, but {min(self._parts)!r} is stored in parts")
        for name in self.shapes.keys() & self.tensors.keys():
            if not self.tensors[name].number or self.tensors[name].shape != self.shapes[name]:
                raise ValueError(f"tensor {name} is {self.tensors[name].kind}")

    def _assign_parts(self, unchanged: set[str]) -> None:
        """Assign stored tensors to the vector's; each of those must be stored whole, in parts, or listed as unchanged."""
        whole = {name for name in self.tensors if name in self.shapes}
        for stored in self.tensors.keys() - whole:
            name, _, part = stored.rpartition(BETWEEN)
            self._parts.setdefault(name, {})[part] = self.tensors[stored]
        for name in sorted(whole | self._parts.keys() | unchanged | self.shapes.keys()):
            forms = [name in whole, name in self._parts, name in unchanged]
            if name not in self.shapes or sum(forms) != 1:
                raise ValueError(f"tensor {name!r} is stored in {sum(forms)} forms or has no shape")
            if name in self._parts:
                refuse_ill_formed(name, self.shapes[name], self._parts[name])


class Unchanged:
    """A tensor without any change: zeros."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def read(self, start: int, stop: int) -> Values:
        return np.zeros(stop - start, np.float32)


def write_vector(
    path: Path,
    delta: Delta,
    base_fingerprint: str,
    metadata: Mapping[str, Any],
    execution: Execution,
    encoding: Encoding | str = "float32",
) -> dict[str, Any]:
    """Write ``delta`` to a file, in pieces, and return the file's metadata."""
    encoding = Dense(encoding) if isinstance(encoding, str) else encoding
    about: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "base_fingerprint": base_fingerprint,
        "encoding": encoding.name,
        "metadata": dict(metadata),
        "partial": getattr(delta, "partial", False),
    }
    stored = _changed(delta, execution)
    unchanged = sorted(delta.shapes.keys() - set(stored))
    if unchanged or not encoding.dense:
        about["shapes"] = {name: list(shape) for name, shape in delta.shapes.items()}
        about["unchanged"] = unchanged
    if not encoding.dense:
        about["options"] = dict(encoding.options)

    def write(part: Path) -> None:
        room = _room(about | _measures(encoding, dict.fromkeys(stored, _WIDEST), _WIDEST, _WIDEST))
        writer = Writer(part, layout(delta, encoding, stored), room)
        sizes = {name: math.prod(shape) for name, shape in delta.shapes.items()}
        losses = execution.each(
            "writing the vector",
            lambda name: encoding.store(name, delta.piece(name), writer.write),
            stored,
            sizes.__getitem__,
        )
        whole = Loss(math.fsum(loss.lost for loss in losses), math.fsum(loss.total for loss in losses))
        if not math.isfinite(whole.lost):
            raise UserError(f"The vector {path} has numbers too large for {encoding.name}; choose float32.")
        errors = {name: loss.error for name, loss in zip(stored, losses, strict=True)}
        about.update(_measures(encoding, errors, whole.error, writer.size / max(4 * sum(sizes.values()), 1)))
        writer.close({_HEADER: canonical_json(about)})

    write_atomic(path, write)
    return about


def layout(delta: Delta, encoding: Encoding, names: Collection[str]) -> Layout:
    """The stored tensors of a file with the given tensors of ``delta``."""
    if not encoding.dense and (odd := [name for name in names if BETWEEN in name]):
        raise UserError(
            f"Tensor {odd[0]} has {BETWEEN} in its name, which {encoding.name} cannot store; choose float32."
        )
    return {stored: kind for name in names for stored, kind in encoding.layout(name, delta.shapes[name]).items()}


def _changed(delta: Delta, execution: Execution) -> list[str]:
    """Names of the tensors that are not all zeros, and of empty ones; reading ends at the first nonzero piece."""
    sizes = {name: math.prod(shape) for name, shape in delta.shapes.items()}

    def changed(name: str) -> bool:
        piece = delta.piece(name)
        return not sizes[name] or any(piece.read(*each).any() for each in ranges(sizes[name]))

    names = sorted(sizes)
    found = execution.each("looking for frozen tensors", changed, names, sizes.__getitem__)
    return [name for name, is_changed in zip(names, found, strict=True) if is_changed]


def _measures(encoding: Encoding, errors: Mapping[str, float], error: float, ratio: float) -> dict[str, Any]:
    """Measurements after everything was written: the size as a fraction of float32's, and the loss."""
    if encoding.dense and not encoding.lossy:
        return {}
    lost = {"error": _six_digits(error), "errors": {name: _six_digits(each) for name, each in errors.items()}}
    return {"size_ratio": _six_digits(ratio)} | (lost if encoding.lossy else {})


def _six_digits(value: float) -> float:
    return float(f"{value:.5e}")


def _room(about: Mapping[str, Any]) -> int:
    return len(json.dumps({"__metadata__": {_HEADER: canonical_json(about)}}, ensure_ascii=False).encode())


def _check_types(about: Mapping[str, Any]) -> None:
    """Raise a TypeError for metadata of the wrong type, which later code formats or sorts."""
    origin, options = about["metadata"].get("origin", {}), about.get("options", {})
    texts = [about["base_fingerprint"], about["encoding"], *origin.values()]
    numbers = [about.get("error", 0), about.get("size_ratio", 0), *options.values()]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a name or fingerprint is not a string")
    if not all(isinstance(number, int | float) for number in numbers):
        raise TypeError("an option or measurement is not a number")


def _shape(listed: Any) -> tuple[int, ...]:
    if not isinstance(listed, list) or any(type(side) is not int or side < 0 for side in listed):
        raise ValueError(f"{listed} is not a shape")
    return tuple(listed)
