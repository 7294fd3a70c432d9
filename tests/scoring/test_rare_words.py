import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rare_words import word_counts


def count(forms, language, references, hypotheses):
    return word_counts("w1", forms, language, references, hypotheses)


def occurrences(forms, language, text):
    return count(forms, language, [text], [""]).in_reference[0]


def test_another_form_in_the_hypothesis_counts():
    counts = count(
        ("Milan Cathedral", "Duomo di Milano"), "en", ["We saw Milan Cathedral."], ["we saw duomo di MILANO"]
    )
    assert counts.recall().value() == counts.precision().value() == 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Rhine Valley is not the Rhine.", 2),
        ("Rhine Valley", 1),
        ("rhine rhine", 2),
        ("Rhinestone, Transrhine", 0),
        ("the Rhine’s banks, Rhine-side", 2),
        ("ＲＨＩＮＥ", 1),
    ],
)
def test_overlapping_forms_count_once_at_word_boundaries(text, expected):
    assert occurrences(("Rhine", "Rhine Valley"), "en", text) == expected


def test_the_longest_form_wins():
    assert occurrences(("Milan", "Cathedral", "Milan Cathedral"), "en", "the Milan Cathedral") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("我去了柏林墙。", 1), ("柏林 墙和柏林围墙", 2), ("柏林墙公园有柏林墙", 2), ("柏林", 0)],
)
def test_forms_are_found_anywhere_in_languages_without_spaces(text, expected):
    assert occurrences(("柏林墙", "柏林围墙", "柏林墙公园"), "zh", text) == expected


def test_matching_folds_case_beyond_lower():
    assert occurrences(("Schloss Weiß",), "de", "SCHLOSS WEISS") == 1


def test_vowel_signs_do_not_end_a_word():
    assert occurrences(("नमस",), "hi", "नमस्ते") == 0


def test_rates_counted_by_hand():
    references = ["Goethe met Goethe", "Goethe", "nobody", "no one", "none"]
    hypotheses = ["Goethe", "Goethe Goethe", "Goethe", "", "Schiller"]
    counts = count(("Goethe",), "en", references, hypotheses)
    recall, precision, false_alarms = (
        rate.metric(seed=0) for rate in (counts.recall(), counts.precision(), counts.false_alarms())
    )
    assert (recall.name, recall.value, recall.n) == ("recall:w1", pytest.approx(100 * 2 / 3), 3)
    assert (precision.value, precision.n) == (50, 4)
    assert (false_alarms.value, false_alarms.n) == (pytest.approx(100 / 3), 3)


def test_rates_without_any_trial_are_undefined():
    missed = count(("Goethe",), "en", ["Goethe"], [""])
    assert missed.recall().metric(0).value == 0
    assert missed.precision().metric(0).value is None
    assert missed.false_alarms().metric(0).value is None
    assert count(("Goethe",), "en", ["nobody"], ["nobody"]).recall().metric(0).value is None


@pytest.mark.parametrize("forms", [(), ("Goethe", "?!")])
def test_forms_that_match_everything_are_refused(forms):
    with pytest.raises(UserError, match=r"Word 'w1'.*'en'"):
        count(forms, "en", ["a"], ["a"])
