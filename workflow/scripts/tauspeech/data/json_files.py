"""Reading of JSON files that people or other programs wrote."""

import json
from pathlib import Path
from typing import Any

from tauspeech.runtime.errors import UserError


def read_json(path: Path, advice: str = "copy it from the base model") -> dict[str, Any]:
    """Content of a JSON file with an object at its top; raises UserError, with the advice, if it is anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.parent} has no {path.name}: give a folder that transformers saved.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): {advice}.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} is not a JSON object: {advice}.")
    return content
