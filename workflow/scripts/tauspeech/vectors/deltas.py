"""Changes of weights, theta - reference, the input of merges. They are read in pieces and never held whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import Checkpoint
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import StoredTensor, Values
from tauspeech.vectors.tensor_kinds import is_counter, tied, tied_with


class Piece(Protocol):
    """One tensor of a change: float32 numbers, in row-major order."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def read(self, start: int, stop: int) -> Values:
        """Elements of the flat tensor; the array must not be written to."""
        ...


def facts_of(piece: Piece) -> dict[str, Any]:
    """Measurements that a piece made while it was read; most kinds make none."""
    facts: dict[str, Any] = piece.facts() if hasattr(piece, "facts") else {}
    return facts


class Delta(Protocol):
    """A change of weights. Tensors that are missing do not change."""

    @property
    def id(self) -> str:
        """Identity of the content, independent of its place: seeds and the order of sums follow from it."""
        ...

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...

    def piece(self, name: str) -> Piece: ...


class Model:
    """A checkpoint with the hashes of its content."""

    def __init__(self, folder: Path, execution: Execution):
        self.checkpoint = Checkpoint(folder)
        self.folder = self.checkpoint.folder
        self.tensors: Mapping[str, StoredTensor] = self.checkpoint.tensors
        self.digests = digests(self.tensors, execution)
        self.fingerprint = fingerprint(self.tensors, self.digests)
        self.tied = tied(self.tensors, self.digests, self.checkpoint.config)
        self.numbers = {name for name, tensor in self.tensors.items() if tensor.number and name not in self.tied}

    @property
    def origin(self) -> dict[str, Any]:
        return {"model": self.folder.resolve().name, "fingerprint": self.fingerprint}


@dataclass(frozen=True)
class DifferencePiece:
    """One tensor of a difference of two models."""

    ours: StoredTensor
    theirs: StoredTensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.ours.shape

    def read(self, start: int, stop: int) -> Values:
        with np.errstate(over="ignore"):
            change = self.ours.read(start, stop) - self.theirs.read(start, stop)
        if not np.isfinite(change).all():
            raise UserError(
                f"Tensor {self.ours.name} differs between {self.ours.file.path} and {self.theirs.file.path} "
                "by more than float32 can hold; give a fine-tune and its own base."
            )
        return change


class Difference:
    """The change by training: a fine-tuned model minus its reference, which has the same tensors."""

    partial = False

    def __init__(self, finetuned: Model, reference: Model):
        self.finetuned, self.reference = finetuned, reference
        self.id = sha256_text(canonical_json([finetuned.fingerprint, reference.fingerprint]))
        self._ours = _counterparts(finetuned, reference)
        self.shapes = {name: reference.tensors[name].shape for name in sorted(reference.numbers)}

    def fingerprint(self, execution: Execution) -> str:
        return self.finetuned.fingerprint

    def piece(self, name: str) -> Piece:
        return DifferencePiece(self._ours[name], self.reference.tensors[name])


def _counterparts(finetuned: Model, reference: Model) -> dict[str, StoredTensor]:
    """The fine-tune's tensor for each float tensor of the reference, after a check of all other tensors."""
    _refuse_untied(finetuned, reference)
    found = {}
    for name, theirs in sorted(reference.tensors.items()):
        ours = finetuned.tensors.get(name) or _stored_tied(name, finetuned, reference)
        if ours is None:
            continue
        if ours.shape != theirs.shape or ours.number != theirs.number:
            raise UserError(
                f"Tensor {name} is {ours.kind} in {finetuned.folder} but {theirs.kind} in {reference.folder}; "
                "give a fine-tune and its own base."
            )
        if theirs.number:
            found[name] = ours
        elif not is_counter(theirs) and finetuned.digests[ours.name] != reference.digests[name]:
            raise UserError(
                f"Tensor {name} is {ours.kind} and differs between {finetuned.folder} and {reference.folder}, but only "
                "float32, float16 and bfloat16 can be subtracted; give models that are not quantised."
            )
    _refuse_other_names(finetuned, reference, found)
    return found


def _stored_tied(name: str, model: Model, other: Model) -> StoredTensor | None:
    """The stored tensor of a tied group that only the other model's file stores twice."""
    group = tied_with(name, other.tied)
    stored = sorted(group & model.tensors.keys()) if len(group) > 1 else []
    return model.tensors[stored[0]] if stored else None


def _refuse_untied(finetuned: Model, reference: Model) -> None:
    for name, first in reference.tied.items():
        both = {name, first} <= finetuned.tensors.keys()
        if both and finetuned.digests[name] != finetuned.digests[first]:
            raise UserError(
                f"Tensors {first} and {name} are tied in {reference.folder} but differ in {finetuned.folder}; save the "
                "fine-tune with tied weights, or set tie_word_embeddings to false in the config.json of both."
            )


def _refuse_other_names(finetuned: Model, reference: Model, found: Mapping[str, StoredTensor]) -> None:
    tied = (tied_with(name, model.tied) for model in (finetuned, reference) for name in model.tied)
    copies = set().union(*(group for group in tied if group & found.keys()))
    extra = finetuned.tensors.keys() - reference.tensors.keys() - copies
    missing = reference.tensors.keys() - finetuned.tensors.keys() - copies - found.keys()
    for has, lacks, names in ((finetuned, reference, sorted(extra)), (reference, finetuned, sorted(missing))):
        if names:
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise UserError(
                f"{has.folder} has tensors that {lacks.folder} lacks: {listed}; give a fine-tune and its own base, "
                "both saved by the same version of transformers."
            )
