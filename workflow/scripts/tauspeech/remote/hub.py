"""Models of the Hugging Face hub, downloaded or taken from its local cache."""

import re
from pathlib import Path

from tauspeech.runtime.errors import UserError

_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


def is_hub_id(text: str) -> bool:
    """True for ``owner/name`` or ``owner/name@revision``."""
    return _ID.fullmatch(text) is not None and not text.startswith(".") and not text.endswith(".safetensors")


def model_folder(name: str, relative_to: Path) -> Path:
    """Local folder of a model: ``name`` if it exists on disk, else the cached download of the hub id ``name``."""
    path = relative_to / Path(name).expanduser()
    return hub_folder(name) if not path.exists() and is_hub_id(name) else path


def hub_folder(model: str) -> Path:
    """Folder of a hub model in the cache; downloads the model if it is missing."""
    from huggingface_hub import constants, snapshot_download

    name, _, revision = model.partition("@")
    patterns = ["*.json", "*.txt", "*.safetensors", "*.model", "*.jinja"]
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=patterns))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the model {name} is not in the cache {constants.HF_HUB_CACHE} and cannot be downloaded ({reason}): check the "
            f"name, or run `hf download {name}` on a machine with a connection and copy the cache."
        ) from None
