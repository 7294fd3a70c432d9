import numpy as np
import pandas as pd
import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.score import score_model

WORDS = {"w1": {"en": ("Goethe",), "zh": ("歌德",)}, "w2": {"en": ("Voltaire",)}}
TEXTS = [
    # set, task, language, word_id, reference, hypothesis
    ("w1", "translate", "en", "w1", "Goethe was born in Frankfurt.", "Goethe was born in Frankfurt."),
    ("w1", "translate", "en", "w1", "She reads Goethe every night.", "She reads Voltaire every night."),
    ("w1", "transcribe", "zh", "w1", "歌德生于法兰克福。", "歌德生于法兰克福"),
    ("w1", "transcribe", "zh", "w1", "她每晚读歌德。", "她每晚读哥德。"),
    ("general", "translate", "en", "", "The weather is fine today.", "The weather is fine, Goethe."),
    ("general", "translate", "en", "", "We went home very late.", ""),
    ("english", "transcribe", "en", "", "It is late.", "it is late"),
]


@pytest.fixture
def hypotheses():
    table = pd.DataFrame(TEXTS, columns=["set", "task", "language", "word_id", "reference", "hypothesis"])
    return table.assign(id=[f"u{i}" for i in range(len(table))])


def worse(table, word="xxx"):
    return table.assign(hypothesis=word)


def test_the_table_holds_every_metric_of_every_set(hypotheses):
    table = score_model(hypotheses, {"raw": hypotheses}, WORDS, seed=1)
    assert list(table.columns) == ["set", "task", "metric", "value", "low", "high", "n", "signature", "p_raw"]
    assert list(table[["set", "task", "metric"]].itertuples(index=False, name=None)) == [
        ("english", "transcribe", "cer"),
        ("english", "transcribe", "false_alarms:w1"),
        ("english", "transcribe", "false_alarms:w2"),
        ("english", "transcribe", "wer"),
        ("general", "translate", "bleu"),
        ("general", "translate", "chrf"),
        ("general", "translate", "false_alarms:w1"),
        ("general", "translate", "false_alarms:w2"),
        ("w1", "transcribe", "cer"),
        ("w1", "transcribe", "precision:w1"),
        ("w1", "transcribe", "recall:w1"),
        ("w1", "translate", "bleu"),
        ("w1", "translate", "chrf"),
        ("w1", "translate", "false_alarms:w2"),
        ("w1", "translate", "precision:w1"),
        ("w1", "translate", "recall:w1"),
    ]


def test_values_counted_by_hand(hypotheses):
    table = score_model(hypotheses, {}, WORDS, seed=1).set_index(["set", "task", "metric"])
    expected = {
        ("w1", "translate", "recall:w1"): (50, 2),
        ("w1", "translate", "precision:w1"): (100, 1),
        ("w1", "translate", "false_alarms:w2"): (50, 2),
        ("w1", "transcribe", "recall:w1"): (50, 2),
        ("w1", "transcribe", "cer"): (100 / 14, 2),
        ("general", "translate", "false_alarms:w1"): (50, 2),
        ("english", "transcribe", "wer"): (0, 1),
    }
    for key, (value, n) in expected.items():
        assert (table["value"][key], table["n"][key]) == (pytest.approx(value), n), key


def test_a_set_of_several_words_has_the_metrics_of_each(hypotheses):
    mixed = hypotheses[:2].assign(word_id=["w1", "w2"])
    metrics = score_model(mixed, {}, WORDS, seed=1)["metric"].tolist()
    assert metrics == ["bleu", "chrf", "precision:w1", "precision:w2", "recall:w1", "recall:w2"]


