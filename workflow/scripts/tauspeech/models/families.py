"""Registry of model families: by the ``model_type`` of a config.json, the module that serves such models.

It imports nothing heavy, since the plan reads it: a job's fingerprint covers the module of its model's family alone.
"""

from collections.abc import Mapping
from typing import Any

FAMILIES = {"whisper": "tauspeech.models.whisper.family"}


def family_module(config: Mapping[str, Any]) -> str | None:
    """Module of the family for a model's config.json; None if no family serves its model type."""
    return FAMILIES.get(str(config.get("model_type")))


def supported() -> str:
    """The model types that can be used, for messages."""
    return ", ".join(sorted(FAMILIES))


def family_modules(model_type: str | None) -> tuple[str, ...]:
    """Modules that a job with a model of this type depends on; of an unknown type, those of all families."""
    if model_type in FAMILIES:
        return (FAMILIES[model_type],)
    return tuple(sorted(FAMILIES.values()))
