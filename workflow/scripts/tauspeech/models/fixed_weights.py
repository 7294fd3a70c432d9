"""Weights that an architecture declares fixed, in models that were trained elsewhere."""

from pathlib import Path

import numpy as np

from tauspeech.models.families import FAMILIES
from tauspeech.vectors.files.checkpoint import Checkpoint
from tauspeech.vectors.files.storage import StoredTensor, ranges, rounded, widened


def changed_fixed_weights(base: Path, changed: Path) -> list[str]:
    """A sentence for each fixed weight in which a model differs from its base by more than rounding to its type."""
    ours, theirs = Checkpoint(changed), Checkpoint(base)
    family = FAMILIES.get(str(theirs.config.get("model_type")))
    return [
        f"{changed} differs from its base in {name}, which the architecture declares fixed, by {share:.2%} of its norm: "
        "transformers forgets to freeze it in models that it loads, so that a training changed it"
        for name in (family.fixed if family else ())
        if (share := _change(ours.tensors.get(name), theirs.tensors.get(name)))
    ]


def _change(ours: StoredTensor | None, theirs: StoredTensor | None) -> float:
    """Norm of the difference in relation to that of ``theirs``."""
    if not ours or not theirs or ours.shape != theirs.shape or not ours.number or not theirs.number:
        return 0.0
    moved = whole = 0.0
    for start, stop in ranges(ours.size):
        base = theirs.read(start, stop)
        stored = widened(rounded(base.astype(np.float64), ours.name, ours.dtype), ours.dtype)
        moved += float(np.square(ours.read(start, stop) - stored, dtype=np.float64).sum())
        whole += float(np.square(base, dtype=np.float64).sum())
    return float(np.sqrt(moved / whole)) if whole else 0.0
