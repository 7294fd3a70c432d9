"""Recall, precision and F1 of a list of words over all their sets, and false alarms elsewhere, in percent."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import NamedTuple

import numpy as np

from tauspeech.scoring.rare_words import WordCounts, word_counts
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules

Forms = Mapping[str, tuple[str, ...]]  # of each word, in one language


class PooledCounts(NamedTuple):
    """Occurrences of all words: right ones, in references and in hypotheses."""

    right: int
    in_references: int
    in_hypotheses: int

    @property
    def recall(self) -> float:
        return _percent(self.right, self.in_references)

    @property
    def precision(self) -> float:
        return _percent(self.right, self.in_hypotheses)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two, as ``2 right / (in references + in hypotheses)``."""
        return _percent(2 * self.right, self.in_references + self.in_hypotheses)


def pooled_counts(
    words: Forms,
    language: str,
    references: Sequence[str],
    hypotheses: Sequence[str],
    rules: ScoringRules = DEFAULT_RULES,
) -> PooledCounts:
    """Counts of every word in all utterances, so that a word in the set of another one counts against precision."""
    counts = _counts(words, language, references, hypotheses, rules)
    return PooledCounts(
        sum(int(np.minimum(each.in_reference, each.in_hypothesis).sum()) for each in counts),
        sum(int(each.in_reference.sum()) for each in counts),
        sum(int(each.in_hypothesis.sum()) for each in counts),
    )


def false_alarms(
    words: Forms,
    language: str,
    references: Sequence[str],
    hypotheses: Sequence[str],
    rules: ScoringRules = DEFAULT_RULES,
) -> float:
    """Share of utterances with a word in the hypothesis that the reference lacks."""
    alarms = np.zeros(len(references), dtype=bool)
    for each in _counts(words, language, references, hypotheses, rules):
        alarms |= (each.in_reference == 0) & (each.in_hypothesis > 0)
    return _percent(int(alarms.sum()), len(alarms))


def _counts(
    words: Forms, language: str, references: Sequence[str], hypotheses: Sequence[str], rules: ScoringRules
) -> list[WordCounts]:
    return [word_counts(id, forms, language, references, hypotheses, rules) for id, forms in words.items()]


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else nan
