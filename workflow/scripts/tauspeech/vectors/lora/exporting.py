"""Export of the LoRA adapter that a model of the workflow was made with, as a folder that PEFT loads."""

import shutil
from pathlib import Path

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_folder
from tauspeech.vectors.lora.config import ADAPTER_FOLDER, ADAPTER_WEIGHTS, CONFIG


def export_adapter(model: Path, out: Path) -> None:
    """Write the adapter in the folder of a fine-tune or merge to ``out``, which must not exist or be an empty folder."""
    adapter = model / ADAPTER_FOLDER
    if not all((adapter / name).is_file() for name in (CONFIG, ADAPTER_WEIGHTS)):
        raise UserError(
            f"{model} has no folder {ADAPTER_FOLDER}: only fine-tunes by LoRA and weighted sums of such have one, sums "
            "only without new_tokens. For adapters of your own, give `tauspeech merge` a recipe with output: adapter."
        )
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(f"{out} already exists and is not an empty folder: remove it, or give another --output.")

    def copy(folder: Path) -> None:
        for name in (CONFIG, ADAPTER_WEIGHTS):
            shutil.copyfile(adapter / name, folder / name)

    write_folder(out, copy)
