"""The engine: out = base + scale * sum_j weight_j * T_j(theta_j - reference_j), as a model folder or an adapter.

The output appears at its final name only when all of it is written.
"""

import shutil
from pathlib import Path
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_folder
from tauspeech.vectors.adapter_output import AdapterSum
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import WEIGHTS, copy_description
from tauspeech.vectors.merge_receipt import write_merge_receipt
from tauspeech.vectors.model_output import output_size, types_of, write_merged
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.sources import Sources


def merge(recipe: Recipe, out: Path, execution: Execution) -> dict[str, Any]:
    """Carry out a recipe: write a model or adapter folder at ``out`` and return its receipt."""
    refuse_occupied(out)
    sources = Sources(recipe, execution)
    adapter = AdapterSum(sources) if recipe.output == "adapter" else None
    types = types_of(sources.base, recipe.dtype)
    refuse_full_disk(out, adapter.size if adapter else output_size(sources.base, types))
    receipt: dict[str, Any] = {}

    def make(folder: Path) -> None:
        if adapter:
            merged = adapter.write(folder)
        else:
            copy_description(sources.base.folder, folder)
            merged = write_merged(folder / WEIGHTS, sources, sources.phi(), types)
        receipt.update(write_merge_receipt(folder, out, sources, merged))

    write_folder(out, make)
    return receipt


def outline(recipe: Recipe, out: Path, execution: Execution) -> list[str]:
    """Lines on what ``merge`` would read and write, after every check that needs no weights."""
    refuse_occupied(out)
    sources = Sources(recipe, execution)
    adapter = AdapterSum(sources) if recipe.output == "adapter" else None
    size = adapter.size if adapter else output_size(sources.base, types_of(sources.base, recipe.dtype))
    refuse_full_disk(out, size)
    kind = f", a LoRA adapter of rank {max(adapter.ranks.values())}" if adapter else ""
    return [
        f"reads   {sources.base.folder}: {len(sources.base.tensors)} tensors, the base",
        *(f"reads   {each['path']}: weight {each['weight']}" for each in sources.vectors),
        f"method  {recipe.merge.method} {dict(recipe.merge.options) or ''}, scale {recipe.merge.scale:g}",
        f"writes  {out}: {size / 1e6:.1f} MB of weights, type {recipe.dtype}{kind}",
    ]


def refuse_occupied(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} already exists and is not empty; give another folder or remove it.")


def refuse_full_disk(out: Path, needed: int) -> None:
    place = next(folder for folder in (out, *out.resolve().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise UserError(
            f"{place} has {free / 1e9:.1f} GB left, but {out} needs {needed / 1e9:.1f} GB; free space or give another folder."
        )
