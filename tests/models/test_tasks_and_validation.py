"""Speech tasks, and the validation score by which checkpoints and candidates are chosen."""

import pytest

from tauspeech.models.tasks import SpeechTask, tasks_by_set
from tauspeech.models.validation import validation_score


def test_the_text_of_a_transcript_is_in_the_spoken_language():
    assert SpeechTask("transcribe", "zh", "en").text_language == "zh"
    assert SpeechTask("translate", "zh", "en").text_language == "en"


def test_tasks_are_read_from_the_settings_of_a_specification():
    task = {"kind": "translate", "source": "zh", "target": "en"}
    assert tasks_by_set({"a": [task], "b": []}) == {"a": [SpeechTask("translate", "zh", "en")], "b": []}


def test_validation_scores_grow_with_quality():
    truth = ["We visited the Berlin Wall yesterday.", "Raphael is famous all over the world."]
    assert validation_score("translate", "en", truth, [text.upper() for text in truth]) == pytest.approx(100)
    assert validation_score("transcribe", "zh", ["柏林墙，很高。"], ["柏林墙很低"]) == pytest.approx(80)
    assert validation_score("transcribe", "en", ["one two three four"], ["one two three"]) == pytest.approx(75)
