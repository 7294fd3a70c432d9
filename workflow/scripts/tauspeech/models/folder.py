"""A Whisper that somebody names at a command: a folder, or a model of the hub."""

import json
from pathlib import Path
from typing import Any

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.checkpoint import Checkpoint


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


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.parent} has no {path.name}: give a folder that transformers saved.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): copy it from the base model.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no settings: copy it from the base model.")
    return content


def quiet() -> None:
    """Neither bars nor advice of transformers between the lines of a command."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
