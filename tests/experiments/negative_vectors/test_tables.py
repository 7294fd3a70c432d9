"""The choice of a weight, and the tables of the subtraction, on made-up numbers."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.experiments.negative_vectors.tables import chosen_weight, phrases_table, subtraction_table

POINTS = [(-1, 9.0, 80.0), (0, 10.0, 60.0), (0.5, 10.2, 20.0), (1, 10.5, 20.0), (2, 12.0, 0.0)]
NUMBERS = st.floats(0, 100)


@pytest.mark.parametrize(("most_loss", "weight"), [(0, 0), (0.2, 0.5), (0.5, 0.5), (2, 2), (1.9, 0.5)])
def test_the_fewest_words_within_the_limit_are_chosen_and_of_equal_ones_the_smallest_weight(most_loss, weight):
    assert chosen_weight(POINTS, most_loss) == weight


@given(st.lists(st.tuples(st.floats(0.1, 5), NUMBERS, NUMBERS)), NUMBERS, NUMBERS, st.floats(0, 5))
def test_the_choice_never_writes_more_than_the_base_and_never_costs_more_than_the_limit(
    others, error, words, most_loss
):
    points = [(0.0, error, words), *others]
    weight = chosen_weight(points, most_loss)
    assert any(each[0] == weight and each[1] <= error + most_loss and each[2] <= words for each in points)


def scores(error, words):
    rows = [("speech", "wer", error), ("room", "any_text", 50), ("room", "words_per_minute", words)]
    rows = [
        (*row, row[2] - 1, row[2] + 1) for row in [*rows, ("noise", "any_text", 0), ("noise", "words_per_minute", 0)]
    ]
    return pd.DataFrame(rows, columns=["set", "metric", "value", "low", "high"])


def test_a_row_has_the_validation_scores_the_choice_and_the_test_scores():
    weights = (-1.0, 0.0, 0.5)
    rows = [{"weight": each, "scores": {"validation": [f"v{each}"], "test": [f"t{each}"]}} for each in weights]
    settings = {"rows": rows, "sounds": ["room", "noise"], "metrics": ["wer", "words_per_minute"], "most_loss": 1}
    settings["alarms"] = False
    found = {f"v{each}": scores(10 + each, 8 - each) for each in weights}
    found |= {f"t{each}": scores(20 + each, 18 - each) for each in weights}
    table, detail = subtraction_table(settings, found)
    assert table["chosen"].tolist() == [0, 0, 1]
    last = table.iloc[-1]
    assert last["validation WER"] == 10.5
    assert last["validation words per minute"] == 3.75  # the mean of 7.5 in a room and of 0 in noise
    assert (last["WER"], last["WER_low"], last["WER_high"]) == (20.5, 19.5, 21.5)
    assert (last["room: any text"], last["room: words per minute"], last["noise: any text"]) == (50, 17.5, 0)
    assert len(detail) == 2 * 3 * 5 and set(detail["split"]) == {"validation", "test"}


def test_false_alarms_of_a_phrase_have_their_columns():
    found = pd.concat(
        [scores(1, 2), scores(1, 2).replace("any_text", "false_alarms").query("metric == 'false_alarms'")]
    )
    settings = {"rows": [{"weight": 0.0, "scores": {"validation": ["v"], "test": ["t"]}}], "sounds": ["room", "noise"]}
    settings |= {"metrics": ["wer", "words_per_minute"], "most_loss": 1, "alarms": True}
    table, _ = subtraction_table(settings, {"v": found, "t": found})
    assert table.loc[0, ["room: false alarms", "room: false alarms_low", "noise: false alarms"]].tolist() == [50, 49, 0]


def test_texts_are_counted_by_sound():
    rows = [{"voice": "room", "en": text} for text in ("you", "you", "Thank you.", "you")]
    table = phrases_table([*rows, {"voice": "noise", "en": "Bang"}], "en")
    assert table.values.tolist() == [
        ["room", "you", 3, 75.0],
        ["room", "Thank you.", 1, 25.0],
        ["noise", "Bang", 1, 100.0],
    ]
