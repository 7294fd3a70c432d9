"""Segmentation of long audio at pauses, into spans that fit a model's input window."""

import numpy as np

from tauspeech.data.audio import RATE

Span = tuple[int, int]  # first sample, and one past the last

FRAME = RATE // 100
PAUSE = 40  # frames; pauses at commas are shorter, those between sentences longer
BEFORE, AFTER = 1, 10  # frames of a pause kept around speech; models trained on trimmed speech need few before it
TRIMMED = 5  # frames; a recording with speech within these has no pause at its begin, and keeps all of it
QUIET = 10**-3.5, 10**-2.5  # threshold relative to the power of the louder parts: clean and noisy recordings
SMOOTHING = 20  # frames over which the power at a cut is averaged


def _power(samples: np.ndarray) -> np.ndarray:
    """Mean power of each frame; the last frame may be shorter and is padded with zeros."""
    whole = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    return np.square(whole, dtype=np.float32).mean(axis=1)


def cut(samples: np.ndarray, longest: int) -> list[Span]:
    """Spans of at most ``longest`` samples that cover all, cut at the quietest point in the last third of each."""
    power = np.convolve(_power(samples), np.ones(SMOOTHING), mode="same")
    spans, start = [], 0
    while len(samples) - start > longest:
        first, last = start + longest * 2 // 3, start + longest
        window = power[first // FRAME + 1 : last // FRAME]
        quietest = len(window) - 1 - int(window[::-1].argmin())  # the last of equal ones, for fewer cuts
        end = (first // FRAME + 1 + quietest) * FRAME
        spans.append((start, end))
        start = end
    return [*spans, (start, len(samples))]


def utterances(samples: np.ndarray, longest: int) -> list[Span]:
    """Spans of speech between pauses, each of at most ``longest`` samples; the pauses are not covered."""
    power = _power(samples)
    loud = np.flatnonzero(power > _threshold(power))
    if not len(loud):
        return cut(samples, longest)
    gaps = np.flatnonzero(np.diff(loud) > PAUSE)
    firsts, lasts = loud[np.r_[0, gaps + 1]] - BEFORE, loud[np.r_[gaps, -1]] + 1 + AFTER
    if loud[0] <= TRIMMED:
        firsts[0] = 0
    if len(power) - loud[-1] <= PAUSE:
        lasts[-1] = len(power)
    spans = []
    for first, last in zip(np.maximum(firsts, 0) * FRAME, np.minimum(lasts * FRAME, len(samples)), strict=True):
        spans += [(int(first) + start, int(first) + end) for start, end in cut(samples[first:last], longest)]
    return spans


def _threshold(power: np.ndarray) -> float:
    """Power above the background noise and far below speech, independent of the share of silence in the recording."""
    loud = np.dot(power, power) / max(power.sum(), 1e-30)
    return float(np.clip(4 * np.percentile(power, 5), QUIET[0] * loud, QUIET[1] * loud))
