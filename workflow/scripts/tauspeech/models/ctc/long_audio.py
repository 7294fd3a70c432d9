"""Transcription of audio of any length with CTC models: pieces that fit the window, cut at pauses."""

from pathlib import Path

import numpy as np

from tauspeech.data.audio import RATE
from tauspeech.models.ctc.family import WINDOW, CTCModel, open_model
from tauspeech.models.devices import device
from tauspeech.models.pauses import cut, utterances
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.transcription import Segment, Transcript
from tauspeech.runtime.errors import UserError

SILENCE = 2**-15  # the smallest step of 16 bit audio
SHORTEST = RATE // 20  # samples; shorter pieces have no speech, and may have no frame
BATCH = 8


def open_transcriber(
    folder: Path, *, language: str | None, task: str, beams: int, engine: str = "transformers"
) -> "CTCTranscriber":
    if engine == "ctranslate2":
        raise UserError("CTranslate2 does not decode CTC models: leave --engine out.")
    if task != "transcribe":
        raise UserError("CTC models only transcribe: leave --task out, or give a Whisper model.")
    return CTCTranscriber(open_model(folder), language, beams)


class CTCTranscriber:
    """A CTC model with transcription settings; ``language`` is only stated, as such models have one."""

    def __init__(self, model: CTCModel, language: str | None = None, beams: int = 1):
        model.network.to(device()).eval()
        self._model, self._language, self._beams = model, language, beams

    def transcribe(self, samples: np.ndarray) -> Transcript:
        """Transcript of samples of any length at 16 kHz."""
        if not len(samples) or np.abs(samples).max() <= SILENCE:
            return Transcript()
        longest = int(self._model.window * RATE)
        # A model with a window of its own was trained on single utterances.
        split = cut if self._model.window >= WINDOW else utterances
        spans = [span for span in split(samples, longest) if span[1] - span[0] >= SHORTEST]
        segments = []
        for first in range(0, len(spans), BATCH):
            batch = spans[first : first + BATCH]
            texts = self._texts([samples[start:end] for start, end in batch])
            segments += [
                Segment(round(start / RATE, 2), round(end / RATE, 2), text)
                for (start, end), text in zip(batch, texts, strict=True)
                if text
            ]
        return Transcript(self._language, segments)

    def _texts(self, pieces: list[np.ndarray]) -> list[str]:
        encoded = self._model.encode([self._model.features(piece) for piece in pieces])
        language = self._language or ""
        task = SpeechTask("transcribe", language, language)
        return self._model.decode(encoded, task, beams=self._beams, new_tokens=0)
