"""Normalisation of synthesised audio: sampling rate, silence and loudness, the same for all engines."""

import numpy as np

from tauspeech.data.audio import RATE, resample, silent
from tauspeech.data.dropped_utterances import Unusable
from tauspeech.speech.engine import Sound

_FRAME = RATE // 100
_QUIET = 10 ** (-45 / 20)  # relative to the loudest frame; frames at the edges below it are silence
_MARGIN = 5  # frames of silence to leave at each edge
_LOUDNESS = 10 ** (-20 / 20)  # root mean square of the frames with speech
_PEAK = 0.99


def normalise_audio(sound: Sound, longest: float) -> np.ndarray:
    """Trim silence at the edges, resample to 16 kHz and scale to a fixed loudness; raises Unusable with a reason."""
    samples = np.asarray(sound.samples, np.float32)
    if not np.isfinite(samples).all():
        raise Unusable("samples that are not numbers")
    if not silent(samples):
        samples = resample(samples, sound.rate)
    if silent(samples):
        raise Unusable("silence")
    samples = _trimmed(samples)
    if len(samples) > longest * RATE:
        raise Unusable("too long")
    return _scaled(samples)


def _levels(samples: np.ndarray) -> np.ndarray:
    """Root mean square of each frame of 10 ms."""
    padded = np.pad(samples, (0, -len(samples) % _FRAME)).reshape(-1, _FRAME)
    return np.sqrt((padded.astype(np.float64) ** 2).mean(axis=1))


def _trimmed(samples: np.ndarray) -> np.ndarray:
    levels = _levels(samples)
    audible = np.flatnonzero(levels > _QUIET * levels.max())
    return samples[max(0, audible[0] - _MARGIN) * _FRAME : (audible[-1] + 1 + _MARGIN) * _FRAME]


def _scaled(samples: np.ndarray) -> np.ndarray:
    levels = _levels(samples)
    speech = levels[levels > _QUIET * levels.max()]
    gain = _LOUDNESS / np.sqrt((speech**2).mean())
    return samples * np.float32(min(gain, _PEAK / np.abs(samples).max()))
