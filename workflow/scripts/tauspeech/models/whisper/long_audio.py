"""Speech of any length to text.

What Whisper hears at once is short, and there are two ways to go on. A model that writes timestamps says itself
how far it came: this is transformers' own long-form generation. A model that was fine-tuned without timestamps,
as those of this project are, does not say it, and would lose the word at the end of each window: its audio is cut
in pauses. A model whose vocabulary has no timestamps was trained on single utterances and hears them one by one.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from tauspeech.data.audio import RATE
from tauspeech.models.pauses import Span, cut, utterances
from tauspeech.models.whisper.family import device, features, window
from tauspeech.models.whisper.prompt import detect_language, language_code, prompt, restore_settings

SILENCE = 2**-15  # the smallest step of 16 bit audio
BATCH = 8
PROMPT = 4  # tokens at most
# Whisper's own settings, as transformers documents them: another try at a window that failed.
SECOND_TRIES = {
    "temperature": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "compression_ratio_threshold": 1.35,
    "logprob_threshold": -1.0,
    "no_speech_threshold": 0.6,
    "condition_on_prev_tokens": False,
}


@dataclass(frozen=True)
class Segment:
    start: float  # seconds
    end: float
    text: str


@dataclass(frozen=True)
class Heard:
    language: str | None = None  # of a silent recording none
    segments: list[Segment] = field(default_factory=list)

    @property
    def text(self) -> str:
        text = ""
        for segment in self.segments:
            text += " " * _spaced(text[-1:], segment.text[:1]) + segment.text
        return text


def _spaced(left: str, right: str) -> bool:
    """Whether a space belongs between two characters; Chinese or Thai text goes on without one."""
    return bool(left and right) and not (_unspaced(left) or _unspaced(right))


def _unspaced(character: str) -> bool:
    name = unicodedata.name(character, "")
    if name.startswith(("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")):
        return True
    return unicodedata.east_asian_width(character) in "WF" and not name.startswith("HANGUL")


def _segments(spans: Iterable[tuple[float, float, str]]) -> list[Segment]:
    """Those that hold text, on one line each."""
    tidy = (Segment(round(start, 2), round(end, 2), " ".join(text.split())) for start, end, text in spans)
    return [segment for segment in tidy if segment.text]


class Transcriber:
    """A model, and what it is asked for; ``language=None`` lets it hear the language of each recording."""

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        processor: WhisperProcessor,
        *,
        language: str | None = None,
        task: str = "transcribe",
        beams: int = 1,
    ):
        self.model, self.processor = model.to(device()).eval(), processor
        restore_settings(model, processor)
        self.language = language_code(model, language) if language else None
        self.task, self.beams = task, beams
        prompt(model, self.language or "en", task)  # a task that the model lacks is an error before any audio
        self.longest = int(window(processor) * RATE)
        last_text = getattr(model.generation_config, "no_timestamps_token_id", model.config.vocab_size)
        self._first_timestamp = last_text + 1
        self._has_timestamps = model.config.vocab_size - last_text > model.config.max_source_positions
        self._writes_timestamps: bool | None = None

    def hear(self, samples: np.ndarray) -> Heard:
        """Samples of any length at 16 kHz."""
        if not len(samples) or np.abs(samples).max() <= SILENCE:
            return Heard()
        language = self.language or detect_language(self.model, self._tensor([self._loudest(samples)]))
        if not self._has_timestamps:
            return Heard(language, self._in_pieces(samples, language, utterances(samples, self.longest)))
        if len(samples) > self.longest and self._tells_time(samples, language):
            return Heard(language, self._by_timestamps(samples, language))
        return Heard(language, self._in_pieces(samples, language, cut(samples, self.longest)))

    def _tensor(self, pieces: list[np.ndarray]) -> torch.Tensor:
        stacked = np.stack([features(self.processor, piece) for piece in pieces])
        return torch.from_numpy(stacked).to(self.model.device, self.model.dtype)

    def _loudest(self, samples: np.ndarray) -> np.ndarray:
        """The window with most energy: a recording may begin with a long silence."""
        windows = [samples[start : start + self.longest] for start in range(0, len(samples), self.longest)]
        return max(windows, key=lambda each: float(np.dot(each, each)))

    def _generate(self, inputs: torch.Tensor, language: str, **options: Any) -> Any:
        settings = {
            "num_beams": self.beams,
            # Without this the length comes from the generation settings, which fine-tunes often shorten.
            "max_new_tokens": self.model.config.max_target_positions - PROMPT,
            "attention_mask": torch.ones_like(inputs[:, 0, :], dtype=torch.long),
        }
        with torch.inference_mode():
            return self.model.generate(inputs, **prompt(self.model, language, self.task), **settings, **options)

    def _in_pieces(self, samples: np.ndarray, language: str, spans: list[Span]) -> list[Segment]:
        texts: list[str] = []
        for first in range(0, len(spans), BATCH):
            batch = self._tensor([samples[start:end] for start, end in spans[first : first + BATCH]])
            # One call: a model that writes timestamps unasked would hear its window again and again.
            ids = self._generate(batch, language, return_timestamps=False, force_unique_generate_call=True)
            texts += self.processor.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return _segments((start / RATE, end / RATE, text) for (start, end), text in zip(spans, texts, strict=True))

    def _tells_time(self, samples: np.ndarray, language: str) -> bool:
        """Whether the model writes timestamps besides the first, which it has to; asked once."""
        if self._writes_timestamps is None:
            inputs = self._tensor([self._loudest(samples)])
            ids = self._generate(inputs, language, return_timestamps=True, force_unique_generate_call=True)[0]
            self._writes_timestamps = int((ids >= self._first_timestamp).sum()) > 1
        return self._writes_timestamps

    def _by_timestamps(self, samples: np.ndarray, language: str) -> list[Segment]:
        extractor = self.processor.feature_extractor
        whole = extractor(samples, sampling_rate=RATE, truncation=False, padding="longest", return_tensors="pt")
        inputs = whole.input_features.to(self.model.device, self.model.dtype)
        torch.manual_seed(0)  # second tries draw lots
        found = self._generate(inputs, language, return_timestamps=True, return_segments=True, **SECOND_TRIES)
        decode = self.processor.tokenizer.decode
        return _segments(
            (float(each["start"]), float(each["end"]), decode(each["tokens"], skip_special_tokens=True))
            for each in found["segments"][0]
        )
