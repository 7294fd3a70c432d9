"""Model folders that a user names: local folders and models of the Hugging Face hub."""

from pathlib import Path

from tauspeech.data.json_files import read_json
from tauspeech.remote.hub import model_folder
from tauspeech.remote.quiet import quiet
from tauspeech.runtime.errors import UserError

__all__ = ["find_model", "quiet", "read_json"]


def find_model(name: str) -> Path:
    """Folder of a model by its path or hub id, downloaded if necessary."""
    folder = model_folder(name, Path())
    if not folder.is_dir():
        raise UserError(f"{name} is neither a model folder nor a hub id such as openai/whisper-small: check the name.")
    read_json(folder / "config.json")
    return folder
