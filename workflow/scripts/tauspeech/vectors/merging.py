"""The engine: out = base + scale * sum_j weight_j * T_j(theta_j - reference_j), tensor by tensor, in pieces.

What the sum does not touch keeps the base's bytes. Nothing stands at the output's name before all of it is written.
"""

import hashlib
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_folder
from tauspeech.vectors.combination import Combination
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import WEIGHTS, copy_description
from tauspeech.vectors.files.hashes import keep_digests
from tauspeech.vectors.files.storage import LONG_NAMES, WIDTHS, Writer, narrowed, ranges, widened
from tauspeech.vectors.lora.output import AdapterSum
from tauspeech.vectors.merge_receipt import write_merge_receipt
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.sources import Sources
from tauspeech.vectors.tensor_kinds import is_variance

TYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
# The smallest positive number; of types where that is next to nothing, the smallest that no processor takes for 0.
_SMALLEST = {"F32": 2.0**-126, "BF16": 2.0**-126, "F16": 2.0**-24}


def merge(recipe: Recipe, out: Path, execution: Execution) -> dict[str, Any]:
    """Carry out a recipe: a model folder at ``out``, and its receipt."""
    refuse_occupied(out)
    sources = Sources(recipe, execution)
    adapter = AdapterSum(sources) if recipe.output == "adapter" else None
    output = types_of(sources.base, recipe.dtype)
    refuse_full_disk(out, adapter.size if adapter else output_size(sources.base, output))
    receipt: dict[str, Any] = {}

    def make(folder: Path) -> None:
        if adapter:
            merged = Merged()
            adapter.write(folder, merged)
        else:
            copy_description(sources.base.folder, folder)
            merged = write_merged(folder / WEIGHTS, sources, sources.phi(), output)
        receipt.update(write_merge_receipt(folder, out, sources, merged))

    write_folder(out, make)
    return receipt


def outline(recipe: Recipe, out: Path, execution: Execution) -> list[str]:
    """What ``merge`` would read and write; all that can be known beforehand is checked."""
    refuse_occupied(out)
    sources = Sources(recipe, execution)
    adapter = AdapterSum(sources) if recipe.output == "adapter" else None
    size = adapter.size if adapter else output_size(sources.base, types_of(sources.base, recipe.dtype))
    refuse_full_disk(out, size)
    kind = f", a LoRA adapter of rank {max(adapter.ranks.values())}" if adapter else ""
    return [
        f"reads   {sources.base.folder}: {len(sources.base.tensors)} tensors, the base",
        *(f"reads   {each['path']}: weight {each['weight']}" for each in sources.vectors),
        f"method  {recipe.mixture.method} {dict(recipe.mixture.options) or ''}, scale {recipe.mixture.scale:g}",
        f"writes  {out}: {size / 1e6:.1f} MB of weights, type {recipe.dtype}{kind}",
    ]


def refuse_occupied(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already and not empty; give another folder or remove it.")


def refuse_full_disk(out: Path, needed: int) -> None:
    place = next(folder for folder in (out, *out.resolve().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise UserError(f"{place} has {free / 1e9:.1f} GB left, but {out} needs {needed / 1e9:.1f} GB; make room.")


def types_of(base: Model, dtype: str) -> dict[str, str]:
    """The stored type of each tensor of the output; what is no float stays as it is."""
    return {
        name: TYPES.get(dtype, tensor.dtype) if tensor.number else tensor.dtype for name, tensor in base.tensors.items()
    }


def output_size(base: Model, types: dict[str, str]) -> int:
    return sum(tensor.size * WIDTHS[types[name]] for name, tensor in base.tensors.items())


@dataclass
class Merged:
    """What is known of merged weights after they were written."""

    digests: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    rounding: dict[str, tuple[float, float]] = field(default_factory=dict)  # squared: error of types, change

    @property
    def rounding_loss(self) -> float:
        """How much of the change the output's types lost, as a fraction of its norm."""
        lost = math.fsum(lost for lost, _ in self.rounding.values())
        changed = math.fsum(changed for _, changed in self.rounding.values())
        return math.sqrt(lost / changed) if changed else 0.0


def write_merged(path: Path, sources: Sources, phi: Combination, types: dict[str, str]) -> Merged:
    base, scale = sources.base, sources.recipe.mixture.scale
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
                    stored = _rounded(widened(stored, tensor.dtype), name, types[name])
            else:
                exact = moved_by(tensor.read(start, stop), change, amount, name, types[name])
                stored = _rounded(exact, name, types[name])
                if types[name] != "F32":
                    error = (widened(stored, types[name]) - exact) ** 2
                    lost += float(np.sum(error, where=change != 0))
                    moved += float(np.sum((change * np.float64(amount)) ** 2))
            writer.write(name, start, stored)
            digest.update(stored)
        merged.digests[name] = digest.hexdigest()
        merged.rounding[name] = (lost, moved)
        if piece is not None and changed == name and (facts := piece.facts()):
            merged.facts[name] = facts

    execution = sources.execution
    execution.each("merging", one, base.tensors, lambda name: base.tensors[name].size)
    writer.close({"format": "pt"})  # transformers refuses a file without it
    keep_digests(path, merged.digests)
    return merged


def moved_by(base: np.ndarray, change: np.ndarray, amount: float, name: str, dtype: str) -> np.ndarray:
    """The base plus a multiple of the change, in float64."""
    exact = np.multiply(change, -amount, dtype=np.float64)
    exact += 0.0  # no -0 is left, and to take 0 away leaves -0 as it is, which to add 0 does not
    np.subtract(base, exact, out=exact)
    if is_variance(name):
        # float32 may lose all of a tiny variance in the difference to a large one
        np.maximum(exact, _SMALLEST[dtype], out=exact, where=(base > 0) & (exact != base))
    return exact


def _rounded(values: np.ndarray, name: str, dtype: str) -> np.ndarray:
    stored = narrowed(values, dtype)
    if not np.isfinite(widened(stored, dtype)).all():
        raise UserError(f"Tensor {name} overflows {LONG_NAMES[dtype]}; lower the scale or write float32.")
    return stored
