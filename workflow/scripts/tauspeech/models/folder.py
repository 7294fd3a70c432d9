"""A Whisper that somebody names at a command: a folder, or a model of the hub."""

from pathlib import Path

from tauspeech.data.json_files import read_json
from tauspeech.remote.hub import model_folder
from tauspeech.remote.quiet import quiet
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.checkpoint import Checkpoint

__all__ = ["quiet", "read_json", "whisper_folder"]


def whisper_folder(name: str) -> Path:
    """The folder of a Whisper, downloaded if need be."""
    folder = model_folder(name, Path())
    if not folder.is_dir():
        raise UserError(f"{name} is neither a model folder nor a hub id such as openai/whisper-small: check the name.")
    kind = read_json(folder / "config.json").get("model_type")
    if kind != "whisper":
        # transformers would only warn, and fill a Whisper with random numbers.
        raise UserError(f"{name} holds a model of the kind '{kind}': give a Whisper.")
    Checkpoint(folder)  # which refuses pickle and files that were cut short
    return folder
