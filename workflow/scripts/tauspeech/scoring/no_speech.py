"""What a model writes where nobody speaks: metrics of a set without speech, whose references are empty.

false_alarms: share of utterances with any of some words; any_text: share with any letter or digit; and the mean number of
words a minute (characters, in languages without spaces). Error rates are undefined there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tauspeech.data.languages import unspaced
from tauspeech.scoring.normalise import characters, words
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Proportion, Tally, percentage
from tauspeech.scoring.word_metrics import unit_per_minute


def tallies(utterances: pd.DataFrame, settings: Mapping[str, Any], rules: ScoringRules) -> list[Tally]:
    """Metrics of the hypotheses of one set; ``settings`` has the seconds of an utterance and the words with their forms."""
    language = utterances["language"].iloc[0]
    forms = [tuple(found[language]) for found in settings["words"].values() if language in found]
    return no_speech_tallies(utterances["hypothesis"].tolist(), settings["seconds"], forms, language, rules)


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
    milliseconds = np.full(len(hypotheses), round(1000 * seconds))
    unit = "characters" if unspaced(language) else "words"
    alarms = [_share("false_alarms", np.sum(counts, axis=0) > 0)] if counts else []
    return [
        _share("any_text", written > 0),
        *alarms,
        Tally(unit_per_minute(language), unit, np.column_stack([written, milliseconds]), per_minute),
    ]


def per_minute(sums: np.ndarray) -> np.ndarray:
    """Units a minute from their number and milliseconds."""
    return 60_000 * sums[:, 0] / sums[:, 1]


def _length(text: str, language: str) -> int:
    return len(characters(text)) if unspaced(language) else len(words(text).split())


def _share(name: str, found: np.ndarray) -> Tally:
    counts = np.column_stack([found, np.ones(len(found))]).astype(int)
    return Proportion(name, "utterances", counts, percentage)
