"""Counts per utterance, and the corpus score with a 95 % interval that follows from them.

score = f(sum of the rows of counts); a resample draws utterances with replacement and scores their sum in the same way.
Utterances are counted once and only sums are resampled, so intervals and paired tests stay cheap for many models.
Recordings of one sentence share its words and are not independent: their counts are summed, and sentences are drawn.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isnan, nan, sqrt
from statistics import NormalDist

import numpy as np

from tauspeech.data.takes import sentence_id

RESAMPLES = 1000
_TAIL = 0.025


@dataclass(frozen=True)
class Metric:
    """A value with its 95 % interval; value, low and high are None if the value is undefined, and the latter two if the interval is."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    signature: str


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts per utterance or per sentence (rows), and the function from sums of rows, one per line, to scores (NaN: undefined)."""

    name: str
    signature: str
    counts: np.ndarray
    pooled: Callable[[np.ndarray], np.ndarray]

    def value(self) -> float:
        return float(self.pooled(self.counts.sum(axis=0, keepdims=True))[0])

    def resampled(self, seed: int) -> np.ndarray:
        """Scores of RESAMPLES resamples; a seed draws the same utterances for every tally of a set."""
        return self.pooled(_draws(len(self.counts), seed) @ self.counts)

    def by_sentence(self, utterances: Iterable[str]) -> "Tally":
        """The tally with a row per sentence, in the order of their names; itself if no sentence has several takes."""
        sentences = [sentence_id(utterance) for utterance in utterances]
        names, places = np.unique(sentences, return_inverse=True)
        if len(names) == len(sentences):
            return self
        counts = np.zeros((len(names), self.counts.shape[1]), self.counts.dtype)
        np.add.at(counts, places, self.counts)
        return replace(self, counts=counts)

    def n(self) -> int:
        """Sample size: number of utterances, or of sentences where these have several takes."""
        return len(self.counts)

    def written(self) -> str:
        """The counts as text, such as ``0/5 2/7`` for errors and lengths of two utterances."""
        return " ".join("/".join(map(str, row)) for row in self.counts.tolist())

    def interval(self, seed: int) -> tuple[float, float] | None:
        """Percentile bootstrap interval; None for a single row, of which all resamples are the same."""
        if len(self.counts) < 2:
            return None
        low, high = np.nanquantile(self.resampled(seed), [_TAIL, 1 - _TAIL])
        return float(low), float(high)

    def metric(self, seed: int) -> Metric:
        value = self.value()
        if isnan(value):
            return Metric(self.name, None, None, None, self.n(), self.signature)
        interval = self.interval(seed)
        if interval is None:
            return Metric(self.name, value, None, None, self.n(), self.signature)
        low, high = interval
        # A skewed statistic, or rounding, can put the value just outside its interval.
        return Metric(self.name, value, min(low, value), max(high, value), self.n(), self.signature)


@dataclass(frozen=True, eq=False)
class Proportion(Tally):
    """Counts with the columns successes and trials; n is the number of trials, the interval is Wilson's, valid near 0 and 100 %."""

    def n(self) -> int:
        return int(self.counts[:, 1].sum())

    def interval(self, seed: int) -> tuple[float, float]:
        return wilson_interval(int(self.counts[:, 0].sum()), self.n())


def read_counts(text: str) -> np.ndarray:
    """The counts of ``Tally.written``."""
    return np.array([[int(count) for count in row.split("/")] for row in text.split()])


def percentage(sums: np.ndarray) -> np.ndarray:
    """100 * first column / second column; NaN where the second is zero."""
    return np.divide(100 * sums[:, 0], sums[:, 1], out=np.full(len(sums), nan), where=sums[:, 1] > 0)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson score interval in percent: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    z = NormalDist().inv_cdf(1 - _TAIL)
    p = successes / trials
    centre = p + z**2 / (2 * trials)
    margin = z * sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    scale = 100 / (1 + z**2 / trials)
    return max(0.0, scale * (centre - margin)), min(100.0, scale * (centre + margin))


@lru_cache(maxsize=1)  # all metrics of a set share one matrix, which is large
def _draws(utterances: int, seed: int) -> np.ndarray:
    """Number of times that each resample (row) draws each utterance (column)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(utterances, np.full(utterances, 1 / utterances), size=RESAMPLES).astype(float)
