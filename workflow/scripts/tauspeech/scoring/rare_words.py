"""Recall, precision and false alarms of a rare word, in percent.

Per utterance TP = min(occurrences in the reference, in the hypothesis); recall = sum TP / sum in references,
precision = sum TP / sum in hypotheses, false alarms = utterances with the word in the hypothesis but not in the reference /
utterances without the word in the reference.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tauspeech.data.languages import unspaced
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.normalise import chinese_signature, for_cer, for_wer, signature_of
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Proportion, percentage


@dataclass(frozen=True, eq=False)
class WordCounts:
    """Occurrences of one word per utterance."""

    word_id: str
    signature: str
    in_reference: np.ndarray
    in_hypothesis: np.ndarray

    def recall(self) -> Proportion:
        return self._proportion("recall", self._true_positives(), self.in_reference)

    def precision(self) -> Proportion:
        return self._proportion("precision", self._true_positives(), self.in_hypothesis)

    def false_alarms(self) -> Proportion:
        absent = self.in_reference == 0
        return self._proportion("false_alarms", absent & (self.in_hypothesis > 0), absent)

    def _true_positives(self) -> np.ndarray:
        return np.minimum(self.in_reference, self.in_hypothesis)

    def _proportion(self, name: str, successes: np.ndarray, trials: np.ndarray) -> Proportion:
        counts = np.column_stack([successes, trials]).astype(int)
        return Proportion(f"{name}:{self.word_id}", self.signature, counts, percentage)


def word_counts(
    word_id: str,
    forms: tuple[str, ...],
    language: str,
    references: Sequence[str],
    hypotheses: Sequence[str],
    rules: ScoringRules = DEFAULT_RULES,
) -> WordCounts:
    """Count the accepted forms: at word boundaries or, in languages without spaces, anywhere."""
    pattern = _pattern(word_id, forms, language, rules)
    in_reference, in_hypothesis = (
        np.array([len(pattern.findall(matchable(text, language, rules))) for text in texts])
        for texts in (references, hypotheses)
    )
    signature = f"forms:{'/'.join(forms)}{matching_signature(language, rules)}"
    return WordCounts(word_id, signature, in_reference, in_hypothesis)


def _pattern(word_id: str, forms: tuple[str, ...], language: str, rules: ScoringRules) -> re.Pattern[str]:
    found = {matchable(form, language, rules).strip() for form in forms}
    if not found or "" in found:
        raise UserError(
            f"Word {word_id!r}: every form in {language!r} needs a letter or a digit that scoring.normaliser {rules.normaliser!r} "
            f"keeps, got {list(forms)}."
        )
    # Longest first: otherwise "Milan Cathedral" would count twice, as "Milan" and as "Cathedral".
    alternatives = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
    return re.compile(alternatives if unspaced(language) else f"(?<= )(?:{alternatives})(?= )")


@lru_cache(maxsize=2**15)  # each text is searched for every word
def matchable(text: str, language: str, rules: ScoringRules) -> str:
    """Casefolded characters, or words surrounded by single spaces: "Goethe’s" becomes " goethe s "."""
    folded = text.casefold()
    if unspaced(language):
        return for_cer(folded, language, rules)
    return " " + for_wer(folded, language, rules).replace("'", " ") + " "


def matching_signature(language: str, rules: ScoringRules) -> str:
    """The rules by which words are looked for in texts, as a part of a metric's signature; empty for the defaults."""
    if rules.normaliser == "project":
        return chinese_signature(language, rules)
    return f"|{signature_of(language, rules, '')}"
