"""Decoding: the hypotheses of a model for the utterances of a set."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any, Protocol

import numpy as np
import torch

from tauspeech.data.manifest import AudioKey, audio_key
from tauspeech.models.devices import device
from tauspeech.models.encoder_states import EncoderStates, encoder_fingerprint
from tauspeech.models.families import takes_hints
from tauspeech.models.family import SpeechModel, fits_window, require_fit
from tauspeech.models.half_precision import arithmetic
from tauspeech.models.hints import HintsOfUtterances
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace


class FeatureCache:
    """Features by utterance and audio, up to a number of bytes; the oldest are dropped first.

    A process that decodes the same sets with many models shares one. Models with the same ``features_id`` share features.
    """

    def __init__(self, most_bytes: int = 2 * 2**30):
        self._found: OrderedDict[tuple[str, AudioKey, str], np.ndarray] = OrderedDict()
        self._room = most_bytes

    def get(self, model: SpeechModel, row: dict[str, Any], task: SpeechTask) -> np.ndarray:
        id = model.features_id, audio_key(row), row[task.source] if task.takes_text else ""
        if id not in self._found:
            features = model.features_of(row, task)
            self._found[id] = features
            self._room -= features.nbytes
            while self._room < 0 and len(self._found) > 1:
                self._room += self._found.popitem(last=False)[1].nbytes
            return features
        return self._found[id]


class Features(Protocol):
    """Source of a decoder's features."""

    def get(self, model: SpeechModel, row: dict[str, Any], task: SpeechTask) -> np.ndarray: ...


class Decoder:
    """A model with decoding settings: beams, batch, new_tokens and precision.

    Weights stay in float32 whatever the precision, so that small differences between models survive. ``hints`` are for families
    that take any (``families.takes_hints``). ``seconds`` is the time of all batches so far, without that of features; encoder
    states that are shared count as when they were computed.
    """

    def __init__(
        self,
        model: SpeechModel,
        settings: dict[str, Any],
        cache: Features | None = None,
        states: EncoderStates | None = None,
        hints: HintsOfUtterances | None = None,
    ):
        self.model, self.hints = model, hints
        if hints and not takes_hints(model.network.config.model_type):
            raise UserError(
                f"a model of the type '{model.network.config.model_type}' takes neither a prompt nor a bias of words: leave them out, or give "
                "a Whisper model."
            )
        self._states = states if device() == "cpu" else None  # on a GPU, encoding takes less time than copying
        model.network.to(device(), torch.float32).eval()
        self.settings = settings
        self._cache = cache or FeatureCache()
        self.seconds = 0.0

    def fits_window(self, row: dict[str, Any]) -> bool:
        return fits_window(self.model, row)

    def decode(self, rows: Sequence[dict[str, Any]], task: SpeechTask) -> list[str]:
        """Hypotheses of the utterances, in their order."""
        return self.decode_tasks(rows, [task])[0]

    def decode_tasks(self, rows: Sequence[dict[str, Any]], tasks: Sequence[SpeechTask]) -> list[list[str]]:
        """The same for several tasks, which share what does not depend on the task."""
        require_fit(self.model, rows)
        texts: list[list[str]] = [[] for _ in tasks]
        pace = Pace(f"utterances decoded, {', '.join(task.kind for task in tasks)}", len(rows))
        if self._states and (fingerprint := encoder_fingerprint(self.model)):
            self._states.of_encoder(f"{fingerprint} {self.settings['precision']}")
        for start in range(0, len(rows), self.settings["batch"]):
            batch = rows[start : start + self.settings["batch"]]
            for found, decoded in zip(texts, self._decode_batch(batch, tasks), strict=True):
                found += decoded
            pace.add(len(batch))
        return texts

    def _decode_batch(self, batch: Sequence[dict[str, Any]], tasks: Sequence[SpeechTask]) -> list[list[str]]:
        keys = tuple(map(audio_key, batch)) if self._states else ()
        encoded = {False: self._states.get(keys)} if self._states else {}
        # Computed outside of the block, whose arithmetic would round them.
        features = {
            task.takes_text: [self._cache.get(self.model, row, task) for row in batch]
            for task in tasks
            if not encoded.get(task.takes_text)
        }
        begin = time.monotonic() - (self._states.seconds(keys) if self._states and encoded[False] else 0.0)
        try:
            with arithmetic(self.model.network, self.settings["precision"]):
                encoded |= {kind: self._encode(found, keys) for kind, found in features.items()}
                return [self._texts(encoded[task.takes_text], batch, task) for task in tasks]
        except torch.cuda.OutOfMemoryError:
            raise UserError(
                f"the GPU ran out of memory with {len(batch)} utterances at a time: lower decoding.batch or decoding.beams."
            ) from None
        finally:
            self.seconds += time.monotonic() - begin

    def _texts(self, encoded: Any, batch: Sequence[dict[str, Any]], task: SpeechTask) -> list[str]:
        """Texts of an encoded batch; with hints, neighbours with the same ones are decoded at once, since a prompt is of all."""
        settings: dict[str, Any] = {key: self.settings[key] for key in ("beams", "new_tokens")}
        if self.hints is None:
            return self.model.decode(encoded, task, **settings)
        texts: list[str] = []
        for hints, group in groupby(map(self.hints.for_utterance, (row["utterance"] for row in batch))):
            rows = slice(len(texts), len(texts) + len(list(group)))
            part = encoded if len(batch) == rows.stop - rows.start else encoded.part(rows)
            texts += self.model.decode(part, task, **settings | {"hints": hints})
        return texts

    def _encode(self, features: list[np.ndarray], keys: tuple[AudioKey, ...]) -> Any:
        encoded = self.model.encode(features)
        if self._states and self.model.encoder is not None:
            self._states.keep(keys, encoded)
        return encoded


@cache
def shared_features() -> FeatureCache:
    """The cache of a process that decodes the same sets with many models, one job after the other."""
    return FeatureCache()
