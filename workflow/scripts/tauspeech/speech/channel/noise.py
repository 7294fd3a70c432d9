"""Noise of several kinds, at a ratio of the speech's power to that of the noise."""

from collections.abc import Callable

import numpy as np

from tauspeech.data.audio import RATE
from tauspeech.speech.channel.filters import decibels, frequencies, power

LOWEST = 20.0  # Hz; below it pink and brown noise would have most of their power
MAINS = 50.0  # Hz
HARMONICS = 12
SPEAKERS = 6  # of babble
SPEEDS = (0.8, 1.25)  # of the speakers of babble, and with them their pitches


def _coloured(samples: int, slope: float, generator: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with the frequency to the power of ``slope``."""
    frequency = np.maximum(frequencies(samples), LOWEST)
    spectrum = np.fft.rfft(generator.standard_normal(samples)) * frequency ** (-slope / 2)
    return np.fft.irfft(spectrum, samples)


def white(speech: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return _coloured(len(speech), 0.0, generator)


def pink(speech: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return _coloured(len(speech), 1.0, generator)


def brown(speech: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return _coloured(len(speech), 2.0, generator)


def hum(speech: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The mains frequency with harmonics."""
    time, found = np.arange(len(speech)) / RATE, np.zeros(len(speech))
    for harmonic in range(1, HARMONICS + 1):
        phase = generator.uniform(0, 2 * np.pi)
        found += np.sin(2 * np.pi * MAINS * harmonic * time + phase) / harmonic
    return found


def babble(speech: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Several speakers at once: the utterance itself, backwards, at several speeds and from several places on.

    Speech of other utterances would make a recording depend on the rest of its set.
    """
    backwards, time, found = speech[::-1], np.arange(len(speech)), np.zeros(len(speech))
    for _ in range(SPEAKERS):
        start, speed = generator.uniform(0, len(speech)), generator.uniform(*SPEEDS)
        found += np.interp(start + speed * time, time, backwards, period=len(speech))
    return found


# Noise as long as some speech.
KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "white": white,
    "pink": pink,
    "brown": brown,
    "hum": hum,
    "babble": babble,
}


def with_noise(samples: np.ndarray, kind: str, snr: float, generator: np.random.Generator) -> np.ndarray:
    """Speech with noise; the speech has ``snr`` dB more power."""
    noise = KINDS[kind](samples, generator)
    return samples + noise * np.sqrt(power(samples) / (decibels(snr) * max(power(noise), 1e-12)))
