"""The input window of a Whisper network: as published, or fewer seconds of it.

In a shorter window the encoder has the first of its positions only. They are sinusoids, so nothing else of the network
depends on their number. The others are kept aside, and return where all weights are read or written.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

from tauspeech.models.families import WINDOW_ROOM
from tauspeech.runtime.errors import UserError


class InputWindow:
    """Seconds of audio that an input holds, of which some must stay free in a shorter window than the published one."""

    def __init__(self, network: WhisperForConditionalGeneration, extractor: WhisperFeatureExtractor):
        self.seconds: float = extractor.chunk_length
        self.samples: int = extractor.n_samples
        self.room = 0.0
        self._network, self._hop = network, extractor.hop_length
        self._all: torch.Tensor | None = None  # positions

    def shorten(self, seconds: float) -> None:
        config = self._network.config
        if seconds > self.seconds:
            raise UserError(
                f"key 'base_window' is {seconds:g}, and the base's input window is {self.seconds:g} s: lower it, or leave it out."
            )
        count = int(config.max_source_positions * seconds / self.seconds)
        self._all = self._positions.weight.detach()
        self.seconds, self.samples, self.room = seconds, 2 * count * self._hop, WINDOW_ROOM
        self._set(self._all[:count])

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A block in which the network has all of its positions."""
        if self._all is None:
            yield
            return
        count = self._network.config.max_source_positions
        self._set(self._all)
        try:
            yield
        finally:
            self._all = self._positions.weight.detach().clone()
            self._set(self._all[:count])

    @property
    def _positions(self) -> nn.Embedding:
        positions: nn.Embedding = self._network.model.encoder.embed_positions
        return positions

    def _set(self, positions: torch.Tensor) -> None:
        """Positions in place of the encoder's; gradients are not computed for them."""
        place = self._positions.weight.device
        self._network.model.encoder.embed_positions = nn.Embedding.from_pretrained(positions.to(place).clone())
        self._network.config.max_source_positions = len(positions)
