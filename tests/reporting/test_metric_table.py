"""Tables with a row for each metric."""

import numpy as np
import pandas as pd
import pytest

from tauspeech.reporting.metric_table import metric_table
from tauspeech.runtime.errors import UserError


def scores(**values):
    rows = [
        {
            "set": "s",
            "task": "transcribe",
            "metric": metric,
            "value": value,
            "low": value - 1,
            "high": value + 1,
            "n": 9,
        }
        for metric, value in values.items()
    ]
    return pd.DataFrame(rows)


def settings(**cells):
    rows = [{"names": {"test": "calls"}, "metrics": [["b_wer", "B-WER"], ["keyword_f1", "F1"]], "cells": cells}]
    return {"names": ["test", "metric"], "columns": list(cells), "rows": rows}


def cell(model):
    return [model, "s", "transcribe", "en"]


def test_a_row_for_each_metric_and_means_over_models():
    found = {"a": scores(b_wer=10.0, keyword_f1=50.0), "b": scores(b_wer=20.0, keyword_f1=np.nan)}
    table, details = metric_table(settings(Raw=[cell("a")], TA=[cell("a"), cell("b")], None_=[cell("b")]), found)
    assert table[["test", "metric"]].values.tolist() == [["calls", "B-WER"], ["calls", "F1"]]
    assert table[["Raw", "TA"]].values.tolist() == [[10, 15], [50, 50]]
    assert table["None_"].tolist()[0] == 20 and np.isnan(table["None_"].tolist()[1])  # no word in any text
    assert table[["Raw_low", "Raw_high"]].values.tolist() == [[9, 11], [49, 51]]
    assert "TA_low" not in table
    assert details[["model", "column", "metric", "value"]].head(3).values.tolist() == [
        ["a", "Raw", "b_wer", 10],
        ["a", "TA", "b_wer", 10],
        ["b", "TA", "b_wer", 20],
    ]


def test_a_metric_that_is_not_scored_is_named():
    with pytest.raises(UserError, match=r"scores of 'a' have no keyword_f1 for transcribe on 's'"):
        metric_table(settings(Raw=[cell("a")]), {"a": scores(b_wer=10.0)})
