"""What is written where nobody speaks."""

import pytest

from tauspeech.scoring.no_speech import no_speech_tallies

FORMS = [("Goethe",), ("Berlin Wall", "Wall")]


def metrics(hypotheses, seconds=10, forms=FORMS, language="en"):
    return {tally.name: tally.metric(1) for tally in no_speech_tallies(hypotheses, seconds, forms, language)}


def test_rates_counted_by_hand():
    found = metrics(["", " ... ", "thank you", "the wall of Goethe", "Walls"])
    assert {name: metric.value for name, metric in found.items()} == {
        "any_text": 60,
        "false_alarms": 20,
        "words_per_minute": pytest.approx(7 / (50 / 60)),
    }
    assert all(metric.n == 5 and metric.low <= metric.value <= metric.high for metric in found.values())


def test_a_model_that_writes_nothing_has_no_false_alarm():
    assert {metric.value for metric in metrics(["", ""]).values()} == {0}


def test_characters_are_counted_in_languages_without_spaces():
    found = metrics(["谢谢 观看。"], seconds=30, forms=[("观看",)], language="zh")
    assert (found["characters_per_minute"].value, found["false_alarms"].value) == (8, 100)


def test_without_words_there_are_no_false_alarms():
    assert set(metrics(["a"], forms=[])) == {"any_text", "words_per_minute"}
