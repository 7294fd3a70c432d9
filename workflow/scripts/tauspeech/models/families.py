"""Registry of model families: by the ``model_type`` of a config.json, the module that serves such models.

It imports nothing heavy, since the plan reads it: a job's fingerprint covers the module of its model's family alone.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple


class Family(NamedTuple):
    """Module of a family, and the tasks that its models can be trained for."""

    module: str
    tasks: tuple[str, ...]


_WHISPER = Family("tauspeech.models.whisper.family", ("transcribe", "translate"))
_CTC = Family("tauspeech.models.ctc.family", ("transcribe",))
FAMILIES = {
    "whisper": _WHISPER,
    "wav2vec2": _CTC,
    "wav2vec2-conformer": _CTC,
    "hubert": _CTC,
    "wavlm": _CTC,
    "parakeet_ctc": _CTC,
}


def family_module(config: Mapping[str, Any]) -> str | None:
    """Module of the family for a model's config.json; None if no family serves its model type."""
    family = FAMILIES.get(str(config.get("model_type")))
    return family.module if family else None


def supported() -> str:
    """The model types that can be used, for messages."""
    return ", ".join(sorted(FAMILIES))


def family_modules(model_type: str | None) -> tuple[str, ...]:
    """Modules that a job with a model of this type depends on; of an unknown type, those of all families."""
    if model_type in FAMILIES:
        return (FAMILIES[model_type].module,)
    return tuple(sorted({family.module for family in FAMILIES.values()}))


def tasks_of_family(model_type: str | None) -> tuple[str, ...]:
    """Tasks that models of this type can be trained for; of an unknown type, all."""
    return FAMILIES[model_type].tasks if model_type in FAMILIES else ("transcribe", "translate")


def beside(family: str, name: str) -> str:
    """Name of a module beside a family's."""
    return f"{family.rpartition('.')[0]}.{name}"


def has_module(family: str, name: str) -> bool:
    """True if there is a module of the name beside a family's."""
    return find_spec(beside(family, name)) is not None
