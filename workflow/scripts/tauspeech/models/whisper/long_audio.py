"""Transcription of audio of any length with Whisper models.

Longer audio than the input window is processed in one of three ways:

- A model that predicts timestamps is decoded by transformers' long-form generation, which moves the window to the last
  timestamp.
- A model that was fine-tuned without timestamps, as all models of this project, predicts none, and fixed windows would
  cut a word at the end of each: its audio is cut at pauses.
- A model whose vocabulary has no timestamps was trained on single utterances: its audio is split into utterances.

``transformers.pipeline(chunk_length_s=...)`` does not serve models without timestamps: its overlapping chunks begin and end
within sentences, and are joined by common tokens. With the bundled foundation, fifteen sentences in one recording have a
character error rate of 76 % that way and 0 % this way; with ``return_timestamps=True`` the pipeline fails.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tauspeech.data.audio import RATE
from tauspeech.models.ctranslate2_package import require_ctranslate2, usable
from tauspeech.models.devices import device
from tauspeech.models.hints import Hints
from tauspeech.models.pauses import Span, cut, utterances
from tauspeech.models.transcription import Segment, Transcript
from tauspeech.models.whisper.converted import convert_and_use, unsupported
from tauspeech.models.whisper.family import PROMPT, Whisper, open_model
from tauspeech.models.whisper.prompt import behind_prompt, detect_language, language_code, prompt
from tauspeech.runtime.errors import UserError

SILENCE = 2**-15  # the smallest step of 16 bit audio
BATCH = 8
# Whisper's own settings, as transformers documents them: retries of a window at higher temperatures.
RETRIES = {
    "temperature": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "compression_ratio_threshold": 1.35,
    "logprob_threshold": -1.0,
    "no_speech_threshold": 0.6,
    "condition_on_prev_tokens": False,
}


def open_transcriber(
    folder: Path,
    *,
    language: str | None,
    task: str,
    beams: int,
    engine: str = "transformers",
    hints: Hints | None = None,
) -> "Transcriber":
    model = open_model(folder)
    transcriber = Transcriber(model, language=language, task=task, beams=beams, hints=hints)
    if hints and engine == "ctranslate2":
        raise UserError("CTranslate2 decodes without words: leave --engine out, or --words.")
    is_fit = usable() and device() == "cpu" and not unsupported(model) and not hints
    if engine == "ctranslate2" or (engine == "auto" and is_fit):
        require_ctranslate2()
        convert_and_use(model, folder, torch.get_num_threads())
    return transcriber


class Transcriber:
    """A Whisper model with transcription settings; ``language=None`` detects the language of each recording."""

    def __init__(
        self,
        model: Whisper,
        *,
        language: str | None = None,
        task: str = "transcribe",
        beams: int = 1,
        hints: Hints | None = None,
    ):
        self._model, self._network = model, model.network.to(device()).eval()
        self._language = language_code(self._network, language) if language else None
        self._task, self._beams, self._hints = task, beams, hints
        prompt(
            self._network, self._language or "en", task
        )  # fails before any audio is read if the task is not supported
        self._longest = int(model.window * RATE)
        config = self._network.config
        last_text = getattr(self._network.generation_config, "no_timestamps_token_id", config.vocab_size)
        self._first_timestamp = last_text + 1
        self._has_timestamps = config.vocab_size - last_text > config.max_source_positions
        self._predicts_timestamps: bool | None = None

    def transcribe(self, samples: np.ndarray) -> Transcript:
        """Transcript of samples of any length at 16 kHz."""
        if not len(samples) or np.abs(samples).max() <= SILENCE:
            return Transcript()
        language = self._language or detect_language(self._network, self._inputs([self._loudest(samples)]))
        if not self._has_timestamps:
            return Transcript(language, self._in_pieces(samples, language, utterances(samples, self._longest)))
        if len(samples) > self._longest and self._check_timestamps(samples, language):
            return Transcript(language, self._by_timestamps(samples, language))
        return Transcript(language, self._in_pieces(samples, language, cut(samples, self._longest)))

    def _inputs(self, pieces: list[np.ndarray]) -> torch.Tensor:
        stacked = np.stack([self._model.features(piece) for piece in pieces])
        return torch.from_numpy(stacked).to(self._network.device, self._network.dtype)

    def _loudest(self, samples: np.ndarray) -> np.ndarray:
        """The window with the highest energy, since a recording may begin with a long silence."""
        windows = [samples[start : start + self._longest] for start in range(0, len(samples), self._longest)]
        return max(windows, key=lambda each: float(np.dot(each, each)))

    def _generate(self, inputs: torch.Tensor, language: str, **options: Any) -> Any:
        of_hints = self._model.hint_settings(self._hints, language if self._task == "transcribe" else "en")
        taken = PROMPT + len(of_hints.get("prompt_ids", ()))
        settings = of_hints | {
            "num_beams": self._beams,
            # The default is the length in the generation settings, which fine-tunes often shorten.
            "max_new_tokens": self._network.config.max_target_positions - taken,
            "attention_mask": torch.ones_like(inputs[:, 0, :], dtype=torch.long),
        }
        with torch.inference_mode():
            return self._network.generate(inputs, **prompt(self._network, language, self._task), **settings, **options)

    def _in_pieces(self, samples: np.ndarray, language: str, spans: list[Span]) -> list[Segment]:
        texts: list[str] = []
        for first in range(0, len(spans), BATCH):
            batch = self._inputs([samples[start:end] for start, end in spans[first : first + BATCH]])
            start = self._network.generation_config.decoder_start_token_id
            ids = [behind_prompt(list(map(int, row)), start) for row in self._tokens(batch, language)]
            texts += self._model.processor.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return _segments((start / RATE, end / RATE, text) for (start, end), text in zip(spans, texts, strict=True))

    def _tokens(self, batch: torch.Tensor, language: str) -> Any:
        """Tokens without timestamps."""
        if converted := self._model.converted:
            settings = {"num_beams": self._beams, "max_new_tokens": self._network.config.max_target_positions - PROMPT}
            return converted.generate(batch, settings | prompt(self._network, language, self._task))
        # A single call: with timestamps in the output, transformers would process the window repeatedly.
        return self._generate(batch, language, return_timestamps=False, force_unique_generate_call=True)

    def _check_timestamps(self, samples: np.ndarray, language: str) -> bool:
        """True if the model predicts timestamps besides the first, which is forced; checked once per model."""
        if self._predicts_timestamps is None:
            inputs = self._inputs([self._loudest(samples)])
            ids = self._generate(inputs, language, return_timestamps=True, force_unique_generate_call=True)[0]
            self._predicts_timestamps = int((ids >= self._first_timestamp).sum()) > 1
        return self._predicts_timestamps

    def _by_timestamps(self, samples: np.ndarray, language: str) -> list[Segment]:
        extractor, tokenizer = self._model.processor.feature_extractor, self._model.processor.tokenizer
        whole = extractor(samples, sampling_rate=RATE, truncation=False, padding="longest", return_tensors="pt")
        inputs = whole.input_features.to(self._network.device, self._network.dtype)
        torch.manual_seed(0)  # retries sample
        found = self._generate(inputs, language, return_timestamps=True, return_segments=True, **RETRIES)
        return _segments(
            (float(each["start"]), float(each["end"]), tokenizer.decode(each["tokens"], skip_special_tokens=True))
            for each in found["segments"][0]
        )


def _segments(spans: Iterable[tuple[float, float, str]]) -> list[Segment]:
    """Segments with text, each on one line; empty ones are dropped."""
    tidy = (Segment(round(start, 2), round(end, 2), " ".join(text.split())) for start, end, text in spans)
    return [segment for segment in tidy if segment.text]
