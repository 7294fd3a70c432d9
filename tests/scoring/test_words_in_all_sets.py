"""Words with their forms, pooled over all sets, against counts by hand."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.keywords import false_alarms, word_tallies

WORDS = {"a": ("Avignon",), "b": ("Berlin Wall", "The Wall")}
WRITTEN = st.lists(st.sampled_from(["Avignon", "avignon", "Berlin Wall", "x", "Avignons"]), max_size=5).map(" ".join)


def values(references, hypotheses):
    """Recall, precision and F1."""
    return [tally.value() for tally in word_tallies(references, hypotheses, WORDS, "en")]


def test_recall_precision_and_f1_pool_the_words():
    references = ["Avignon is here.", "The Berlin Wall", "The wall, and avignon"]
    hypotheses = ["Avignon, Avignon!", "a berlin wall near Avignon", "a call"]
    # Avignon and the wall are right; two of Avignon are not, and the last sentence lacks both.
    counts = word_tallies(references, hypotheses, WORDS, "en")[2].counts
    assert counts.sum(axis=0).tolist() == [2, 4, 4]
    assert values(references, hypotheses) == [50, 50, 50]


def test_a_word_in_the_set_of_another_one_counts_against_precision():
    assert values(["Avignon"], ["Avignon Berlin Wall"])[1] == 50


def test_without_any_word_the_measures_have_no_value():
    assert all(map(math.isnan, values(["x"], ["y"])))
    assert false_alarms(["x"], ["y"], WORDS, "en").value() == 0


def test_a_sentence_is_one_false_alarm_whatever_its_words():
    references = ["x", "x", "Avignon", "Avignon"]
    hypotheses = ["Avignon Berlin Wall", "y", "Avignon", "the wall"]
    assert false_alarms(references, hypotheses, WORDS, "en").value() == 50


@given(st.lists(st.tuples(WRITTEN, WRITTEN), min_size=1, max_size=5))
def test_f1_is_the_harmonic_mean(pairs):
    recall, precision, f1 = values(*zip(*pairs, strict=True))
    if recall and precision and not math.isnan(recall + precision):
        assert math.isclose(f1, 2 / (1 / recall + 1 / precision))
