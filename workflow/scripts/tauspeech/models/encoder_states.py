"""Encoder states that models with the same encoder share.

Models that differ in their decoders alone, such as merges of vectors from ``training.trainable: decoder``, compute the same
states for a batch. A process that decodes the same sets with many of them computes these once.
"""

import hashlib
import time
from functools import cache
from typing import Protocol

from tauspeech.data.manifest import AudioKey
from tauspeech.models.family import SpeechModel


class EncodedBatch(Protocol):
    """A batch as a family with an encoder encodes it."""

    def computed_bytes(self) -> int:
        """Bytes of the batch with its states, which are computed now if they are not yet."""
        ...


class EncoderStates:
    """Encoded batches of one encoder, until there are ``most_bytes``; another encoder's replace them."""

    def __init__(self, most_bytes: int = 2**30):
        self._most, self._room = most_bytes, most_bytes
        self._encoder = ""
        self._found: dict[tuple[AudioKey, ...], EncodedBatch] = {}
        self._seconds: dict[tuple[AudioKey, ...], float] = {}

    def of_encoder(self, fingerprint: str) -> None:
        """Forget the batches of another encoder."""
        if fingerprint != self._encoder:
            self._encoder, self._room = fingerprint, self._most
            self._found.clear()
            self._seconds.clear()

    def get(self, keys: tuple[AudioKey, ...]) -> EncodedBatch | None:
        return self._found.get(keys)

    def seconds(self, keys: tuple[AudioKey, ...]) -> float:
        """Time that the states of a batch took when they were computed."""
        return self._seconds.get(keys, 0.0)

    def keep(self, keys: tuple[AudioKey, ...], encoded: EncodedBatch) -> None:
        """Keep a batch if there is room."""
        if self._room > 0:
            begin = time.monotonic()
            self._room -= encoded.computed_bytes()
            self._found[keys], self._seconds[keys] = encoded, time.monotonic() - begin


def encoder_fingerprint(model: SpeechModel) -> str | None:
    """Hash of what a model's encoder states depend on beside the audio; None for a model without a decoder."""
    if model.encoder is None:
        return None
    digest = hashlib.sha256(model.features_id.encode())
    for name, tensor in model.encoder.state_dict().items():
        digest.update(name.encode())
        digest.update(memoryview(tensor.numpy(force=True)).cast("B"))
    return digest.hexdigest()


@cache
def shared_states() -> EncoderStates:
    """States that the jobs of a process share, which decodes the same sets with many models."""
    return EncoderStates()
