"""The file that a task vector is kept in: safetensors, with metadata that say what it is a difference of.

Metadata stand under one key, because safetensors writers put several in an order that differs from run to run. In the
dense encodings the file's tensors are the vector's. In the others a tensor may be there in parts, or not at all if it did
not change, so the metadata have all names and shapes.
"""

import json
import math
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.data import pickles
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text, write_atomic
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.encodings.dense import TYPES, Dense, Encoding, Loss
from tauspeech.vectors.encodings.parts import BETWEEN, Layout, PartsPiece, refuse_ill_formed
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import StoredTensor, Writer, ranges, read_header

FORMAT_VERSION = "2"
IN_PARTS = ("lora", "compressed")
_HEADER = "task_vector"
_WIDEST = 1.23457e-300  # no share takes more room with six digits


class VectorFile:
    """A change of weights as a file keeps it, named as the tensors of the model that it is a difference to."""

    def __init__(self, path: Path):
        self.path = Path(path)
        if self.path.suffix in pickles.ENDINGS:
            raise UserError(
                f"{path} is pickle, which is never loaded; convert it, if you trust it, with {pickles.command(self.path)}, "
                "and make a vector of the model with `tauspeech vector`."
            )
        if not self.path.is_file():
            raise UserError(f"There is no task vector at {path}; check the path.")
        self.tensors, metadata = read_header(self.path)
        if _HEADER not in metadata:
            raise UserError(f"{path} holds tensors but no task vector; make one with `tauspeech vector`.")
        try:
            self.about: dict[str, Any] = json.loads(metadata[_HEADER])
            version = self.about["version"]
            if version == FORMAT_VERSION:
                self._understand()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is damaged or no task vector ({error!r}); make it again.") from None
        if version != FORMAT_VERSION:
            raise UserError(
                f"{path} is a task vector of format {version}, and only format {FORMAT_VERSION} is understood; make it "
                "again with this version of tauspeech."
            )

    @cached_property
    def id(self) -> str:
        """What it is a difference of, so that it is drawn for alike in any encoding and place."""
        origin = self.metadata.get("origin", {}).get("fingerprint")
        return sha256_text(canonical_json([origin or self.fingerprint(Execution()), self.base_fingerprint]))

    def fingerprint(self, execution: Execution) -> str:
        return fingerprint(self.tensors, digests(self.tensors, execution))

    def piece(self, name: str) -> Piece:
        if name in self.tensors:
            return self.tensors[name]
        if name in self._parts:
            return PartsPiece(name, self.shapes[name], self._parts[name], str(self.path))
        return Unchanged(self.shapes[name])

    def _understand(self) -> None:
        self.base_fingerprint: str = self.about["base_fingerprint"]
        self.encoding: str = self.about["encoding"]
        self.metadata: dict[str, Any] = self.about["metadata"]
        self.partial: bool = self.about.get("partial", False)  # whether tensors that it lacks are meant not to change
        _refuse_odd(self.about)
        self.shapes: Mapping[str, tuple[int, ...]]
        self._parts: dict[str, dict[str, StoredTensor]] = {}
        if self.encoding in TYPES:
            self.shapes = {name: each.shape for name, each in self.tensors.items()}
        elif self.encoding in IN_PARTS:
            self.shapes = {name: _shape(shape) for name, shape in self.about["shapes"].items()}
            self._sort_parts(set(self.about["unchanged"]))
        else:
            raise ValueError(f"the encoding {self.encoding} is unknown")
        for name in self.shapes.keys() & self.tensors.keys():
            if not self.tensors[name].number or self.tensors[name].shape != self.shapes[name]:
                raise ValueError(f"tensor {name} is {self.tensors[name].kind}")

    def _sort_parts(self, unchanged: set[str]) -> None:
        """Which stored tensors belong to which tensor of the vector; each has to be there in one way and no other."""
        whole = {name for name in self.tensors if name in self.shapes}
        for stored in self.tensors.keys() - whole:
            name, _, part = stored.rpartition(BETWEEN)
            self._parts.setdefault(name, {})[part] = self.tensors[stored]
        for name in sorted(whole | self._parts.keys() | unchanged | self.shapes.keys()):
            ways = [name in whole, name in self._parts, name in unchanged]
            if name not in self.shapes or sum(ways) != 1:
                raise ValueError(f"tensor {name!r} is there in {sum(ways)} ways or has no shape")
            if name in self._parts:
                refuse_ill_formed(name, self.shapes[name], self._parts[name])


