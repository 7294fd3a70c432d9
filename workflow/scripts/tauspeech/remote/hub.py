"""Models from the Hugging Face hub, or from its cache where there is no connection."""

import re
from pathlib import Path

from tauspeech.runtime.errors import UserError

_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


def is_hub_id(text: str) -> bool:
    """``owner/name``, perhaps with ``@revision``."""
    return _ID.fullmatch(text) is not None and not text.startswith(".") and not text.endswith(".safetensors")


def model_folder(name: str, relative_to: Path) -> Path:
    """A folder on disk if there is one, else what a hub id stands for."""
    path = relative_to / Path(name).expanduser()
    return hub_folder(name) if not path.exists() and is_hub_id(name) else path


def hub_folder(model: str) -> Path:
    """The model's folder in the cache, downloaded if need be."""
    from huggingface_hub import constants, snapshot_download

    name, _, revision = model.partition("@")
    patterns = ["*.json", "*.txt", "*.safetensors", "*.model", "*.jinja"]
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=patterns))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the model {name} is not in the cache {constants.HF_HUB_CACHE} and cannot be downloaded ({reason}): check the "
            f"name, or run `hf download {name}` where there is a connection and copy the cache."
        ) from None
