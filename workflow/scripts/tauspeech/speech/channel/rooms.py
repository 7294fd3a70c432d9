"""Rooms: impulse responses of a direct path and a tail of noise that decays exponentially."""

import numpy as np

from tauspeech.data.audio import RATE
from tauspeech.speech.channel.filters import convolved, decibels, power

GAP = 0.005  # seconds from the direct path to the first reflections


def impulse_response(seconds: float, direct: float, generator: np.random.Generator) -> np.ndarray:
    """Response of a room; its tail falls by 60 dB in ``seconds``, and the direct path has ``direct`` dB more energy than it."""
    start, length = round(GAP * RATE), round(seconds * RATE)
    time = np.arange(length) / RATE
    tail = generator.standard_normal(length) * 10 ** (-3 * time / seconds)
    tail /= np.sqrt(np.square(tail).sum() * decibels(direct))
    return np.concatenate([[1.0], np.zeros(start - 1), tail])


def in_room(samples: np.ndarray, seconds: float, direct: float, generator: np.random.Generator) -> np.ndarray:
    """Speech in a room, as loud as before; what follows the end of the speech is cut off."""
    found = convolved(samples, impulse_response(seconds, direct, generator))[: len(samples)]
    return found * np.sqrt(power(samples) / max(power(found), 1e-12))
