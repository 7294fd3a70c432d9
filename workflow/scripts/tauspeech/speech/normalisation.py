"""What happens to every utterance after an engine has said it, so that engines differ in their voices alone."""

import numpy as np

from tauspeech.data.audio import RATE, resample, silent
from tauspeech.data.dropped import Unusable
from tauspeech.speech.engine import Sound

_FRAME = RATE // 100
_QUIET = 10 ** (-45 / 20)  # of the loudest frame: below it, a frame at the edge is silence
_MARGIN = 5  # frames of silence that stay at either edge
_LOUDNESS = 10 ** (-20 / 20)  # root mean square of the frames with speech
_PEAK = 0.99


def normalised(sound: Sound, longest: float) -> np.ndarray:
    """16 kHz mono without silence at its edges, at one loudness, or the reason why it is of no use."""
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
    return _at_one_loudness(samples)


def _levels(samples: np.ndarray) -> np.ndarray:
    """Root mean square of each frame of 10 ms."""
    padded = np.pad(samples, (0, -len(samples) % _FRAME)).reshape(-1, _FRAME)
    return np.sqrt((padded.astype(np.float64) ** 2).mean(axis=1))


def _trimmed(samples: np.ndarray) -> np.ndarray:
    levels = _levels(samples)
    heard = np.flatnonzero(levels > _QUIET * levels.max())
    return samples[max(0, heard[0] - _MARGIN) * _FRAME : (heard[-1] + 1 + _MARGIN) * _FRAME]


def _at_one_loudness(samples: np.ndarray) -> np.ndarray:
    levels = _levels(samples)
    speech = levels[levels > _QUIET * levels.max()]
    gain = _LOUDNESS / np.sqrt((speech**2).mean())
    return samples * np.float32(min(gain, _PEAK / np.abs(samples).max()))
