"""LoRA adapters as saved by PEFT: changes scale * B A, multiplied only for the rows that are being read, and new embeddings."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tauspeech.data import pickles
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors.combination import Sum, weighted_sum
from tauspeech.vectors.deltas import DifferencePiece, Model, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import Values, read_header
from tauspeech.vectors.lora.config import ADAPTER_WEIGHTS, CONFIG, LoraConfig
from tauspeech.vectors.lora.file import Change, Factors, Product, Whole, read_changes
from tauspeech.vectors.lora.rows import Rows
from tauspeech.vectors.panels import Panels, height


def is_adapter(folder: Path) -> bool:
    """True if the folder has the configuration of an adapter."""
    return (folder / CONFIG).is_file()


class Adapter:
    """An adapter as a change of weights, with the tensor names of the model that it was trained on."""

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
        self._id: str | None = None

    @property
    def id(self) -> str:
        if self._id is None:
            self._id = sha256_text(canonical_json([self.fingerprint(Execution()), self.reference.fingerprint]))
        return self._id

    @id.setter
    def id(self, id: str) -> None:
        self._id = id

    def fingerprint(self, execution: Execution) -> str:
        """Fingerprint of the tensors, and of the scales, transpositions and tokens that the configuration gives them."""
        if self._fingerprint is None:
            every = [each for changes in self.changes.values() for each in changes]
            applied = sorted([each.module, each.scale, each.transposed] for each in every if isinstance(each, Product))
            tokens = sorted([each.module, list(each.tokens)] for each in every if isinstance(each, Rows))
            stored = fingerprint(self.tensors, digests(self.tensors, execution))
            self._fingerprint = sha256_text(canonical_json([stored, applied, *([tokens] if tokens else [])]))
        return self._fingerprint

    def piece(self, name: str) -> Piece:
        pieces = [("", self._piece(name, each)) for each in self.changes[name]]
        return pieces[0][1] if len(pieces) == 1 else Sum(self.shapes[name], [1.0] * len(pieces), pieces, weighted_sum)

    def factors(self, name: str) -> Factors | None:
        """Factors whose product is the change, rows x rank and rank x columns; None if it is not a single product."""
        changes = self.changes[name]
        return None if len(changes) > 1 or isinstance(changes[0], Whole | Rows) else changes[0].factors()

    def entries(self, name: str) -> tuple[NDArray[np.int64], Values] | None:
        """Positions and changes of the entries in the rows that are trained; None if the change is not one of rows."""
        rows = self.changes[name][0]
        return rows.entries(self.reference.tensors[rows.name or name]) if isinstance(rows, Rows) else None

    def _piece(self, name: str, change: Change) -> Piece:
        theirs = self.reference.tensors[change.name or name]
        if isinstance(change, Whole):
            return DifferencePiece(change.tensor, theirs)
        if isinstance(change, Rows):
            return change.piece(theirs)
        left, right = change.factors()
        self._refuse_overflow(change.module, left, right)

        def rows(first: int, last: int) -> NDArray[np.float64]:
            product: NDArray[np.float64] = left[first:last] @ right
            return product

        return Panels(theirs.shape, height(right.shape[1]), rows)

    def _refuse_overflow(self, module: str, left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
        """Raise a UserError if the bound of the entries, norm of a row times norm of a column, exceeds float32."""
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
