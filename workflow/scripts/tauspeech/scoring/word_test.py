"""Metrics of a test of words: WER or CER of all words, of the listed ones and of the others, and keyword scores.

Errors are split by the words that published scores count; recall, precision and F1 are about whole lists, with distractors.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tauspeech.data.word_lists.sources import words_by_name
from tauspeech.scoring.biased_errors import biased_errors
from tauspeech.scoring.keywords import keyword_tallies
from tauspeech.scoring.metrics import headline
from tauspeech.scoring.rules import ScoringRules
from tauspeech.scoring.tally import Tally


def tallies(utterances: pd.DataFrame, settings: Mapping[str, Any], rules: ScoringRules) -> list[Tally]:
    """Metrics of the hypotheses of one set; ``settings`` has the source of the lists."""
    known = words_by_name(settings["source"], settings["lists"])
    words = [known[id] for id in utterances["id"]]
    task, language = utterances[["task", "language"]].iloc[0]
    texts = utterances["reference"].tolist(), utterances["hypothesis"].tolist()
    listed, counted = ([getattr(each, part) for each in words] for part in ("listed", "counted"))
    return [
        headline(task, language, *texts, rules),
        *biased_errors(*texts, counted, language, rules),
        *keyword_tallies(*texts, listed, language, rules),
    ]
