"""Recall, precision and F1 of the words of lists, in percent, pooled over all words and utterances (micro averages).

Each word or phrase of an utterance's list is counted as ``rare_words`` counts a single one, and spellings that normalise to
the same once. Per utterance TP = min(occurrences in the reference, in the hypothesis); F1 = 2 sum TP / (sum in references + sum in hypotheses).
"""

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np

from tauspeech.scoring.rare_words import WordCounts, matchable, matching_signature, word_counts
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Proportion, Tally, percentage


def keyword_tallies(
    references: Sequence[str],
    hypotheses: Sequence[str],
    lists: Sequence[Sequence[str]],
    language: str,
    rules: ScoringRules = DEFAULT_RULES,
) -> tuple[Tally, Tally, Tally]:
    """Recall, precision and F1; ``lists`` has the words or phrases of each utterance."""
    counts = _counts(references, hypotheses, lists, language, rules)
    return _tallies(counts, f"listed phrases{matching_signature(language, rules)}")


def word_tallies(
    references: Sequence[str],
    hypotheses: Sequence[str],
    words: Mapping[str, tuple[str, ...]],
    language: str,
    rules: ScoringRules = DEFAULT_RULES,
) -> tuple[Tally, Tally, Tally]:
    """The same of words with their forms, each of which is looked for in all utterances."""
    found = _of_words(references, hypotheses, words, language, rules)
    sides = [np.sum([getattr(each, side) for each in found], axis=0) for side in ("in_reference", "in_hypothesis")]
    hits = np.sum([np.minimum(each.in_reference, each.in_hypothesis) for each in found], axis=0)
    return _tallies(np.column_stack([hits, *sides]), f"words{matching_signature(language, rules)}")


def false_alarms(
    references: Sequence[str],
    hypotheses: Sequence[str],
    words: Mapping[str, tuple[str, ...]],
    language: str,
    rules: ScoringRules = DEFAULT_RULES,
) -> Tally:
    """Share of utterances with a word in the hypothesis that the reference lacks."""
    found = _of_words(references, hypotheses, words, language, rules)
    wrong = np.any([(each.in_reference == 0) & (each.in_hypothesis > 0) for each in found], axis=0)
    counts = np.column_stack([wrong, np.ones(len(wrong))]).astype(int)
    return Proportion("false_alarms", f"words{matching_signature(language, rules)}", counts, percentage)


def _of_words(
    references: Sequence[str],
    hypotheses: Sequence[str],
    words: Mapping[str, tuple[str, ...]],
    language: str,
    rules: ScoringRules,
) -> list[WordCounts]:
    return [word_counts(id, forms, language, references, hypotheses, rules) for id, forms in words.items()]


def _tallies(counts: np.ndarray, signature: str) -> tuple[Tally, Tally, Tally]:
    return (
        Proportion("keyword_recall", signature, counts[:, [0, 1]], percentage),
        Proportion("keyword_precision", signature, counts[:, [0, 2]], percentage),
        Tally("keyword_f1", signature, counts, f1),
    )


def f1(sums: np.ndarray) -> np.ndarray:
    """F1 from true positives and occurrences in references and in hypotheses; NaN where there are no occurrences."""
    occurrences = sums[:, 1] + sums[:, 2]
    return np.divide(200 * sums[:, 0], occurrences, out=np.full(len(sums), nan), where=occurrences > 0)


def _counts(
    references: Sequence[str],
    hypotheses: Sequence[str],
    lists: Sequence[Sequence[str]],
    language: str,
    rules: ScoringRules,
) -> np.ndarray:
    """True positives, occurrences in the reference and in the hypothesis, for each utterance."""
    counts = np.zeros((len(references), 3), int)
    for phrase, numbers in _candidates(references, hypotheses, lists, language, rules).items():
        truth, written = ([side[number] for number in numbers] for side in (references, hypotheses))
        found = word_counts(phrase, (phrase,), language, truth, written, rules)
        hits = np.minimum(found.in_reference, found.in_hypothesis)
        counts[numbers] += np.column_stack([hits, found.in_reference, found.in_hypothesis])
    return counts


def _candidates(
    references: Sequence[str],
    hypotheses: Sequence[str],
    lists: Sequence[Sequence[str]],
    language: str,
    rules: ScoringRules,
) -> dict[str, list[int]]:
    """Utterances in which each phrase may occur, by a quick look: published lists have 2,000 words for each utterance.

    Phrases that normalisation deletes cannot occur.
    """

    forms = {
        phrase: matchable(phrase, language, rules) for phrase in {phrase for phrases in lists for phrase in phrases}
    }
    spelling = {form: phrase for phrase, form in sorted(forms.items())}
    compact = {form: form.replace(" ", "") for form in spelling}
    found: dict[str, list[int]] = {}
    for number, phrases in enumerate(lists):
        texts = [matchable(side[number], language, rules).replace(" ", "") for side in (references, hypotheses)]
        for form in dict.fromkeys(forms[phrase] for phrase in phrases):
            if compact[form] and any(compact[form] in text for text in texts):
                found.setdefault(spelling[form], []).append(number)
    return found
