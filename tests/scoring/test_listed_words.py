"""Words of a list: pooled over all sets, against counts by hand."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.listed_words import false_alarms, pooled_counts

WORDS = {"a": ("Avignon",), "b": ("Berlin Wall", "The Wall")}
WRITTEN = st.lists(st.sampled_from(["Avignon", "avignon", "Berlin Wall", "x", "Avignons"]), max_size=5).map(" ".join)


def test_recall_precision_and_f1_pool_the_words():
    references = ["Avignon is here.", "The Berlin Wall", "The wall, and avignon"]
    hypotheses = ["Avignon, Avignon!", "a berlin wall near Avignon", "a call"]
    counts = pooled_counts(WORDS, "en", references, hypotheses)
    assert counts == (
        2,
        4,
        4,
    )  # Avignon and the wall are right; two of Avignon are not, and the last sentence lacks both
    assert (counts.recall, counts.precision, counts.f1) == (50, 50, 50)


def test_a_word_in_the_set_of_another_one_counts_against_precision():
    assert pooled_counts(WORDS, "en", ["Avignon"], ["Avignon Berlin Wall"]).precision == 50


def test_without_any_word_the_measures_have_no_value():
    assert all(
        math.isnan(value) for value in (pooled_counts(WORDS, "en", ["x"], ["y"]).f1, false_alarms(WORDS, "en", [], []))
    )


def test_a_sentence_is_one_false_alarm_whatever_its_words():
    references = ["x", "x", "Avignon", "Avignon"]
    hypotheses = ["Avignon Berlin Wall", "y", "Avignon", "the wall"]
    assert false_alarms(WORDS, "en", references, hypotheses) == 50


@given(st.lists(st.tuples(WRITTEN, WRITTEN), min_size=1, max_size=5))
def test_f1_is_the_harmonic_mean(pairs):
    counts = pooled_counts(WORDS, "en", *zip(*pairs, strict=True))
    if counts.right:
        assert math.isclose(counts.f1, 2 / (1 / counts.recall + 1 / counts.precision))
    assert 0 <= counts.right <= min(counts.in_references, counts.in_hypotheses)
