"""B-WER and U-WER. The publication has no examples of single utterances, only totals of whole sets, which need LibriSpeech."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.biased_errors import biased_errors
from tauspeech.scoring.metrics import cer, wer
from tauspeech.scoring.rules import ScoringRules

WORDS = st.lists(st.sampled_from("abcd"), max_size=6)
LISTED = st.sets(st.sampled_from("abcd"), max_size=3)


def counts(reference, hypothesis, *phrases, language="en"):
    """Errors and words of the reference: of listed words, and of the others."""
    biased, others = biased_errors([reference], [hypothesis], [phrases], language)
    return [*biased.counts[0].tolist(), *others.counts[0].tolist()]


def outcomes(reference, hypothesis, listed):
    """Errors of listed and of other words in each alignment of the least edit distance, by trying all."""

    @cache
    def ways(i, j):
        if i == j == 0:
            return frozenset({(0, 0)})
        steps = []
        if i and j:
            steps.append((i - 1, j - 1, None if reference[i - 1] == hypothesis[j - 1] else reference[i - 1]))
        if i:
            steps.append((i - 1, j, reference[i - 1]))
        if j:
            steps.append((i, j - 1, hypothesis[j - 1]))
        found = {
            (b + (word is not None and word in listed), u + (word is not None and word not in listed))
            for k, m, word in steps
            for b, u in ways(k, m)
        }
        least = min(map(sum, found))
        return frozenset(way for way in found if sum(way) == least)

    return ways(len(reference), len(hypothesis))


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [
        ("turner saw the mitre", [0, 2, 0, 2]),
        ("turner saw the miter", [1, 2, 0, 2]),  # substitution of a listed word
        ("turner saw a mitre", [0, 2, 1, 2]),  # ... and of another one
        ("saw the mitre", [1, 2, 0, 2]),  # deletion
        ("turner the mitre", [0, 2, 1, 2]),
        ("turner turner saw the mitre", [1, 2, 0, 2]),  # insertion
        ("turner saw the the mitre", [0, 2, 1, 2]),
        ("turner saw turner mitre", [0, 2, 1, 2]),  # a listed word in the place of another one
        ("", [2, 2, 2, 2]),
    ],
)
def test_an_error_belongs_to_its_word(hypothesis, expected):
    assert counts("Turner saw the mitre.", hypothesis, "mitre", "Turner") == expected


def test_a_phrase_covers_its_occurrences_alone():
    assert counts("new york is new", "york is a new", "New York") == [1, 2, 1, 2]
    assert counts("is old", "is new york old", "New York") == [2, 0, 0, 2]


def test_lists_are_those_of_each_utterance():
    biased, others = biased_errors(["one two", "one two"], ["one", "one"], [["two"], ["one"]], "en")
    assert biased.counts.tolist() == [[1, 1], [0, 1]]
    assert others.counts.tolist() == [[0, 1], [1, 1]]
    assert (biased.value(), others.value()) == (50, 50)


def test_languages_without_spaces_have_rates_of_characters():
    biased, others = biased_errors(["我去了柏林墙"], ["我去柏林强"], [["柏林墙"]], "zh")
    assert (biased.name, others.name) == ("b_cer", "u_cer")
    assert (biased.counts.tolist(), others.counts.tolist()) == ([[1, 3]], [[1, 3]])
    assert sum(biased.counts[0] + others.counts[0]) == cer(["我去了柏林墙"], ["我去柏林强"], "zh").counts.sum()


def test_lists_and_texts_are_normalised_alike():
    rules = ScoringRules(normaliser="whisper")
    biased, _ = biased_errors(["the colour"], ["the color"], [["Colour"]], "en", rules)
    assert biased.counts.tolist() == [[0, 1]]


def test_sets_without_a_listed_word_have_no_rate_of_them():
    biased, others = biased_errors(["one"], ["one"], [[]], "en")
    assert biased.metric(1).value is None
    assert others.metric(1).value == 0


def test_a_phrase_that_normalisation_deletes_lists_nothing():
    assert counts("one", "two", "?") == counts("one", "two")
    whisper = ScoringRules(normaliser="whisper")
    biased, others = biased_errors(["um one"], ["two"], [["um", "one"]], "en", whisper)
    assert (biased.value(), others.counts.tolist()) == (100, [[0, 0]])


@given(WORDS, WORDS, LISTED)
def test_errors_are_those_of_an_alignment_of_the_least_edit_distance(reference, hypothesis, listed):
    b, words_b, u, words_u = counts(" ".join(reference), " ".join(hypothesis), *listed)
    found = outcomes(tuple(reference), tuple(hypothesis), frozenset(listed))
    assert (b, u) in found  # the only one, where the alignments agree
    assert (words_b, words_u) == (sum(word in listed for word in reference), sum(w not in listed for w in reference))


@given(st.lists(st.tuples(WORDS, WORDS, LISTED), min_size=1, max_size=5))
def test_both_rates_have_the_errors_and_words_of_wer(utterances):
    references, hypotheses = ([" ".join(words) for words in side] for side in list(zip(*utterances, strict=True))[:2])
    biased, others = biased_errors(references, hypotheses, [sorted(listed) for *_, listed in utterances], "en")
    assert np.array_equal(biased.counts + others.counts, wer(references, hypotheses, "en").counts)


@given(st.lists(WORDS, min_size=1, max_size=5), LISTED)
def test_identical_texts_have_no_errors(texts, listed):
    joined = [" ".join(words) for words in texts]
    for tally in biased_errors(joined, joined, [sorted(listed)] * len(joined), "en"):
        assert not tally.counts[:, 0].any()
