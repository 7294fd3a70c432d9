"""Transcription of audio of any length with CTC models."""

from pathlib import Path

from tauspeech.models.ctc.family import WINDOW, open_model
from tauspeech.models.pauses import cut, utterances
from tauspeech.models.pieces import PiecewiseTranscriber
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError


def open_transcriber(
    folder: Path, *, language: str | None, task: str, beams: int, engine: str = "transformers"
) -> PiecewiseTranscriber:
    """``language`` is only stated, as such models have one."""
    if engine == "ctranslate2":
        raise UserError("CTranslate2 does not decode CTC models: leave --engine out.")
    if task != "transcribe":
        raise UserError("CTC models only transcribe: leave --task out, or give a Whisper model.")
    model = open_model(folder)
    # A model with a window of its own was trained on single utterances.
    split = cut if model.window >= WINDOW else utterances
    transcribe = SpeechTask("transcribe", language or "", language or "")
    return PiecewiseTranscriber(model, transcribe, split, language=language, beams=beams)
