"""The receipt of a merged model: written beside it, and verified later."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, write_text
from tauspeech.runtime.receipts import versions
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import WEIGHTS
from tauspeech.vectors.files.hashes import digests, fingerprint
from tauspeech.vectors.files.storage import read_header
from tauspeech.vectors.lora.config import ADAPTER_WEIGHTS
from tauspeech.vectors.merged import Merged
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.sources import Sources

NAME = "merge_receipt.json"


def write_merge_receipt(folder: Path, final: Path, sources: Sources, merged: Merged) -> dict[str, Any]:
    """Write the receipt into ``folder``, which holds the model or adapter that will be moved to ``final``."""
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
    """Compare a merged model and its inputs with its receipt: one line for each that is unchanged, or a UserError."""
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
    for found, recorded in zip(sources.vectors, content["vectors"], strict=True):
        _compare("vector", recorded["path"], found["fingerprint"], recorded["fingerprint"])
        if "reference" in recorded:
            key = "reference_fingerprint"
            _compare("reference", recorded["reference"], found[key], recorded[key])
    return [f"{folder}: the weights and {len(content['files'])} files are those of the receipt"] + [
        f"{path}: unchanged since the merge" for path in (recipe.base, *(each["path"] for each in content["vectors"]))
    ]


def _compare(kind: str, path: str, found: str, recorded: str) -> None:
    if found != recorded:
        raise UserError(f"The {kind} {path} has changed since the merge; merge again, or restore the old one.")


def _weights_file(folder: Path, output: str) -> Path:
    return folder / (ADAPTER_WEIGHTS if output == "adapter" else WEIGHTS)


def _weights(file: Path, execution: Execution) -> str:
    tensors, _ = read_header(file)
    return fingerprint(tensors, digests(tensors, execution))


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no {path}; only folders that `tauspeech merge` wrote can be verified.") from None
    except ValueError:
        raise UserError(f"{path} is not valid JSON; merge again.") from None
    return content
