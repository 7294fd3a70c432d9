"""B-WER and U-WER, with four utterances of the publication's example files.

The files are ref/test-other.biasing_100.tsv and hyp/test-other.b1.rnnt_baseline.tsv of the repository facebookresearch/fbai-speech,
folder is21_deep_bias; the counts are those of the rule in its score.py.
"""

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


PUBLISHED = {
    "8131-117017-0013": (
        "there must have been over two thousand credits in the wallet",
        "there must have been over two thousand credits in the wallet",
        ("credits", "wallet"),
        [0, 2, 0, 9],
    ),
    "3764-168670-0020": (
        "asked jean valjean fauchelevent replied",
        "tasked jean valjean fauchelevent replied",
        ("fauchelevent",),
        [0, 1, 1, 4],
    ),
    "6432-63722-0019": (
        "i happened to see those candlesticks in the window of singa phut's shop the other day and i made up my mind to buy them "
        "when i had a chance",
        "i happen to see those candlesticks in the window of singlefoot shop the other day and i made up my mind to buy them "
        "when i had a chance",
        ("candlesticks", "phut's", "singa"),
        [2, 3, 1, 27],
    ),
    "8280-266249-0051": (
        "they bent eagerly over the board each watching with feverish anxiety his companion's movements each casting now and "
        "again a gloating eye upon the heap of gold and greenbacks that lay between them and at times half stretching out his "
        "hand to clutch it",
        "they've been eagerly over the board each watching with feverish anxiety his companion's movements each casting now and "
        "again a gloating eye upon the heap of gold and green backs that lay between them and at times half stretching out his "
        "hand to clutch it",
        ("clutch", "companion's", "feverish", "gloating", "greenbacks", "stretching"),
        [1, 6, 3, 38],
    ),
}


@pytest.mark.parametrize(("reference", "hypothesis", "listed", "expected"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_utterances_have_the_counts_of_the_published_rule(reference, hypothesis, listed, expected):
    assert counts(reference, hypothesis, *listed) == expected


@pytest.mark.parametrize(
    ("reference", "hypothesis", "listed", "expected"),
    [
        ("a b", "b a", "a", [2, 1, 0, 1]),  # of equal paths, the one with the insertion behind
        ("a b c d e", "d e f a b", "ab", [4, 2, 2, 3]),
        ("c c c c d d", "d d a b b", "ab", [3, 0, 4, 6]),  # one error more than the least number
    ],
)
def test_costs_and_the_order_of_equal_paths_are_the_published_ones(reference, hypothesis, listed, expected):
    assert counts(reference, hypothesis, *listed) == expected


def outcomes(reference, hypothesis, listed):
    """Errors of listed and of other words in each alignment of the least cost, by trying all; an error costs 3, a substitution 4."""

    @cache
    def ways(i, j):
        if i == j == 0:
            return frozenset({(0, 0, 0)})
        steps = []
        if i and j:
            same = reference[i - 1] == hypothesis[j - 1]
            steps.append((i - 1, j - 1, None if same else reference[i - 1], 0 if same else 4))
        if i:
            steps.append((i - 1, j, reference[i - 1], 3))
        if j:
            steps.append((i, j - 1, hypothesis[j - 1], 3))
        found = {
            (cost + more, b + (word is not None and word in listed), u + (word is not None and word not in listed))
            for k, m, word, more in steps
            for cost, b, u in ways(k, m)
        }
        least = min(cost for cost, *_ in found)
        return frozenset(way for way in found if way[0] == least)

    return {(b, u) for _, b, u in ways(len(reference), len(hypothesis))}


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
def test_errors_are_those_of_an_alignment_of_the_least_cost(reference, hypothesis, listed):
    b, words_b, u, words_u = counts(" ".join(reference), " ".join(hypothesis), *listed)
    found = outcomes(tuple(reference), tuple(hypothesis), frozenset(listed))
    assert (b, u) in found  # the only one, where the alignments agree
    assert (words_b, words_u) == (sum(word in listed for word in reference), sum(w not in listed for w in reference))


@given(st.lists(st.tuples(WORDS, WORDS, LISTED), min_size=1, max_size=5))
def test_both_rates_have_the_words_of_wer_and_at_least_its_errors(utterances):
    references, hypotheses = ([" ".join(words) for words in side] for side in list(zip(*utterances, strict=True))[:2])
    biased, others = biased_errors(references, hypotheses, [sorted(listed) for *_, listed in utterances], "en")
    both, whole = biased.counts + others.counts, wer(references, hypotheses, "en").counts
    assert np.array_equal(both[:, 1], whole[:, 1]) and (both[:, 0] >= whole[:, 0]).all()


@given(st.lists(WORDS, min_size=1, max_size=5), LISTED)
def test_identical_texts_have_no_errors(texts, listed):
    joined = [" ".join(words) for words in texts]
    for tally in biased_errors(joined, joined, [sorted(listed)] * len(joined), "en"):
        assert not tally.counts[:, 0].any()
