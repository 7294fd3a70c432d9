"""Model folders that a user names: local folders and models of the Hugging Face hub."""

import json
from pathlib import Path
from typing import Any

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError


def find_model(name: str) -> Path:
    """Folder of a model by its path or hub id, downloaded if necessary."""
    folder = model_folder(name, Path())
    if not folder.is_dir():
        raise UserError(f"{name} is neither a model folder nor a hub id such as openai/whisper-small: check the name.")
    read_json(folder / "config.json")
    return folder


def read_json(path: Path) -> dict[str, Any]:
    """Content of a configuration file of a model."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.parent} has no {path.name}: give a folder that transformers saved.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): copy it from the base model.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} is not a JSON object: copy it from the base model.")
    return content


def quiet() -> None:
    """Turn off the progress bars and warnings of transformers, which would mix with a command's output."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
