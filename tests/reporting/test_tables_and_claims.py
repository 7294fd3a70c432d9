"""Tables put the right scores into cells, and claims say what tables show."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from tauspeech.errors import UserError
from tauspeech.reporting.claims import claims
from tauspeech.reporting.tables import markdown, overlap_table, rarity_table, score_table, weights_table


def scores(**bleu: float) -> pd.DataFrame:
    rows = [
        {"set": set_id, "task": "translate", "metric": metric, "value": value, "low": value - 1, "high": value + 1}
        for set_id, value in bleu.items()
        for metric in ("bleu", "chrf")
    ]
    return pd.DataFrame(rows)


def test_a_cell_is_the_mean_of_its_models_on_their_sets():
    settings = {
        "first": "word_id",
        "task": "translate",
        "language": "en",
        "columns": ["TA"],
        "rows": [
            {"label": "a", "cells": {"TA": [["a--ta", "a"]]}},
            {"label": "General", "cells": {"TA": [["a--ta", "general"], ["b--ta", "general"]]}},
        ],
    }
    table, detail = score_table(settings, {"a--ta": scores(a=50, general=80), "b--ta": scores(general=60)})
    assert table["TA"].tolist() == [50, 70]
    assert table.loc[0, ["TA_low", "TA_high"]].tolist() == [49, 51]
    assert table.loc[1, ["TA_low", "TA_high"]].isna().all()
    assert len(detail) == 6 and set(detail["metric"]) == {"bleu", "chrf"}
    with pytest.raises(UserError, match="scores of 'a--ta' have no bleu for translate on 'c'"):
        score_table(settings | {"rows": [{"label": "c", "cells": {"TA": [["a--ta", "c"]]}}]}, {"a--ta": scores(a=1)})


def test_words_in_sets_of_others_are_counted():
    words = {"goethe": {"zh": ["歌德"], "en": ["Goethe"]}}
    texts = {
        "goethe": pd.DataFrame({"zh": ["歌德"], "en": ["Goethe"]}),
        "general": pd.DataFrame({"zh": ["歌德很有名", "你好"], "en": ["He is famous.", "Hello."]}),
        "other": pd.DataFrame({"zh": ["你好"], "en": ["Hello."]}),
    }
    assert overlap_table(words, texts).to_dict("records") == [{"word_id": "goethe", "set": "general", "sentences": 1}]


def test_rarity_and_weights_are_told_as_they_were_found():
    check = {"carriers": 20, "recall": 0.05, "control": None, "known": False, "heard": ["x"]}
    (row,) = rarity_table([{"word_id": "a", "word": "A"}], {"a": check}).to_dict("records")
    assert (row["recall"], row["rare"]) == (5.0, "yes")
    curve = [{"weight": 0.1, "score": 10.0}, {"weight": 0.2, "score": 30.0}]
    table = weights_table({"first2--ties": {"weight": 0.2, "curve": curve}})
    assert table["chosen"].tolist() == [0, 1] and table.loc[0, ["merge", "method"]].tolist() == ["first2", "ties"]


def test_markdown_hides_intervals_and_escapes_bars():
    shown = markdown(pd.DataFrame({"word_id": ["a|b"], "TA": [1.5], "TA_low": [1.0], "FT": [None]}))
    assert shown == "| word_id | TA | FT |\n| --- | ---: | --- |\n| a\\|b | 1.50 | – |\n"


def tables(raw: float, ft: float, ta: float, errors: tuple[float, float, float], general_ta: float) -> dict:
    word = {"word_id": "a", "Raw": raw, "FT": ft, "Average": ta, "TA": ta, "TIES": ta, "DARE": ta}
    general = word | {"word_id": "General", "Raw": 90.0, "FT": 60.0, "TA": general_ta}
    point = {"words": 2, "Average": 50.0, "TA": 51.0, "TIES": 52.0, "DARE": 51.5}
    return {
        "rarity": pd.DataFrame({"word_id": ["a"], "recall": [0.0], "rare": ["yes"]}),
        "table2": pd.DataFrame([word, general]),
        "table3": pd.DataFrame([{"word_id": "a", "Raw": errors[0], "FT": errors[1], "TA": errors[2]}]),
        "fig2": pd.DataFrame([point]),
    }


def test_claims_hold_where_the_tables_say_so():
    held = claims(tables(50, 90, 89, (10, 120, 20), 85), "translate", "transcribe")
    assert [claim.holds for claim in held] == [True] * 6


def test_claims_fail_where_the_tables_say_so():
    failed = claims(tables(50, 60, 50, (10, 120, 100), 55), "translate", "transcribe")
    assert [claim.holds for claim in failed] == [True, False, False, False, False, True]
    nothing = claims(tables(50, 90, 89, (10, 12, 11), 85), "translate", "transcribe")
    assert not nothing[4].holds and "nothing to show" in nothing[4].detail


def test_of_an_error_rate_less_is_more():
    held = claims(tables(60, 20, 21, (0, 0, 0), 70) | {}, "transcribe", None)
    assert held[1].holds and held[2].holds
    assert not held[3].holds  # general TA 70 > FT 60: more errors


def test_the_smallest_weight_near_the_best_is_chosen():
    script = Path(__file__).resolve().parents[2] / "workflow/scripts/choose_weight.py"
    module = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("choose_weight", script))
    spec.loader.exec_module(module)
    curve = {0.1: 50.0, 0.2: 79.5, 0.3: 80.5, 0.4: 81.0, 0.5: 70.0}
    assert module.choose(curve, 2.0) == 0.2
    assert module.choose(curve, 0.0) == 0.4