class Unchanged:
    """A tensor of which nothing is stored."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def read(self, start: int, stop: int) -> np.ndarray:
        return np.zeros(stop - start, np.float32)


def write_vector(
    path: Path,
    delta: Delta,
    base_fingerprint: str,
    metadata: Mapping[str, Any],
    execution: Execution,
    encoding: Encoding | str = "float32",
) -> dict[str, Any]:
    """``delta`` as a file, in pieces. Gives what the file says of itself."""
    encoding = Dense(encoding) if isinstance(encoding, str) else encoding
    about = {
        "version": FORMAT_VERSION,
        "base_fingerprint": base_fingerprint,
        "encoding": encoding.name,
        "metadata": dict(metadata),
        "partial": getattr(delta, "partial", False),
    }
    stored = sorted(delta.shapes)
    if not encoding.dense:
        stored = _changed(delta, execution)
        about["shapes"] = {name: list(shape) for name, shape in delta.shapes.items()}
        about["unchanged"] = sorted(delta.shapes.keys() - set(stored))
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
    """The tensors of the file."""
    if not encoding.dense and (odd := [name for name in names if BETWEEN in name]):
        raise UserError(
            f"Tensor {odd[0]} has {BETWEEN} in its name, which {encoding.name} cannot store; choose float32."
        )
    return {stored: kind for name in names for stored, kind in encoding.layout(name, delta.shapes[name]).items()}


def _changed(delta: Delta, execution: Execution) -> list[str]:
    """Names of the tensors that are not all zeros; reading ends at the first number that is none."""
    sizes = {name: math.prod(shape) for name, shape in delta.shapes.items()}

    def changed(name: str) -> bool:
        piece = delta.piece(name)
        return any(piece.read(*each).any() for each in ranges(sizes[name]))

    names = sorted(sizes)
    found = execution.each("looking for frozen tensors", changed, names, sizes.__getitem__)
    return [name for name, is_changed in zip(names, found, strict=True) if is_changed]


def _measures(encoding: Encoding, errors: Mapping[str, float], error: float, ratio: float) -> dict[str, Any]:
    """What is known only after all was written: the size as a share of float32's, and what was lost."""
    if encoding.dense and not encoding.lossy:
        return {}
    lost = {"error": _six_digits(error), "errors": {name: _six_digits(each) for name, each in errors.items()}}
    return {"size_ratio": _six_digits(ratio)} | (lost if encoding.lossy else {})


def _six_digits(share: float) -> float:
    return float(f"{share:.5e}")


def _room(about: Mapping[str, Any]) -> int:
    return len(json.dumps({"__metadata__": {_HEADER: canonical_json(about)}}, ensure_ascii=False).encode())


def _refuse_odd(about: Mapping[str, Any]) -> None:
    """What is shown or sorted by later has to be of its type."""
    origin, options = about["metadata"].get("origin", {}), about.get("options", {})
    texts = [about["base_fingerprint"], about["encoding"], *origin.values()]
    shares = [about.get("error", 0), about.get("size_ratio", 0), *options.values()]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a name or fingerprint is no text")
    if not all(isinstance(share, int | float) for share in shares):
        raise TypeError("an option or measure is no number")


def _shape(listed: Any) -> tuple[int, ...]:
    if not isinstance(listed, list) or any(type(side) is not int or side < 0 for side in listed):
        raise ValueError(f"{listed} is no shape")
    return tuple(listed)
