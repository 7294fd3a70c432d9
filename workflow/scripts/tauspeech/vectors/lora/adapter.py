"""LoRA adapters as PEFT saves them: changes scale * B A, never multiplied out but for the rows that are being read."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from tauspeech.data import pickles
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors.combination import Sum, weighted_sum
from tauspeech.vectors.deltas import DifferencePiece, Model, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import read_header
from tauspeech.vectors.lora.config import CONFIG, LoraConfig
from tauspeech.vectors.lora.file import Change, Product, Whole, read_changes
from tauspeech.vectors.panels import Panels, height

ADAPTER_WEIGHTS = "adapter_model.safetensors"


def is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


class Adapter:
    """A change of weights, named as the tensors of the model that it was trained on."""

    partial = True

    def __init__(self, folder: Path, reference: Model):
        self.folder, self.reference = Path(folder), reference
        self.config = LoraConfig.read(self.folder)
        self.tensors, _ = read_header(_weights(self.folder))
        self.changes = read_changes(self.folder, self.config, self.tensors, reference)
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: reference.tensors[name].shape for name in sorted(self.changes)
        }
        self._fingerprint: str | None = None

    @cached_property
    def id(self) -> str:
        return sha256_text(canonical_json([self.fingerprint(Execution()), self.reference.fingerprint]))

    def fingerprint(self, execution: Execution) -> str:
        """Of the tensors, and of what the configuration makes of them."""
        if self._fingerprint is None:
            products = (each for changes in self.changes.values() for each in changes if isinstance(each, Product))
            made = sorted([each.module, each.scale, each.transposed] for each in products)
            held = fingerprint(self.tensors, digests(self.tensors, execution))
            self._fingerprint = sha256_text(canonical_json([held, made]))
        return self._fingerprint

    def piece(self, name: str) -> Piece:
        pieces = [("", self._piece(each)) for each in self.changes[name]]
        return pieces[0][1] if len(pieces) == 1 else Sum(self.shapes[name], [1.0] * len(pieces), pieces, weighted_sum)

    def factors(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        """In float64, rows x rank and rank x columns, whose product is the change; none if it is no product."""
        changes = self.changes[name]
        return None if len(changes) > 1 or isinstance(changes[0], Whole) else changes[0].factors()

    def _piece(self, change: Change) -> Piece:
        theirs = self.reference.tensors[change.name]
        if isinstance(change, Whole):
            return DifferencePiece(change.tensor, theirs)
        left, right = change.factors()
        self._refuse_overflow(change.module, left, right)
        return Panels(theirs.shape, height(right.shape[1]), lambda first, last: left[first:last] @ right)

    def _refuse_overflow(self, module: str, left: np.ndarray, right: np.ndarray) -> None:
        """No entry of a product is larger than the norm of a row times that of a column."""
        row, column = (np.sqrt(np.max(np.sum(each**2, axis=axis), initial=0)) for each, axis in ((left, 1), (right, 0)))
        if not row * column < np.finfo(np.float32).max:
            raise UserError(f"{self.folder} changes {module} by more than float32 can hold; train it again.")


def _weights(folder: Path) -> Path:
    file = folder / ADAPTER_WEIGHTS
    if not file.is_file() and (folder / "adapter_model.bin").is_file():
        raise UserError(
            f"{folder} has its weights only as pickle, which is never loaded; convert it, if you trust it, with "
            f"{pickles.command(folder)}."
        )
    return file
