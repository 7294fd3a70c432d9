"""Transcription of audio of any length, by the module ``long_audio`` of the model's family."""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from tauspeech.models.companions import companion
from tauspeech.models.families import takes_hints
from tauspeech.models.folder import read_json
from tauspeech.models.hints import Hints
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.checkpoint import Checkpoint


@dataclass(frozen=True)
class Segment:
    """A part of a recording, in seconds, with its text."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Transcript:
    """Text of a recording by segments, with its language; a silent recording has neither."""

    language: str | None = None
    segments: list[Segment] = field(default_factory=list)

    @property
    def text(self) -> str:
        text = ""
        for segment in self.segments:
            text += " " * _spaced(text[-1:], segment.text[:1]) + segment.text
        return text


class AudioTranscriber(Protocol):
    """An open model with the settings of a transcription."""

    def transcribe(self, samples: np.ndarray) -> Transcript:
        """Transcript of samples of any length at 16 kHz."""
        ...


def open_transcriber(
    folder: Path,
    *,
    language: str | None = None,
    task: str = "transcribe",
    beams: int = 1,
    engine: str = "transformers",
    hints: Hints | None = None,
) -> AudioTranscriber:
    """Open the model of a folder for transcription.

    ``language`` is spoken in all recordings; None detects it for each. ``task`` is ``transcribe`` or ``translate``.
    ``engine`` is ``transformers``, ``ctranslate2``, or ``auto``: the latter where it is installed and follows all settings.
    ``hints`` are phrases in the language that is written.
    """
    module = companion(folder, "long_audio", "used to transcribe")
    Checkpoint(folder)  # refuses pickle files and truncated files
    settings: dict[str, Any] = {"language": language, "task": task, "beams": beams, "engine": engine}
    if hints:
        if not takes_hints(model_type := str(read_json(folder / "config.json").get("model_type"))):
            raise UserError(
                f"{folder} is a model of the type '{model_type}', whose decoding takes no words: leave --words out, or give a "
                "Whisper model."
            )
        settings["hints"] = hints
    return cast(AudioTranscriber, module.open_transcriber(folder, **settings))


def _spaced(left: str, right: str) -> bool:
    """True if a space belongs between two characters; Chinese or Thai text has none."""
    return bool(left and right) and not (_unspaced(left) or _unspaced(right))


def _unspaced(character: str) -> bool:
    name = unicodedata.name(character, "")
    if name.startswith(("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")):
        return True
    return unicodedata.east_asian_width(character) in "WF" and not name.startswith("HANGUL")
