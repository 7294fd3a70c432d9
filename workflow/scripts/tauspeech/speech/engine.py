"""What every text-to-speech engine offers, whatever lies behind it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tauspeech.runtime.errors import UserError


@dataclass(frozen=True)
class Sound:
    """Mono samples in [-1, 1], float32, at the rate that the engine makes."""

    samples: np.ndarray
    rate: int


class Failed(UserError):
    """One sentence could not be said; others may be."""


class Engine(Protocol):
    """An opened model. Each module below ``engines/`` has ``open_engine(model, language) -> Engine``, where ``model``
    is what the configuration says of it (``speech.models.<engine>.<name>``)."""

    version: str  # of package and model, for the manifest
    speakers: list[str]  # that may be asked for, or none where the model has but one voice, or any name is good
    # An engine may also have ``usual_speakers``, of which one is drawn where none is asked for, if they are not all.

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        """The same sound for the same arguments, whatever was said before."""
        ...
