"""Noise of several kinds, at a ratio of the speech's power to that of the noise."""

from collections.abc import Callable

import numpy as np

from tauspeech.data.audio import RATE
from tauspeech.speech.channel.filters import decibels, frequencies, power

LOWEST = 20.0  # Hz; below it pink and brown noise would have most of their power
MAINS = 50.0  # Hz
HARMONICS = 12


def _coloured(samples: int, slope: float, generator: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with the frequency to the power of ``slope``."""
    frequency = np.maximum(frequencies(samples), LOWEST)
    spectrum = np.fft.rfft(generator.standard_normal(samples)) * frequency ** (-slope / 2)
    return np.fft.irfft(spectrum, samples)


def white(samples: int, generator: np.random.Generator) -> np.ndarray:
    return _coloured(samples, 0.0, generator)


def pink(samples: int, generator: np.random.Generator) -> np.ndarray:
    return _coloured(samples, 1.0, generator)


def brown(samples: int, generator: np.random.Generator) -> np.ndarray:
    return _coloured(samples, 2.0, generator)


def hum(samples: int, generator: np.random.Generator) -> np.ndarray:
    """The mains frequency with harmonics."""
    time, found = np.arange(samples) / RATE, np.zeros(samples)
    for harmonic in range(1, HARMONICS + 1):
        phase = generator.uniform(0, 2 * np.pi)
        found += np.sin(2 * np.pi * MAINS * harmonic * time + phase) / harmonic
    return found


KINDS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "white": white,
    "pink": pink,
    "brown": brown,
    "hum": hum,
}


def with_noise(samples: np.ndarray, kind: str, snr: float, generator: np.random.Generator) -> np.ndarray:
    """Speech with noise; the speech has ``snr`` dB more power."""
    noise = KINDS[kind](len(samples), generator)
    return samples + noise * np.sqrt(power(samples) / (decibels(snr) * power(noise)))
