"""New embeddings of single tokens, which PEFT trains beside LoRA's matrices (``trainable_token_indices``): rows of a tensor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.storage import StoredTensor, Values
from tauspeech.vectors.panels import Panels, height


@dataclass(frozen=True)
class Rows:
    """The rows of a module's weights after the training, not their changes, in the order of ``tokens``."""

    module: str
    name: str | None
    tensor: StoredTensor
    tokens: tuple[int, ...]

    def same(self, other: "Rows") -> bool:
        """True if both are the same rows, as PEFT saves those of tied modules twice."""
        return self.tokens == other.tokens and np.array_equal(self._trained(), other._trained())

    def piece(self, theirs: StoredTensor) -> Panels:
        """The change of the whole tensor: zeros but in these rows."""
        tokens, change = self._changes(theirs)

        def rows(first: int, last: int) -> NDArray[np.float64]:
            panel = np.zeros((last - first, change.shape[1]))
            low, high = np.searchsorted(tokens, (first, last))
            panel[tokens[low:high] - first] = change[low:high]
            return panel

        return Panels(theirs.shape, height(change.shape[1]), rows)

    def entries(self, theirs: StoredTensor) -> tuple[NDArray[np.int64], Values]:
        """Positions in the flat tensor, ascending, and the changes there."""
        tokens, change = self._changes(theirs)
        columns = change.shape[1]
        return (tokens[:, None] * columns + np.arange(columns)).reshape(-1), change.reshape(-1)

    def _changes(self, theirs: StoredTensor) -> tuple[NDArray[np.int64], Values]:
        """The tokens in ascending order, and the change of the row of each."""
        columns = theirs.shape[1]
        before = np.stack([theirs.read(token * columns, (token + 1) * columns) for token in self.tokens])
        with np.errstate(over="ignore"):
            change = self._trained() - before
        if not np.isfinite(change).all():
            raise UserError(
                f"{self.tensor.file.path} changes {self.module} by more than float32 can hold; train it again."
            )
        order = np.argsort(self.tokens)
        return np.array(self.tokens, np.int64)[order], change[order]

    def _trained(self) -> Values:
        return self.tensor.read(0, self.tensor.size).reshape(self.tensor.shape)
