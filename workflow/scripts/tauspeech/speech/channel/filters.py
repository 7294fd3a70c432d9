"""Filters in the frequency domain, without phase: a magnitude for each frequency."""

import numpy as np

from tauspeech.data.audio import RATE

ORDER = 4  # of the Butterworth magnitude: 24 dB an octave beyond the cut-off


def frequencies(samples: int) -> np.ndarray:
    """Frequencies in Hz of the real FFT of so many samples."""
    return np.fft.rfftfreq(samples, 1 / RATE)


def band(frequency: np.ndarray, low: float, high: float) -> np.ndarray:
    """Magnitudes of a band-pass filter; at the cut-off frequencies it lets half of the power pass."""
    safe = np.maximum(frequency, 1e-3)
    return 1 / np.sqrt((1 + (low / safe) ** (2 * ORDER)) * (1 + (frequency / high) ** (2 * ORDER)))


def filtered(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    """Samples in a band; zeros around them keep the ends apart, which an FFT joins."""
    size = len(samples) + RATE // 10
    spectrum = np.fft.rfft(samples, size) * band(frequencies(size), low, high)
    return np.fft.irfft(spectrum, size)[: len(samples)]


def convolved(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Samples through an impulse response, with its tail."""
    size = len(samples) + len(response) - 1
    return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def decibels(ratio: float) -> float:
    """Factor of the power for a level in dB."""
    return float(10 ** (ratio / 10))
