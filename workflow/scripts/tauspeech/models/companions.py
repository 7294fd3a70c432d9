"""Modules beside a model family, for what only some families offer, such as ``long_audio`` and ``export``."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from tauspeech.models.families import FAMILIES, beside, family_module, has_module
from tauspeech.models.folder import read_json
from tauspeech.runtime.errors import UserError


def companion(folder: Path, name: str, purpose: str) -> ModuleType:
    """Module ``name`` beside the family that serves the model of a folder.

    ``purpose`` completes the error "models of the type ... cannot be ..." if the module does not exist.
    """
    config = read_json(folder / "config.json")
    module = _beside(family_module(config), name)
    if module is None:
        able = ", ".join(sorted(type for type, family in FAMILIES.items() if _beside(family.module, name)))
        raise UserError(
            f"{folder} is a model of the type '{config.get('model_type')}', and such models cannot be {purpose}: give one "
            f"of the types {able}."
        )
    return import_module(module)


def _beside(family: str | None, name: str) -> str | None:
    return beside(family, name) if family and has_module(family, name) else None
