"""Transcription and translation of audio of any length with speech LLMs of all families."""

from pathlib import Path
from typing import Any

from tauspeech.models.family import open_model
from tauspeech.models.pauses import utterances
from tauspeech.models.pieces import PiecewiseTranscriber
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError

SPOKEN = "en"
NEW_TOKENS = 300


def open_transcriber(
    folder: Path, *, language: str | None, task: str, beams: int, engine: str = "transformers"
) -> PiecewiseTranscriber:
    """``language`` is the spoken one; for a translation, which is from English, it is that of the translation."""
    if engine == "ctranslate2":
        raise UserError("CTranslate2 does not decode speech LLMs: leave --engine out.")
    model: Any = open_model(folder)
    if task == "translate":
        if language is None or language not in model.languages:
            known = ", ".join(model.languages)
            raise UserError(
                f"--language is {language}, and the model translates into {known}: give one of them with --language."
            )
        wanted = SpeechTask("translate", SPOKEN, language)
    else:
        wanted = SpeechTask("transcribe", language or SPOKEN, language or SPOKEN)
    return PiecewiseTranscriber(model, wanted, utterances, language=language, beams=beams, new_tokens=NEW_TOKENS)
