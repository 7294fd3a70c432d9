"""What a model writes where nobody speaks: metrics of a set without speech, whose references are empty.

false_alarms: share of utterances with any of some words; any_text: share with any letter or digit; and the mean number of
words a minute (characters, in languages without spaces). Error rates are undefined there.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from tauspeech.data.languages import unspaced
from tauspeech.scoring.normalise import characters, words
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Proportion, Tally, percentage


def no_speech_tallies(
    hypotheses: Sequence[str],
    seconds: float,
    forms: Iterable[tuple[str, ...]],
    language: str,
    rules: ScoringRules = DEFAULT_RULES,
) -> list[Tally]:
    """Metrics of hypotheses of utterances that last ``seconds`` each; ``forms`` are those of each word."""
    nothing = [""] * len(hypotheses)
    counts = [word_counts("/".join(each), each, language, nothing, hypotheses, rules).in_hypothesis for each in forms]
    written = np.array([_length(text, language) for text in hypotheses])
    tallies = [_share("any_text", written > 0)]
    if counts:
        tallies.append(_share("false_alarms", np.sum(counts, axis=0) > 0))
    milliseconds = np.full(len(hypotheses), round(1000 * seconds))
    unit = "characters" if unspaced(language) else "words"
    tallies.append(Tally(f"{unit}_per_minute", unit, np.column_stack([written, milliseconds]), per_minute))
    return tallies


def per_minute(sums: np.ndarray) -> np.ndarray:
    """Units a minute from their number and milliseconds."""
    return 60_000 * sums[:, 0] / sums[:, 1]


def _length(text: str, language: str) -> int:
    return len(characters(text)) if unspaced(language) else len(words(text).split())


def _share(name: str, found: np.ndarray) -> Tally:
    counts = np.column_stack([found, np.ones(len(found))]).astype(int)
    return Proportion(name, "utterances", counts, percentage)
