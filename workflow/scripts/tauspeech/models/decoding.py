"""What a model hears in the utterances of a set."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from tauspeech.runtime.errors import UserError
from tauspeech.models.tasks import Lesson
from tauspeech.models.whisper.family import DTYPES, check_lengths, device, features, hears, transcribe
from tauspeech.runtime.pace import Pace
from tauspeech.data.audio import decode


class Listener:
    """A model with the settings of its decoding; features of an utterance are made once."""

    def __init__(self, model: WhisperForConditionalGeneration, processor: WhisperProcessor, settings: dict[str, Any]):
        self.model = model.to(device(), DTYPES[settings["precision"]]).eval()
        self.processor = processor
        self.settings = settings
        self._features: dict[str, np.ndarray] = {}

    def hears(self, row: dict[str, Any]) -> bool:
        return hears(self.processor, row)

    def _heard(self, row: dict[str, Any]) -> np.ndarray:
        if row["utterance"] not in self._features:
            self._features[row["utterance"]] = features(self.processor, decode(row["audio"]["bytes"]))
        return self._features[row["utterance"]]

    def listen(self, rows: list[dict[str, Any]], asked: Lesson) -> list[str]:
        """Texts of the utterances, in their order."""
        check_lengths(self.processor, rows)
        texts: list[str] = []
        pace = Pace(f"utterances heard, {asked.task}", len(rows))
        for start in range(0, len(rows), self.settings["batch"]):
            batch = [self._heard(row) for row in rows[start : start + self.settings["batch"]]]
            texts += self._written(batch, asked)
            pace.add(len(batch))
        return texts

    def _written(self, batch: list[np.ndarray], asked: Lesson) -> list[str]:
        settings = self.settings
        how = {"beams": settings["beams"], "new_tokens": settings["new_tokens"]}
        try:
            return transcribe(self.model, self.processor, batch, language=asked.prompt, task=asked.task, **how)
        except torch.cuda.OutOfMemoryError:
            raise UserError(
                f"the GPU ran out of memory with {len(batch)} utterances at a time: lower decoding.batch or decoding.beams."
            ) from None

    def forget(self, ids: Iterable[str]) -> None:
        """Features of sets that will not be heard again."""
        for id in ids:
            self._features.pop(id, None)
