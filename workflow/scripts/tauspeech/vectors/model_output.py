"""The weights of a merged model, written tensor by tensor, in pieces; unchanged entries keep the base's bytes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tauspeech.vectors.combination import Combination
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.files.hashes import cache_digests
from tauspeech.vectors.files.storage import WIDTHS, Values, Writer, ranges, rounded, widened
from tauspeech.vectors.merged import Merged
from tauspeech.vectors.sources import Sources
from tauspeech.vectors.tensor_kinds import is_variance

TYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
# The smallest positive number; for types with negligible subnormal numbers, the smallest that no processor flushes to 0.
_SMALLEST = {"F32": 2.0**-126, "BF16": 2.0**-126, "F16": 2.0**-24}


def types_of(base: Model, dtype: str) -> dict[str, str]:
    """The stored type of each tensor of the output; tensors that are not floats keep theirs."""
    return {
        name: TYPES.get(dtype, tensor.dtype) if tensor.number else tensor.dtype for name, tensor in base.tensors.items()
    }


def output_size(base: Model, types: Mapping[str, str]) -> int:
    return sum(tensor.size * WIDTHS[types[name]] for name, tensor in base.tensors.items())


def write_merged(path: Path, sources: Sources, phi: Combination, types: Mapping[str, str]) -> Merged:
    base, scale = sources.base, sources.recipe.merge.scale
    writer = Writer(path, {name: (types[name], each.shape) for name, each in base.tensors.items()}, room=64)
    merged = Merged()

    def one(name: str) -> None:
        tensor, changed = base.tensors[name], base.tied.get(name, name)
        digest = hashlib.sha256()
        piece = phi.piece(changed) if tensor.number and changed in phi.shapes else None
        amount = phi.amount(changed, scale)
        lost = moved = 0.0
        for start, stop in ranges(tensor.size):
            change = piece.read(start, stop) if piece else None
            if change is None or not (amount and change.any()):
                stored = tensor.bytes(start, stop)
                if types[name] != tensor.dtype:
                    stored = rounded(widened(stored, tensor.dtype), name, types[name])
            else:
                exact = moved_by(tensor.read(start, stop), change, amount, name, types[name])
                stored = rounded(exact, name, types[name])
                if types[name] != "F32":
                    error = (widened(stored, types[name]) - exact) ** 2
                    lost += float(np.sum(error, where=change != 0))
                    moved += float(np.sum((change * np.float64(amount)) ** 2))
            writer.write(name, start, stored)
            digest.update(stored.data)
        merged.digests[name] = digest.hexdigest()
        merged.rounding[name] = (lost, moved)
        if piece is not None and changed == name and (facts := piece.facts()):
            merged.facts[name] = facts

    execution = sources.execution
    execution.each("merging", one, base.tensors, lambda name: base.tensors[name].size)
    writer.close({"format": "pt"})  # transformers refuses a file without it
    cache_digests(path, merged.digests)
    return merged


def moved_by(base: Values, change: Values, amount: float, name: str, dtype: str) -> NDArray[np.float64]:
    """The base plus a multiple of the change, in float64."""
    exact = np.multiply(change, -amount, dtype=np.float64)
    exact += 0.0  # turns -0 into 0: subtracting 0 leaves a -0 of the base unchanged, which adding 0 does not
    np.subtract(base, exact, out=exact)
    if is_variance(name):
        # float32 may lose all of a tiny variance in the difference to a large one
        np.maximum(exact, _SMALLEST[dtype], out=exact, where=(base > 0) & (exact != base))
    return exact
