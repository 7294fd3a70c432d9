"""What a merged model was made of, beside it; and whether that still holds."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, write_text
from tauspeech.runtime.receipts import versions
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import WEIGHTS
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import read_header
from tauspeech.vectors.lora.adapter import ADAPTER_WEIGHTS
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.sources import Sources

if TYPE_CHECKING:
    from tauspeech.vectors.merging import Merged

NAME = "merge_receipt.json"


def write_merge_receipt(folder: Path, final: Path, sources: Sources, merged: "Merged") -> dict[str, Any]:
    """``folder`` holds the model or adapter that will stand at ``final``."""
    weights = _weights_file(folder, sources.recipe.output)
    tensors, _ = read_header(weights)
    others = sorted(file for file in folder.rglob("*") if file.is_file() and file.name[0] != "." and file != weights)
    content = {
        "recipe": sources.recipe.as_mapping(),
        "recipe_folder": os.path.relpath(sources.recipe.folder.resolve(), final.resolve()),
        "base": sources.base.fingerprint,
        "vectors": sources.vectors,
        "weights": fingerprint(tensors, merged.digests),
        "files": {str(file.relative_to(folder)): sha256_file(file) for file in others},
        "rounding_loss": merged.rounding_loss,
        "tensors": merged.facts,
        "versions": versions(),
    }
    write_text(folder / NAME, canonical_json(content))
    return content


def verify(folder: Path, execution: Execution) -> list[str]:
    """Whether a merged model and what it was made from still are what its receipt says: a line for each that is."""
    content = _read(folder / NAME)
    execution = replace(execution, trust=False)
    weights = _weights_file(folder, content["recipe"]["output"])
    if _weights(weights, execution) != content["weights"]:
        raise UserError(f"{weights} differs from its receipt; merge again into another folder.")
    for name, digest in content["files"].items():
        if not (folder / name).is_file() or sha256_file(folder / name) != digest:
            raise UserError(f"{folder / name} differs from the receipt; copy it from the base again.")
    recipe = Recipe.parse(content["recipe"], folder / content["recipe_folder"], str(folder / NAME))
    sources = Sources(recipe, execution)
    _compare("base", recipe.base, sources.base.fingerprint, content["base"])
    for found, kept in zip(sources.vectors, content["vectors"], strict=True):
        _compare("vector", kept["path"], found["fingerprint"], kept["fingerprint"])
        if "reference" in kept:
            _compare("reference", kept["reference"], found["reference_fingerprint"], kept["reference_fingerprint"])
    return [f"{folder}: the weights and {len(content['files'])} files are those of the receipt"] + [
        f"{path}: unchanged since the merge" for path in (recipe.base, *(each["path"] for each in content["vectors"]))
    ]


def _compare(what: str, path: str, found: str, kept: str) -> None:
    if found != kept:
        raise UserError(
            f"The {what} {path} is not the one of the merge any more; merge again, or put the old one back."
        )


def _weights_file(folder: Path, output: str) -> Path:
    return folder / (ADAPTER_WEIGHTS if output == "adapter" else WEIGHTS)


def _weights(file: Path, execution: Execution) -> str:
    tensors, _ = read_header(file)
    return fingerprint(tensors, digests(tensors, execution))


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no {path}; only folders that `tauspeech merge` wrote can be verified.") from None
    except ValueError:
        raise UserError(f"{path} is not readable JSON; merge again.") from None
