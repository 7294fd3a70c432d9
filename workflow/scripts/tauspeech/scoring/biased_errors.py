"""Error rates of listed words (B-WER) and of all other words (U-WER), in percent.

As published with the biasing lists of LibriSpeech (Le et al., "Contextualized Streaming End-to-End Speech Recognition with
Trie-Based Deep Biasing and Shallow Fusion", Interspeech 2021): a substitution or deletion belongs to its word of the
reference, an insertion to its word of the hypothesis. Both rates are of one alignment, that of the publication.

A listed phrase of several words covers its occurrences: "new" is a listed word in "New York", and not in "a new car".
In languages without spaces the rates are of characters (B-CER, U-CER).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tauspeech.data.languages import unspaced
from tauspeech.scoring.alignment import GAP, SUBSTITUTION, aligned
from tauspeech.scoring.normalise import (
    CER_NORMALISATION,
    WER_NORMALISATION,
    for_cer,
    for_wer,
    signature_of,
)
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Tally, percentage


def biased_errors(
    references: Sequence[str],
    hypotheses: Sequence[str],
    lists: Sequence[Sequence[str]],
    language: str,
    rules: ScoringRules = DEFAULT_RULES,
) -> tuple[Tally, Tally]:
    """Tallies of the errors of listed words and of the others; ``lists`` has the words or phrases of each utterance."""
    texts = zip(references, hypotheses, lists, strict=True)
    counts = np.array([_counts(*utterance, language, rules) for utterance in texts]).reshape(-1, 4)
    rate, rule = ("cer", CER_NORMALISATION) if unspaced(language) else ("wer", WER_NORMALISATION)
    signature = f"costs:{GAP}/{SUBSTITUTION}|{signature_of(language, rules, rule)}|listed phrases"
    return (
        Tally(f"b_{rate}", signature, counts[:, :2], percentage),
        Tally(f"u_{rate}", signature, counts[:, 2:], percentage),
    )


def _counts(
    reference: str, hypothesis: str, phrases: Sequence[str], language: str, rules: ScoringRules
) -> tuple[int, int, int, int]:
    """Errors and words of the reference: of listed words, and of the others."""
    truth, found = _tokens(reference, language, rules), _tokens(hypothesis, language, rules)
    listed = _by_first_token(tuple(phrases), language, rules)
    in_truth, in_found = _covered(truth, listed), _covered(found, listed)
    errors = {True: 0, False: 0}
    for i, j in aligned(truth, found) if truth != found else ():
        if j is not None and i is None:
            errors[in_found[j]] += 1
        elif i is not None and (j is None or truth[i] != found[j]):
            errors[in_truth[i]] += 1
    return errors[True], sum(in_truth), errors[False], len(truth) - sum(in_truth)


def _tokens(text: str, language: str, rules: ScoringRules) -> list[str]:
    """Words of a text as WER compares them; its characters in languages without spaces."""
    return list(for_cer(text, language, rules)) if unspaced(language) else for_wer(text, language, rules).split()


@lru_cache(maxsize=64)  # utterances often share a list
def _by_first_token(phrases: tuple[str, ...], language: str, rules: ScoringRules) -> dict[str, list[tuple[str, ...]]]:
    """Tokens of phrases; those that normalisation deletes, as Whisper's does "um", cannot occur in a text."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        if parts := tuple(_tokens(phrase, language, rules)):
            found.setdefault(parts[0], []).append(parts)
    return found


def _covered(text: Sequence[str], listed: dict[str, list[tuple[str, ...]]]) -> list[bool]:
    """True for each token that is a part of a listed phrase."""
    found = [False] * len(text)
    for start, token in enumerate(text):
        for phrase in listed.get(token, ()):
            if tuple(text[start : start + len(phrase)]) == phrase:
                found[start : start + len(phrase)] = [True] * len(phrase)
    return found
