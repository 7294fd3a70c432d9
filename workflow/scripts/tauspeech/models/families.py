"""Registry of model families: by the ``model_type`` of a config.json, the module that serves such models.

It imports nothing heavy, since the plan reads it: a job's fingerprint covers the module of its model's family alone.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

WINDOW_ROOM = 3.0  # seconds that an input window must have behind the speech where it is shorter than the published one


class Family(NamedTuple):
    """Module of a family, the tasks that its models can be trained for, and what else not all families have."""

    module: str
    tasks: tuple[str, ...]
    has_decoder: bool  # apart from an encoder, so that one can be trained without the other
    has_window: bool  # inputs of a fixed length, which can be shortened
    fixed: tuple[str, ...] = ()  # weights that the architecture declares fixed, as files name them
    takes_units: bool = False  # in place of audio
    takes_hints: bool = False  # of decoding


_POSITIONS = "model.encoder.embed_positions.weight"  # sinusoids
_WHISPER = Family(
    "tauspeech.models.whisper.family", ("transcribe", "translate"), True, True, (_POSITIONS,), takes_hints=True
)
_CTC = Family("tauspeech.models.ctc.family", ("transcribe",), False, False)
_SPEECH_LLM = Family(
    "tauspeech.models.speech_llm.family",
    ("transcribe", "translate", "translate_text", "control_language"),
    has_decoder=False,
    has_window=False,
    takes_units=True,
)
_AUDIO_LLM = _SPEECH_LLM._replace(module="tauspeech.models.audio_llm.family", takes_units=False)
FAMILIES = {
    "whisper": _WHISPER,
    "wav2vec2": _CTC,
    "wav2vec2-conformer": _CTC,
    "hubert": _CTC,
    "wavlm": _CTC,
    "parakeet_ctc": _CTC,
    "llama": _SPEECH_LLM,
    "qwen2_audio": _AUDIO_LLM,
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
    known = [FAMILIES[model_type]] if model_type in FAMILIES else FAMILIES.values()
    return tuple(dict.fromkeys(task for family in known for task in family.tasks))


def has_decoder(model_type: str | None) -> bool:
    """False for models of this type if they are known to have no decoder."""
    return model_type not in FAMILIES or FAMILIES[model_type].has_decoder


def has_window(model_type: str | None) -> bool:
    """False for models of this type if their inputs are known to be as long as their audio."""
    return model_type not in FAMILIES or FAMILIES[model_type].has_window


def takes_units(model_type: str | None) -> bool:
    """True for models of this type if they are known to take speech as units."""
    return model_type in FAMILIES and FAMILIES[model_type].takes_units


def takes_hints(model_type: str | None) -> bool:
    """False for models of this type if their decoding is known to take no hints."""
    return model_type not in FAMILIES or FAMILIES[model_type].takes_hints


def beside(family: str, name: str) -> str:
    """Name of a module beside a family's."""
    return f"{family.rpartition('.')[0]}.{name}"


def has_module(family: str, name: str) -> bool:
    """True if there is a module of the name beside a family's."""
    return find_spec(beside(family, name)) is not None
