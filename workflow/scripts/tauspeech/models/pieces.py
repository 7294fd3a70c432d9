"""Transcription of audio of any length, in pieces, with models whose inputs are as long as their audio."""

from collections.abc import Callable

import numpy as np

from tauspeech.data.audio import RATE
from tauspeech.models.devices import device
from tauspeech.models.family import SpeechModel
from tauspeech.models.pauses import Span
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.transcription import Segment, Transcript

SILENCE = 2**-15  # the smallest step of 16 bit audio
SHORTEST = RATE // 20  # samples; shorter pieces have no speech, and may have no frame
BATCH = 8


class PiecewiseTranscriber:
    """A model with transcription settings; ``split`` cuts audio into spans that fit its window.

    ``language`` is that of the text, and only stated.
    """

    def __init__(
        self,
        model: SpeechModel,
        task: SpeechTask,
        split: Callable[[np.ndarray, int], list[Span]],
        *,
        language: str | None,
        beams: int,
        new_tokens: int = 0,
    ):
        model.network.to(device()).eval()
        self._model, self._task, self._split = model, task, split
        self._language, self._beams, self._new_tokens = language, beams, new_tokens

    def transcribe(self, samples: np.ndarray) -> Transcript:
        """Transcript of samples of any length at 16 kHz."""
        if not len(samples) or np.abs(samples).max() <= SILENCE:
            return Transcript()
        spans = self._split(samples, int(self._model.window * RATE))
        spans = [span for span in spans if span[1] - span[0] >= SHORTEST]
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
        return self._model.decode(encoded, self._task, beams=self._beams, new_tokens=self._new_tokens)
