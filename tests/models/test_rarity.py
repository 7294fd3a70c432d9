"""The check of a word by a base model: pairs of sentences, recall, control and round trip."""

import pytest

from tauspeech.models.rarity import CarrierSentences, WordChecker
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rules import ScoringRules

FORMS = {"zh": ["柏林墙"], "en": ["Berlin Wall"]}
SENTENCES = [("我们去了{}", "We went to {}."), ("他看到{}了", "He saw {}.")]
WORDS = {"carrier": ("柏林墙", "the Berlin Wall"), "control": ("故宫", "Cambridge")}


def row(kind, number):
    return {"utterance": f"a-{kind}-{number:05d}", "split": kind, "seconds": 3.0}


def sentences(*kinds, seconds):
    """Pairs of rows, of which each has a text in both languages; the last one lasts some seconds."""
    rows = []
    for kind in kinds:
        for number, (zh, en) in enumerate(SENTENCES):
            rows.append(row(kind, number) | {"zh": zh.format(WORDS[kind][0]), "en": en.format(WORDS[kind][1])})
    rows[-1]["seconds"] = seconds
    return CarrierSentences.of_set(rows)


class ScriptedDecoder:
    """Decoder that writes what a function gives for a row and a task."""

    def __init__(self, write):
        self.write, self.decoded = write, []

    def fits_window(self, row):
        return row["seconds"] < 6

    def decode_tasks(self, rows, tasks):
        self.decoded += [task.kind for task in tasks]
        return [[self.write(row, task) for row in rows] for task in tasks]


def check(write, *kinds, kind="translate", errors=0.5, seconds=3.0, **rules):
    decoder = ScriptedDecoder(write)
    checker = WordChecker(decoder, SpeechTask(kind, "zh", "en"), FORMS, ScoringRules(**rules))
    return checker.check("berlin-wall", sentences(*kinds, seconds=seconds), errors), decoder.decoded


def without_the_word(row, task):
    return row[task.text_language].replace("柏林墙", "白林强").replace("the Berlin Wall", "Beijing")


def test_a_carrier_goes_with_its_own_control():
    rows = [row("carrier", number) for number in (1, 2, 4)] + [row("control", number) for number in (4, 3, 2)]
    found = CarrierSentences.of_set(rows)
    assert found.carriers == [row("carrier", 2), row("carrier", 4)]
    assert found.controls == [row("control", 2), row("control", 4)]


def test_the_users_own_carriers_have_no_controls():
    found = CarrierSentences.of_set([row("carrier", 1), row("carrier", 2)])
    assert (len(found.carriers), found.controls) == (2, [])


def test_carriers_of_which_none_has_its_control_are_an_error():
    with pytest.raises(UserError, match=r"no carrier sentence was synthesised together with its control"):
        CarrierSentences.of_set([row("carrier", 1), row("control", 2)])


def test_a_base_that_misses_the_word_alone_has_all_of_the_rest():
    found, decoded = check(without_the_word, "carrier", "control")
    assert (found.recall, found.shares) == (0, {"control": 1, "round_trip": 1})
    assert decoded == ["translate", "transcribe", "translate"]
    assert found.examples["round_trip"][0] == ("我们去了柏林墙", "我们去了白林强")
    assert found.examples["control"][0] == ("我们去了故宫", "We went to Cambridge.")


def test_a_base_that_writes_anything_has_nothing():
    found, _ = check(lambda row, task: "啊啊啊啊啊啊啊" if task.text_language == "zh" else "Ah.", "carrier", "control")
    assert (found.recall, found.shares) == (0, {"control": 0, "round_trip": 0})


def test_errors_in_the_word_do_not_count_in_the_round_trip():
    found, _ = check(without_the_word, "carrier", kind="transcribe", errors=0.0)
    assert found.shares == {"round_trip": 1}


def test_transcripts_decide_where_there_is_no_control():
    found, _ = check(lambda row, task: row["zh"] if "去" in row["zh"] else "", "carrier", kind="transcribe")
    assert (found.recall, found.shares) == (0.5, {"round_trip": 0.5})
    assert found.examples["round_trip"][0].hypothesis == ""  # what does not pass is shown first


def test_a_transcription_is_decoded_once():
    assert check(without_the_word, "carrier", kind="transcribe")[1] == ["transcribe"]


def test_without_a_limit_of_errors_nothing_is_transcribed():
    found, decoded = check(without_the_word, "carrier", "control", errors=None)
    assert found.shares == {"control": 1} and decoded == ["translate", "translate"]


def test_what_does_not_fit_the_input_window_is_not_recognised():
    found, _ = check(without_the_word, "carrier", kind="transcribe", seconds=9.0)
    assert found.shares == {"round_trip": 0.5}
    assert found.examples["round_trip"][0].hypothesis == "(longer than the base model's input window)"


def test_traditional_characters_are_no_fault_of_the_speech():
    def traditional(row, task):
        return {"我们去了故宫": "我們去了故宮", "他看到故宫了": "他看到故宮了"}.get(row["zh"], "我們去了柏林牆")

    found, _ = check(traditional, "carrier", "control", kind="transcribe")
    assert (found.recall, found.shares["control"]) == (0, 1)  # the word itself is counted by the rules of scoring
    found, _ = check(traditional, "carrier", "control", kind="transcribe", script="simplified")
    assert found.recall == 1
