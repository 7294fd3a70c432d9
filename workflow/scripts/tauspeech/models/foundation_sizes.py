"""Sizes of the foundations: small models that are trained here from scratch, so that a base needs no download.

``ctc`` in ``training`` is the weight of a second loss, which small models of little speech need to learn the alignment.
Of a foundation for several languages, ``sentences`` and ``training`` count for each language.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FoundationSize:
    width: int
    layers: int
    heads: int
    tokens: int  # of Whisper's byte-level BPE, without control tokens; 0 for CTC, whose labels are characters
    sentences: dict[str, int]  # by split
    training: dict[str, Any] = field(default_factory=dict)
    seconds: int = 6  # the input window
    longest_text: int = 112  # tokens
    model_type: str = "whisper"
    voices: dict[str, list[str]] = field(default_factory=dict)  # by language, where they are not the usual ones
    grammar: str | None = None  # file in resources/grammar, where it is not the smallest with the languages
    units: dict[str, Any] = field(default_factory=dict)  # of a speech LLM: encoder, layer, units, utterances


_ENGLISH: dict[str, Any] = {
    "voices": {"en": ["en-us", "en-gb-x-rp"]},  # other English voices stay new to the model
    "grammar": "ca-de-es-fr-it-id-nl-pt-ru-sv-en",
    "model_type": "parakeet_ctc",
}

# Voices of the commands' foundations: neither those of synthetic speech, nor of simulated recordings, nor of coqui/mini.
_US, _GB = ("m1", "m2", "m4", "m5", "m6", "m8", "f1", "f3", "f5"), ("m1", "m2", "m3", "m5", "m6", "f1", "f2", "f3")
_COMMANDS: dict[str, Any] = {
    "voices": {"en": [*(f"en-us+{each}" for each in _US), "en-gb-x-rp", *(f"en-gb-x-rp+{each}" for each in _GB)]},
    "grammar": "commands/en",
}

_SPEECH_LLM: dict[str, Any] = {"voices": _ENGLISH["voices"], "model_type": "llama", "longest_text": 1024}

SIZES = {
    "tiny": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=400,
        sentences={"train": 300, "validation": 20},
        training={"epochs": 4, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    ),
    "small": FoundationSize(
        width=192,
        layers=3,
        heads=4,
        tokens=700,
        sentences={"train": 20_000, "validation": 200},
        training={"epochs": 2.4, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
    ),
    "multilingual-tiny": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=600,
        sentences={"train": 60, "validation": 4},
        training={"epochs": 2, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    ),
    "multilingual-small": FoundationSize(
        width=192,
        layers=3,
        heads=4,
        tokens=2000,
        sentences={"train": 5_000, "validation": 20},
        training={"epochs": 2.5, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
    ),
    "ctc-tiny": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=0,
        sentences={"train": 200, "validation": 20},
        training={"epochs": 2, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
        **_ENGLISH,
    ),
    "ctc-small": FoundationSize(
        width=144,
        layers=4,
        heads=4,
        tokens=0,
        sentences={"train": 10_000, "validation": 200},
        training={"epochs": 4, "learning_rate": 1.5e-3, "batch": 32, "evaluations": 4},
        **_ENGLISH,
    ),
    "english-test": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=320,
        sentences={"train": 200, "validation": 20},
        training={"epochs": 2, "learning_rate": 2e-3, "batch": 16, "evaluations": 1, "ctc": 1.0},
        **_COMMANDS,
    ),
    "english-tiny": FoundationSize(
        width=96,
        layers=2,
        heads=4,
        tokens=320,
        sentences={"train": 16_000, "validation": 200},
        training={"epochs": 4, "learning_rate": 2e-3, "batch": 16, "evaluations": 4, "ctc": 1.0},
        **_COMMANDS,
    ),
    "english-base": FoundationSize(
        width=144,
        layers=2,
        heads=4,
        tokens=320,
        sentences={"train": 16_000, "validation": 200},
        training={"epochs": 4, "learning_rate": 1.5e-3, "batch": 16, "evaluations": 4, "ctc": 1.0},
        **_COMMANDS,
    ),
    "english-small": FoundationSize(
        width=192,
        layers=3,
        heads=4,
        tokens=320,
        sentences={"train": 16_000, "validation": 200},
        training={"epochs": 3, "learning_rate": 1e-3, "batch": 16, "evaluations": 4, "ctc": 1.0},
        **_COMMANDS,
    ),
    "english-ctc": FoundationSize(
        width=96,
        layers=4,
        heads=4,
        tokens=0,
        sentences={"train": 16_000, "validation": 200},
        training={"epochs": 3, "learning_rate": 2e-3, "batch": 32, "evaluations": 3},
        model_type="parakeet_ctc",
        **_COMMANDS,
    ),
    "speech-llm-tiny": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=600,
        sentences={"train": 60, "validation": 4},
        training={"epochs": 1, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
        units={"encoder": "foundation/english-tiny", "layer": -1, "units": 24, "utterances": 20},
        **_SPEECH_LLM,
    ),
    "speech-llm": FoundationSize(
        width=192,
        layers=5,
        heads=4,
        tokens=1100,
        sentences={"train": 10_000, "validation": 60},
        training={"epochs": 2, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
        units={"encoder": "foundation/english-small", "layer": -1, "units": 256, "utterances": 1200},
        **_SPEECH_LLM,
    ),
}
