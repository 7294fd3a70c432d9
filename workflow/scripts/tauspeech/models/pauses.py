"""Where to cut speech that is longer than a model hears at once."""

import numpy as np

from tauspeech.data.audio import RATE

Span = tuple[int, int]  # first sample, and the one after the last

FRAME = RATE // 100
PAUSE = 40  # frames: commas are shorter, ends of sentences longer
BEFORE, AFTER = 1, 10  # frames of a pause that stay: models trained on speech that begins at once want few before
AT_ONCE = 5  # frames: a recording that begins so soon is such speech, and stays as it is
QUIET = 10**-3.5, 10**-2.5  # of the power of the louder parts: a clean recording, a noisy one
BREATH = 20  # frames that a cut wants to be quiet


def _power(samples: np.ndarray) -> np.ndarray:
    """A number a frame; the last frame may be short."""
    whole = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    return np.square(whole, dtype=np.float32).mean(axis=1)


def cut(samples: np.ndarray, longest: int) -> list[Span]:
    """Spans of at most ``longest`` samples that cover all, cut where it is quietest in the last third of each."""
    power = np.convolve(_power(samples), np.ones(BREATH), mode="same")
    spans, start = [], 0
    while len(samples) - start > longest:
        first, last = start + longest * 2 // 3, start + longest
        window = power[first // FRAME + 1 : last // FRAME]
        quietest = len(window) - 1 - int(window[::-1].argmin())  # of equals the last, for fewer cuts
        end = (first // FRAME + 1 + quietest) * FRAME
        spans.append((start, end))
        start = end
    return [*spans, (start, len(samples))]


def utterances(samples: np.ndarray, longest: int) -> list[Span]:
    """Spans of speech between pauses, each at most ``longest``; the pauses themselves are left out."""
    power = _power(samples)
    loud = np.flatnonzero(power > _threshold(power))
    if not len(loud):
        return cut(samples, longest)
    gaps = np.flatnonzero(np.diff(loud) > PAUSE)
    firsts, lasts = loud[np.r_[0, gaps + 1]] - BEFORE, loud[np.r_[gaps, -1]] + 1 + AFTER
    if loud[0] <= AT_ONCE:
        firsts[0] = 0
    if len(power) - loud[-1] <= PAUSE:
        lasts[-1] = len(power)
    spans = []
    for first, last in zip(np.maximum(firsts, 0) * FRAME, np.minimum(lasts * FRAME, len(samples)), strict=True):
        spans += [(int(first) + start, int(first) + end) for start, end in cut(samples[first:last], longest)]
    return spans


def _threshold(power: np.ndarray) -> float:
    """Louder than the noise between the words, and far below the speech, however much silence is around it."""
    loud = np.dot(power, power) / max(power.sum(), 1e-30)
    return float(np.clip(4 * np.percentile(power, 5), QUIET[0] * loud, QUIET[1] * loud))
