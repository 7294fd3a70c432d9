import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.keywords import keyword_tallies
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import ScoringRules

TEXTS = st.lists(st.sampled_from(["berlin", "wall", "goethe's", "goethe", "a"]), max_size=6).map(" ".join)
PHRASES = ("Berlin", "Berlin Wall", "Goethe", "wall")


def values(*arguments, language="en"):
    return [tally.value() for tally in keyword_tallies(*arguments, language)]


def test_rates_counted_by_hand():
    references = ["Goethe met Schiller", "nobody came", "the Berlin Wall"]
    hypotheses = ["Goethe met Goethe", "Schiller came", "the berlin wall"]
    lists = [["Goethe", "Schiller"], ["Schiller"], ["Berlin Wall", "Goethe"]]
    # Goethe is once in the references and twice in the hypotheses; Schiller once in each, in different utterances; the wall once in each.
    recall, precision, f1 = values(references, hypotheses, lists)
    assert (recall, precision) == (pytest.approx(100 * 2 / 3), 50)
    assert f1 == pytest.approx(2 * recall * precision / (recall + precision))


def test_only_the_words_of_an_utterances_list_count():
    assert values(["Goethe"], ["Goethe Schiller"], [["Goethe"]]) == [100, 100, 100]
    assert np.isnan(values(["Goethe"], ["Goethe"], [[]])).all()


def test_a_word_that_is_listed_twice_counts_once():
    recall, *_ = keyword_tallies(["Goethe"], ["Goethe"], [["Goethe", "Goethe"]], "en")
    assert recall.counts.tolist() == [[1, 1]]


def test_languages_without_spaces():
    assert values(["我去了柏林墙"], ["我去柏林 墙和柏林"], [["柏林墙", "柏林"]], language="zh") == pytest.approx(
        [100, 200 / 3, 80]
    )


def test_f1_has_an_interval_around_it():
    *_, f1 = keyword_tallies(["Goethe"] * 9 + ["no"], ["Goethe"] * 5 + [""] * 4 + ["Goethe"], [["Goethe"]] * 10, "en")
    found = f1.metric(1)
    assert found.value == pytest.approx(200 * 5 / 15)
    assert 0 < found.low < found.value < found.high <= 100


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.sets(st.sampled_from(PHRASES)))
def test_counts_are_the_sums_of_single_words(texts, phrases):
    references, hypotheses = zip(*texts, strict=True)
    *_, f1 = keyword_tallies(references, hypotheses, [sorted(phrases)] * len(texts), "en")
    single = [word_counts(phrase, (phrase,), "en", references, hypotheses) for phrase in sorted(phrases)]
    hits = sum((np.minimum(each.in_reference, each.in_hypothesis) for each in single), np.zeros(len(texts), int))
    assert f1.counts[:, 0].tolist() == hits.tolist()
    for column, side in ((1, "in_reference"), (2, "in_hypothesis")):
        assert f1.counts[:, column].sum() == sum(getattr(each, side).sum() for each in single)


def test_words_are_looked_for_in_texts_as_the_error_rates_compare_them():
    rules = ScoringRules(normaliser="whisper")
    tallies = keyword_tallies(["the colour"], ["the color"], [["Colour"]], "en", rules)
    assert [tally.value() for tally in tallies] == [100, 100, 100]
    assert all("Whisper's English normaliser" in tally.signature for tally in tallies)
    assert values(["the colour"], ["the color"], [["Colour"]])[0] == 0


def test_spellings_that_normalise_to_the_same_count_once():
    recall, precision, _ = keyword_tallies(["Goethe's Paris"], ["goethe's"], [["GOETHE’S", "goethe's", "Paris"]], "en")
    assert (recall.counts.tolist(), precision.counts.tolist()) == ([[1, 2]], [[1, 1]])


def test_a_phrase_that_normalisation_deletes_occurs_nowhere():
    assert values(["100 % Goethe"], ["% Goethe"], [["%", "Goethe"]]) == [100, 100, 100]
    um = keyword_tallies(["um yes"], ["um yes"], [["um", "yes"]], "en", ScoringRules(normaliser="whisper"))
    assert [tally.counts[0].tolist() for tally in um] == [[1, 1], [1, 1], [1, 1, 1]]
