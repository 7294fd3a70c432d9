"""Interface of text-to-speech engines."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tauspeech.runtime.errors import UserError


@dataclass(frozen=True)
class Sound:
    """Output of an engine: mono float32 samples in [-1, 1] at the engine's sampling rate."""

    samples: np.ndarray
    rate: int


class Failed(UserError):
    """Synthesis of one sentence failed; the engine can go on with others."""


class Engine(Protocol):
    """A loaded model. Each module in ``engines/`` has ``open_engine(model, language) -> Engine``, where ``model`` is its
    configuration (``speech.models.<engine>.<name>``)."""

    version: str  # of package and model, for the manifest
    speakers: list[str]  # valid speakers; empty if the model has one voice, or if any name is valid
    # Optional: ``usual_speakers``, from which a speaker is drawn if the configuration names none (default: all).

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        """Audio of a text; the same for the same arguments, regardless of earlier calls."""
        ...
