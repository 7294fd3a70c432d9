"""The computed paragraph on made-up numbers: which system is for which need, and where the vector loses."""

import pandas as pd
import pytest

from tauspeech.experiments.rare_words.baselines_report import described_settings, verdicts
from tauspeech.experiments.rare_words.baselines_table import of_words
from tauspeech.scoring.rules import DEFAULT_RULES

COLUMNS = ["words", "system", "F1", "general", "false_alarms", "seconds_a_word", "megabytes_a_word"]
FOUR = [
    (4, "Raw", 20.0, 40.0, 0.0, None, None),
    (4, "FT", 95.0, 22.0, 9.0, 300.0, 36.0),
    (4, "TA", 80.0, 38.0, 1.0, 400.0, 12.0),
    (4, "Prompt", 15.0, 39.9, 0.0, 0.0, 0.0),
    (4, "Bias", 60.0, 39.5, 2.0, 10.0, 0.0),
    (4, "LoRA", 90.0, 30.0, 4.0, 200.0, 0.5),
]


def paragraph(*rows, metric="bleu"):
    return verdicts(pd.DataFrame(rows, columns=COLUMNS), metric)


def changed(system, **values):
    """The rows with other numbers of one system."""
    return [
        tuple((dict(zip(COLUMNS, row, strict=True)) | values).values()) if row[1] == system else row for row in FOUR
    ]


def test_each_need_has_its_system():
    found = paragraph(*FOUR)
    assert "With 4 words, highest F1: FT (95.00)." in found
    assert "Highest F1 of those that lose at most 1 point of the general score: Bias (60.00)." in found
    # The prompt costs nothing, and its F1 is below the base's.
    assert "least time to add a word: Bias (10.00 s); smallest: Bias (0.00 MB)." in found


def test_where_the_vector_loses_is_written_with_the_numbers():
    found = paragraph(*FOUR)
    assert "Where the vector (TA) loses: F1 (80.00), to FT (95.00) and LoRA (90.00); " in found
    assert "general score (38.00), to Prompt (39.90) and Bias (39.50); " in found
    assert "false alarms (1.00 %), to Prompt (0.00 %); " in found
    costs = "FT (300.00 s), Prompt (0.00 s), Bias (10.00 s) and LoRA (200.00 s); "
    assert f"time to add a word (400.00 s), to {costs}" in found
    assert found.endswith("size of a word (12.00 MB), to Prompt (0.00 MB), Bias (0.00 MB) and LoRA (0.50 MB).")


def test_a_loss_of_exactly_a_point_is_granted():
    assert "general score: Bias (60.00)" in paragraph(*changed("Bias", general=39.0))
    assert "general score: none." in paragraph(*changed("Bias", general=38.99))


def test_costs_that_are_not_known_are_not_compared():
    """A fine-tune of the user's has no time."""
    found = paragraph(*changed("Bias", seconds_a_word=float("nan")))
    assert "least time to add a word: LoRA (200.00 s); " in found
    only = [row for row in changed("FT", seconds_a_word=float("nan")) if row[1] in ("Raw", "FT")]
    assert "least time to add a word: not known; smallest: FT (36.00 MB)." in paragraph(*only)


@pytest.mark.parametrize("metric", ["wer", "cer"])
def test_of_error_rates_less_is_better(metric):
    """FT's 22 is 18 points better than the base here."""
    found = paragraph(*FOUR, metric=metric)
    assert "at most 1 point of the general score: FT (95.00)." in found
    assert "general score (38.00), to FT (22.00) and LoRA (30.00)" in found


def test_systems_that_are_equally_good_are_all_named():
    assert "highest F1: FT and LoRA (95.00)" in paragraph(*changed("LoRA", F1=95.0))


def test_a_vector_that_loses_nowhere():
    assert paragraph(FOUR[0], FOUR[2]).endswith("Where the vector (TA) loses: nowhere.")


def test_no_system_above_the_base():
    found = paragraph(*((1, *row[1:]) for row in changed("Raw", F1=99.0)))
    assert found == "With 1 word, no system has a higher F1 than the base (99.00)."


def test_every_number_of_words_and_named_subset_has_its_sentences():
    found = paragraph(*FOUR, *((2, *row[1:]) for row in FOUR), *(("pair", *row[1:]) for row in FOUR))
    assert [found.count(f"With {label}, highest") for label in ("4 words", "2 words", "the words of pair")] == [1, 1, 1]


def test_without_a_vector_nothing_is_written_about_it():
    assert "vector" not in paragraph(*(row for row in FOUR if row[1] != "TA"))


def test_errors_of_a_transcription_are_those_of_the_words_and_of_the_others():
    texts = {
        ("m", "wall"): (["the Berlin Wall is long", "a Berlin Wall"], ["the building wall is long", "a Berlin wall"]),
        ("m", "general"): (["no word", "none"], ["no word", "a Berlin wall"]),
    }
    row = {"sets": ["wall"], "scores": ["m"], "general": "m"}
    settings = {"words": {"wall": ["Berlin Wall"]}, "language": "en", "task": "transcribe", "general": "general"}
    found = of_words(row, settings, texts, DEFAULT_RULES)
    assert found["recall"] == 50 and found["false_alarms"] == 50
    assert (found["B-WER"], found["U-WER"]) == (25, 0)  # one of four words, none of four others
    assert "B-WER" not in of_words(row, settings | {"task": "translate"}, texts, DEFAULT_RULES)


def test_the_settings_are_those_of_the_systems_that_are_switched_on():
    keys = {"distractors": 50, "strengths": [8, 2], "tolerance": 0, "lora_learning_rate": 0.001}
    found = described_settings(keys | {"systems": ["prompt", "vector_bias", "lora"]})
    assert found == (
        "Prompt, LoRA, TA + bias; 50 distractors; strength: the best of 2 and 8 on validation; learning rate of the adapter 0.001"
    )
    assert described_settings(keys | {"systems": ["lora"]}) == "LoRA; learning rate of the adapter 0.001"
    granted = described_settings(keys | {"systems": ["bias"], "tolerance": 0.5})
    assert granted.endswith("the smallest of 2 and 8 that loses at most 0.5 points of the best score on validation")