def test_p_values_are_missing_where_the_baseline_is(hypotheses):
    raw = hypotheses[hypotheses["set"] != "general"]
    table = score_model(hypotheses, {"raw": raw, "ft": worse(hypotheses)}, WORDS, seed=1)
    assert list(table.columns[-2:]) == ["p_raw", "p_ft"]
    assert table.loc[table["set"] == "general", "p_raw"].isna().all()
    assert (table.loc[table["set"] != "general", "p_raw"] == 1).all()
    # The word is in no hypothesis of ft, so its precision is undefined; all other metrics have a p-value.
    undefined = table["metric"].str.startswith("precision")
    assert (table["p_ft"].isna() == undefined).all()


def test_better_than_one_baseline_only(hypotheses):
    many = pd.concat([hypotheses[:2].assign(id=lambda t, i=i: t["id"] + f"-{i}") for i in range(20)])
    table = score_model(many, {"raw": worse(many), "ft": many}, WORDS, seed=1).set_index("metric")
    assert table["p_raw"]["bleu"] < 0.05 < table["p_ft"]["bleu"]


def test_the_order_of_rows_does_not_matter(hypotheses):
    many = pd.concat([hypotheses.assign(id=lambda t, i=i: t["id"] + f"-{i}") for i in range(5)])
    baseline = many.assign(hypothesis=many["hypothesis"].where(np.arange(len(many)) % 3 > 0, "x"))
    shuffled, rearranged = many.sample(frac=1, random_state=1), baseline.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(
        score_model(many, {"raw": baseline}, WORDS, seed=1), score_model(shuffled, {"raw": rearranged}, WORDS, seed=1)
    )


def test_undefined_values_are_nan(hypotheses):
    table = score_model(worse(hypotheses), {}, WORDS, seed=1).set_index(["set", "task", "metric"])
    assert table.loc[("w1", "translate", "precision:w1"), ["value", "low", "high"]].isna().all()
    assert table["value"].dtype == float


def test_recordings_of_a_sentence_count_as_one(hypotheses):
    hypotheses = hypotheses[hypotheses["task"] == "transcribe"]  # BLEU smooths counts of small sets
    takes = pd.concat([hypotheses, hypotheses.assign(id=hypotheses["id"] + "--take2")])
    single, several = (score_model(table, {"b": worse(table)}, {}, seed=1) for table in (hypotheses, takes))
    pd.testing.assert_frame_equal(single, several)


def test_nothing_to_score_gives_an_empty_table(hypotheses):
    table = score_model(hypotheses[:0], {"raw": hypotheses}, WORDS, seed=1)
    assert table.empty
    assert "p_raw" in table.columns


def set_text(table, row, column, text):
    changed = table.copy()
    changed.loc[row, column] = text
    return changed


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(index=1), r"'w1' \(translate\): utterance 'u1' is missing from the hypotheses"),
        (lambda t: pd.concat([t, t[4:5]]), r"'general' \(translate\).*'u4' occurs more than once"),
        (lambda t: set_text(t, 5, "hypothesis", None), r"'general' \(translate\).*'u5' has no hypothesis"),
        (lambda t: set_text(t, 3, "reference", np.nan), r"'w1' \(transcribe\).*'u3' has no reference"),
        (lambda t: set_text(t, 0, "reference", "Schiller"), r"'w1' \(translate\).*'u0' has another reference"),
        (lambda t: set_text(t, 0, "language", "de"), r"'w1' \(translate\).*one language, got de, en"),
    ],
)
def test_mistakes_in_the_hypotheses_name_set_and_utterance(hypotheses, spoil, message):
    with pytest.raises(UserError, match=message):
        score_model(spoil(hypotheses), {"raw": hypotheses}, WORDS, seed=1)


def test_mistakes_in_a_baseline_name_it(hypotheses):
    with pytest.raises(UserError, match="'u1' is missing from baseline 'raw'"):
        score_model(hypotheses, {"raw": hypotheses.drop(index=1)}, WORDS, seed=1)
    with pytest.raises(UserError, match="of baseline 'raw': utterance 'u4' occurs more than once"):
        score_model(hypotheses, {"raw": pd.concat([hypotheses, hypotheses[4:5]])}, WORDS, seed=1)
