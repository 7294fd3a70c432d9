"""Tables of the experiment lors: what its searches found, and normalised performance."""

import pandas as pd
import pytest

from tauspeech.experiments.lors.normalised import normalised
from tauspeech.experiments.lors.tables import pruning_curve_table, rates_table, ratios_table


def test_rates_that_were_tried_and_the_chosen_one():
    tried = [{"learning_rate": 3e-4, "score": 94.127}, {"learning_rate": 1e-3, "score": 90.0}]
    table = rates_table({"high--asr": "ca--asr"}, {"ca--asr": {"steps": 9, "learning_rate": 3e-4, "tried": tried}})
    assert list(table.itertuples(index=False, name=None)) == [
        ("high--asr", "ca--asr", "0.0003", 94.13, 1),
        ("high--asr", "ca--asr", "0.001", 90.0, 0),
    ]


def test_losses_are_shown_with_what_tells_them_apart():
    tried = [{"learning_rate": rate, "score": score} for rate, score in ((1e-4, -0.12341), (1e-3, -0.12412))]
    table = rates_table({"high--asr": "ca--asr"}, {"ca--asr": {"learning_rate": 1e-4, "tried": tried}})
    assert list(table["value"]) == [-0.1234, -0.1241]


def means(*rows):
    return pd.DataFrame(rows, columns=["table", "system", "WER", "BLEU"])


def test_the_pretrained_model_is_0_the_fine_tuned_ones_100_and_others_lie_on_the_way():
    rows = [("Pretrained", 20.0, 70.0), ("Finetuned", 10.0, 90.0), ("Better", 8.0, 85.0), ("Worse", 21.0, 70.0)]
    table = normalised(means(*(("table4", *row) for row in rows))).set_index("system")
    assert list(table.loc["Pretrained"][["WER", "BLEU", "mean"]]) == [0, 0, 0]
    assert list(table.loc["Finetuned"][["WER", "BLEU", "mean"]]) == [100, 100, 100]
    assert list(table.loc["Better"][["WER", "BLEU", "mean"]]) == [120, 75, 97.5]
    assert list(table.loc["Worse"][["WER", "BLEU", "mean"]]) == [-10, 0, -5]


def test_each_table_has_its_own_ends_and_no_metric_that_it_lacks():
    nan = float("nan")
    rows = [("table1", "Pretrained", 20.0, nan), ("table1", "Finetuned", 10.0, nan), ("table1", "Merged", 15.0, nan),
            ("table2", "Pretrained", nan, 70.0), ("table2", "Finetuned", nan, 90.0), ("table2", "Merged", nan, 75.0)]  # fmt: skip
    table = normalised(means(*rows))
    merged = table[table["system"] == "Merged"].set_index("table")
    assert merged.loc["table1", ["WER", "mean"]].tolist() == [50, 50] and pd.isna(merged.loc["table1", "BLEU"])
    assert merged.loc["table2", ["BLEU", "mean"]].tolist() == [25, 25] and pd.isna(merged.loc["table2", "WER"])


@pytest.mark.parametrize("finetuned", [20.0, 25.0])
def test_without_a_gain_of_fine_tuning_there_is_no_percentage(finetuned):
    rows = [
        ("table1", "Pretrained", 20.0, 70.0),
        ("table1", "Finetuned", finetuned, 80.0),
        ("table1", "Merged", 15.0, 75.0),
    ]
    table = normalised(means(*rows))
    assert table["WER"].isna().all() and list(table["BLEU"]) == [0, 100, 50]
    assert table["mean"].isna().all()  # BLEU alone would be no mean of both


def test_error_rates_of_every_unit_are_normalised():
    """Groups of languages with and without spaces have columns of their own."""
    nan = float("nan")
    rows = [("table1", "Pretrained", 20.0, nan), ("table1", "Finetuned", 10.0, nan), ("table1", "Merged", 12.0, nan),
            ("table7", "Pretrained", nan, 40.0), ("table7", "Finetuned", nan, 20.0), ("table7", "Merged", nan, 50.0)]  # fmt: skip
    table = normalised(pd.DataFrame(rows, columns=["table", "system", "WER", "CER"]))
    merged = table[table["system"] == "Merged"]
    assert list(table.columns) == ["table", "system", "WER", "CER", "mean"]
    assert list(merged["mean"]) == [80, -50] and merged["CER"].iat[1] == -50


def test_chosen_ratios_are_percent():
    chosen = {"svd": {"rank": 0.02}, "magnitude": {"keep": 0.6}, "lors": {"rank": 0.05, "keep": 0.1}}
    table = ratios_table({"ca--asr--pruning": "ca--asr"}, {"ca--asr--pruning": {"points": [], "chosen": chosen}})
    assert table.to_dict("records") == [
        {"vector": "ca--asr", "SVP r": 2.0, "MP p": 60.0, "LoRS r": 5.0, "LoRS p": 10.0}
    ]


def test_a_curve_is_the_mean_over_the_languages_of_each_size():
    def found(score):
        points = [("svd", 0.2, 0.0, score), ("magnitude", 0.0, 0.2, score + 1), ("svd", 1, 0.0, score + 2)]
        return {"points": [dict(zip(("method", "rank", "keep", "score"), point, strict=True)) for point in points]}

    hours = {"ca": 5.0, "de": 5.0, "ca--of20": 1.0}
    table = pruning_curve_table(hours, {"ca": found(10.0), "de": found(20.0), "ca--of20": found(40.0)})
    assert list(table.itertuples(index=False, name=None)) == [
        ("magnitude", 1.0, 0.2, 41.0),
        ("magnitude", 5.0, 0.2, 16.0),
        ("svd", 1.0, 0.2, 40.0),
        ("svd", 1.0, 1.0, 42.0),
        ("svd", 5.0, 0.2, 15.0),
        ("svd", 5.0, 1.0, 17.0),
    ]
