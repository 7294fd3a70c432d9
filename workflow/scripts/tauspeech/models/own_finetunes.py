"""Import of a user's fine-tune or LoRA adapter in place of a training: it must fit the base."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tauspeech.data.own_folders import unchanged_folder
from tauspeech.models.fixed_weights import changed_fixed_weights
from tauspeech.models.importing import finite_weights
from tauspeech.vectors.adapted_model import write_adapted
from tauspeech.vectors.deltas import Difference, Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import write_model
from tauspeech.vectors.lora.adapter import Adapter
from tauspeech.vectors.lora.config import ADAPTER_FOLDER, ADAPTER_WEIGHTS, CONFIG


def import_finetune(own: Mapping[str, Any], base: Path, folder: Path) -> None:
    """Write the model folder; ``own`` is the kind, model or adapter, with the user's folder."""
    origin = unchanged_folder(own)
    if own["kind"] == "adapter":
        _import_adapter(origin, base, folder)
    else:
        _import_model(origin, base, folder)


def _import_model(origin: Path, base: Path, folder: Path) -> None:
    reference = Model(base, Execution())
    Difference(Model(origin, Execution()), reference)  # raises a UserError for a model with other tensors
    for warning in changed_fixed_weights(base, origin):
        print(f"warning: {warning}", flush=True)
    # The base's tokenizer and settings: trainers often save none, and others would decode unlike the merges.
    write_model(base, finite_weights(origin), folder)


def _import_adapter(origin: Path, base: Path, folder: Path) -> None:
    Adapter(origin, Model(base, Execution()))  # the same for an adapter to another base
    adapter = folder / ADAPTER_FOLDER
    adapter.mkdir()
    for name in (CONFIG, ADAPTER_WEIGHTS):
        shutil.copyfile(origin / name, adapter / name)
    write_adapted(base, adapter, folder)
